#include "dataplane/links.h"

namespace weft::dataplane {

Links::Names Links::read(const std::vector<kernel::Link>& links) {
  Names touched;
  std::set<int> there;
  for (const auto& link : links) there.insert(link.index);
  for (auto it = by_index_.begin(); it != by_index_.end();) {
    const int index = (it++)->first;
    if (!there.contains(index)) touched.merge(drop(index));
  }
  for (const auto& link : links) touched.merge(put(link));
  return touched;
}

Links::Names Links::put(const kernel::Link& link) {
  Names touched;
  const auto it = by_index_.find(link.index);
  if (it != by_index_.end()) {
    if (it->second == link) return {};
    if (it->second.name != link.name) touched = drop(link.index);  // renamed
  }
  by_index_.insert_or_assign(link.index, link);
  by_name_.insert_or_assign(link.name, link.index);
  touched.insert(link.name);
  return touched;
}

Links::Names Links::drop(int index) {
  const auto it = by_index_.find(index);
  if (it == by_index_.end()) return {};
  const std::string name = it->second.name;
  by_index_.erase(it);
  const auto named = by_name_.find(name);
  if (named != by_name_.end() && named->second == index) by_name_.erase(named);
  return {name};
}

const kernel::Link* Links::find(const std::string& name) const {
  const auto it = by_name_.find(name);
  return it == by_name_.end() ? nullptr : find(it->second);
}

const kernel::Link* Links::find(int index) const {
  const auto it = by_index_.find(index);
  return it == by_index_.end() ? nullptr : &it->second;
}

}  // namespace weft::dataplane
