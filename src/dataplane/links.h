#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kernel/link.h"

namespace weft::dataplane {

/// The interfaces of this network namespace as last seen. What changed is told by name, since endpoints name their
/// interface; a name that moves to another index (removed and made again) is a change too.
class Links {
 public:
  using Names = std::set<std::string>;

  /// All there are. @return names that appeared, changed or went
  Names read(const std::vector<kernel::Link>& links);
  Names put(const kernel::Link& link);
  Names drop(int index);

  const kernel::Link* find(const std::string& name) const;
  const kernel::Link* find(int index) const;
  const std::map<int, kernel::Link>& all() const { return by_index_; }

 private:
  std::map<int, kernel::Link> by_index_;
  std::map<std::string, int> by_name_;
};

}  // namespace weft::dataplane
