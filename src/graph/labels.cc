#include "graph/labels.h"

#include <algorithm>
#include <functional>

namespace weft::graph {
namespace {

std::size_t mix(std::size_t seed, std::size_t value) {
  return seed ^ (value + 0x9e3779b97f4a7c15u + (seed << 6) + (seed >> 2));
}

template <class T>
void erase_unordered(std::vector<T>& list, std::size_t at) {
  list[at] = list.back();
  list.pop_back();
}

/// Removes the element of an unordered multimap that lies at this address.
template <class Map, class T>
void erase_owned(Map& map, std::size_t hash, const T* owned) {
  const auto [first, last] = map.equal_range(hash);
  map.erase(std::find_if(first, last, [&](const auto& entry) { return entry.second.get() == owned; }));
}

}  // namespace

Symbols::Symbol Symbols::acquire(std::string_view text) {
  auto it = entries_.find(text);
  if (it == entries_.end()) it = entries_.insert(Entry{std::string(text)}).first;
  ++it->uses;
  return &*it;
}

void Symbols::release(Symbol symbol) {
  if (--symbol->uses == 0) entries_.erase(entries_.find(std::string_view(symbol->text)));
}

Symbols::Symbol Symbols::find(std::string_view text) const {
  const auto it = entries_.find(text);
  return it == entries_.end() ? nullptr : &*it;
}

LabelIndex::LabelIndex(Listener& listener) : listener_(listener) {}
LabelIndex::~LabelIndex() = default;

// Bags.

const LabelIndex::Symbol* LabelIndex::Bag::find(std::string_view name) const {
  const auto it =
      std::ranges::lower_bound(labels, name, {}, [](const Label& label) { return std::string_view(label.name->text); });
  return it != labels.end() && it->name->text == name ? &it->value : nullptr;
}

void LabelIndex::post(Bag& bag, const api::Labels& labels) {
  bag.labels.reserve(labels.size());
  for (const auto& [name, value] : labels) {
    Label label{symbols_.acquire(name), symbols_.acquire(value), 0};
    auto& list = postings_[label.name][label.value];
    label.at = static_cast<std::uint32_t>(list.size());
    list.push_back({&bag, static_cast<std::uint32_t>(bag.labels.size())});
    bag.labels.push_back(label);
  }
}

void LabelIndex::unpost(Bag& bag) {
  for (const auto& [name, value, at] : bag.labels) {
    auto& values = postings_.at(name);
    auto& list = values.at(value);
    erase_unordered(list, at);
    if (at < list.size()) list[at].bag->labels[list[at].label].at = at;
    if (list.empty()) values.erase(value);
    if (values.empty()) postings_.erase(name);
    symbols_.release(name);
    symbols_.release(value);
  }
  bag.labels.clear();
}

LabelIndex::Bag& LabelIndex::own_bag(const api::Labels& labels) {
  std::size_t hash = labels.size();
  for (const auto& [name, value] : labels)
    hash = mix(mix(hash, std::hash<std::string>()(name)), std::hash<std::string>()(value));
  const auto same = [](const Label& mine, const auto& theirs) {
    return mine.name->text == theirs.first && mine.value->text == theirs.second;
  };
  const auto [first, last] = own_bags_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    if (std::ranges::equal(it->second->labels, labels, same)) return *it->second;
  }
  Bag& bag = *own_bags_.emplace(hash, std::make_unique<Bag>())->second;
  bag.hash = hash;
  post(bag, labels);
  return bag;
}

LabelIndex::Bag& LabelIndex::profile_bag(const std::string& name) {
  if (const Symbol known = symbols_.find(name)) {
    if (const auto it = profile_bags_.find(known); it != profile_bags_.end()) return *it->second;
  }
  const Symbol symbol = symbols_.acquire(name);
  auto& bag = profile_bags_[symbol] = std::make_unique<Bag>();
  bag->profile = symbol;
  return *bag;
}

/// A bag that no group sees goes, but for a profile that has labels.
void LabelIndex::release(Bag& bag) {
  if (!bag.groups.empty()) return;
  if (const Symbol profile = bag.profile) {
    if (!bag.labels.empty()) return;
    profile_bags_.erase(profile);
    symbols_.release(profile);
  } else {
    unpost(bag);
    erase_owned(own_bags_, bag.hash, &bag);
  }
}

void LabelIndex::put_profile(const std::string& name, const api::Labels& labels) {
  Bag& bag = profile_bag(name);
  const auto same = [](const Label& mine, const auto& theirs) {
    return mine.name->text == theirs.first && mine.value->text == theirs.second;
  };
  if (!std::ranges::equal(bag.labels, labels, same)) {
    unpost(bag);
    post(bag, labels);
    for (Group* group : bag.groups) refresh(*group);
  }
  release(bag);
}

void LabelIndex::on(const table::Delta<api::Profile>& profiles) {
  if (profiles.whole) {
    std::vector<std::string> gone;
    for (const auto& [symbol, bag] : profile_bags_) {
      if (!profiles.rows.contains(symbol->text)) gone.push_back(symbol->text);
    }
    for (const auto& name : gone) put_profile(name, {});
  }
  for (const auto& [name, profile] : profiles.rows)
    put_profile(name, profile ? profile->spec.labels_to_apply : api::Labels());
}

// Groups.

LabelIndex::Group& LabelIndex::group_of(Bag& own, const std::vector<std::string>& profiles) {
  std::vector<Bag*> bags{&own};
  for (const auto& profile : profiles) {
    Bag& bag = profile_bag(profile);
    if (std::ranges::find(bags, &bag) == bags.end()) bags.push_back(&bag);
  }
  std::size_t hash = bags.size();
  for (const Bag* bag : bags) hash = mix(hash, std::hash<const void*>()(bag));
  const auto [first, last] = groups_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    if (std::ranges::equal(it->second->uses, bags, {}, &Use::bag)) return *it->second;
  }
  Group& group = *groups_.emplace(hash, std::make_unique<Group>())->second;
  group.hash = hash;
  for (Bag* bag : bags) {
    group.uses.push_back({bag, static_cast<std::uint32_t>(bag->groups.size())});
    bag->groups.push_back(&group);
  }
  group.matches = search(group);
  return group;
}

void LabelIndex::release(Group& group) {
  for (const auto& [bag, at] : group.uses) {
    erase_unordered(bag->groups, at);
    if (at < bag->groups.size()) std::ranges::find(bag->groups[at]->uses, bag, &Use::bag)->at = at;
    release(*bag);
  }
  erase_owned(groups_, group.hash, &group);
}

bool LabelIndex::put(Item& item, const api::Labels& labels, const std::vector<std::string>& profiles) {
  Group& group = group_of(own_bag(labels), profiles);
  if (&group == item.group) return false;
  drop(item);
  item.group = &group;
  item.at = static_cast<std::uint32_t>(group.items.size());
  group.items.push_back(&item);
  return true;
}

void LabelIndex::drop(Item& item) {
  if (!item.group) return;
  Group& group = *item.group;
  erase_unordered(group.items, item.at);
  if (item.at < group.items.size()) group.items[item.at]->at = item.at;
  item.group = nullptr;
  if (group.items.empty()) release(group);
}

const std::vector<LabelIndex::Query*>& LabelIndex::matches(const Item& item) const {
  static const std::vector<Query*> none;
  return item.group ? item.group->matches : none;
}

// Matching.

bool LabelIndex::holds(const Query& query, const Group& group) {
  return query.selector.matches(api::LabelLookup([&](std::string_view name) -> const std::string* {
    for (const auto& use : group.uses) {
      if (const Symbol* value = use.bag->find(name)) return &(*value)->text;
    }
    return nullptr;
  }));
}

std::vector<LabelIndex::Query*> LabelIndex::search(const Group& group) const {
  std::vector<Query*> found = unrestricted_;
  for (const auto& use : group.uses) {
    for (const auto& label : use.bag->labels) {
      const auto waiting = waiting_.find(label.name);
      if (waiting == waiting_.end()) continue;
      const auto& [any, by_value] = waiting->second;
      found.insert(found.end(), any.begin(), any.end());
      if (const auto it = by_value.find(label.value); it != by_value.end())
        found.insert(found.end(), it->second.begin(), it->second.end());
    }
  }
  std::ranges::sort(found);
  const auto repeated = std::ranges::unique(found);
  found.erase(repeated.begin(), repeated.end());
  std::erase_if(found, [&](const Query* query) { return !holds(*query, group); });
  found.shrink_to_fit();
  return found;
}

void LabelIndex::refresh(Group& group) {
  const auto before = std::exchange(group.matches, search(group));
  std::vector<Query*> changed;
  std::ranges::set_difference(before, group.matches, std::back_inserter(changed));
  for (Query* query : changed) {
    for (Item* item : group.items) listener_.unmatched(*query, *item);
  }
  changed.clear();
  std::ranges::set_difference(group.matches, before, std::back_inserter(changed));
  for (Query* query : changed) {
    for (Item* item : group.items) listener_.matched(*query, *item);
  }
}

/// Groups that may match: those that see what the query requires, by the label of which there are fewest.
std::vector<LabelIndex::Group*> LabelIndex::candidates(const Query& query) const {
  std::vector<Group*> best;
  bool limited = false;
  for (const auto& [name, restriction] : query.selector.restrictions()) {
    std::vector<Group*> found;
    const auto enough = [&] { return limited && found.size() >= best.size(); };
    const auto add = [&](const std::vector<Posting>& list) {
      for (auto it = list.begin(); it != list.end() && !enough(); ++it)
        found.insert(found.end(), it->bag->groups.begin(), it->bag->groups.end());
    };
    const Symbol symbol = symbols_.find(name);
    const auto values = symbol ? postings_.find(symbol) : postings_.end();
    if (values != postings_.end()) {
      if (!restriction.values) {
        for (const auto& [value, list] : values->second) add(list);
      } else {
        for (const auto& value : *restriction.values) {
          const Symbol wanted = symbols_.find(value);
          const auto it = wanted ? values->second.find(wanted) : values->second.end();
          if (it != values->second.end()) add(it->second);
        }
      }
    }
    if (enough()) continue;
    best = std::move(found);
    limited = true;
  }
  if (!limited) {
    for (const auto& [hash, group] : groups_) best.push_back(group.get());
    return best;
  }
  std::ranges::sort(best);
  const auto repeated = std::ranges::unique(best);
  best.erase(repeated.begin(), repeated.end());
  return best;
}

/// Chooses among what the query requires the label with the fewest queries waiting for it, values before mere presence.
void LabelIndex::start_waiting(Query& query) {
  const std::pair<const std::string, api::Selector::Restriction>* best = nullptr;
  std::size_t least = 0;
  for (const auto& restriction : query.selector.restrictions()) {
    const Symbol name = symbols_.find(restriction.first);
    const auto waiting = name ? waiting_.find(name) : waiting_.end();
    std::size_t cost = restriction.second.values ? restriction.second.values->size() : std::size_t{1} << 32;
    if (waiting != waiting_.end() && restriction.second.values) {
      for (const auto& value : *restriction.second.values) {
        const Symbol symbol = symbols_.find(value);
        const auto it = symbol ? waiting->second.by_value.find(symbol) : waiting->second.by_value.end();
        if (it != waiting->second.by_value.end()) cost += it->second.size();
      }
    } else if (waiting != waiting_.end()) {
      cost += waiting->second.any.size();
    }
    if (best && cost >= least) continue;
    best = &restriction;
    least = cost;
  }
  if (!best) {
    unrestricted_.push_back(&query);
    return;
  }
  query.required = symbols_.acquire(best->first);
  auto& waiting = waiting_[query.required];
  if (!best->second.values) {
    waiting.any.push_back(&query);
    return;
  }
  for (const auto& value : *best->second.values) {
    const Symbol symbol = query.required_values.emplace_back(symbols_.acquire(value));
    waiting.by_value[symbol].push_back(&query);
  }
}

void LabelIndex::stop_waiting(Query& query) {
  const auto take_out = [&](std::vector<Query*>& list) {
    if (const auto it = std::ranges::find(list, &query); it != list.end())
      erase_unordered(list, static_cast<std::size_t>(it - list.begin()));
  };
  if (!query.required) {
    take_out(unrestricted_);
    return;
  }
  auto& waiting = waiting_[query.required];
  take_out(waiting.any);
  for (const Symbol value : query.required_values) {
    auto& list = waiting.by_value.at(value);
    take_out(list);
    if (list.empty()) waiting.by_value.erase(value);
    symbols_.release(value);
  }
  query.required_values.clear();
  if (waiting.any.empty() && waiting.by_value.empty()) waiting_.erase(query.required);
  symbols_.release(std::exchange(query.required, nullptr));
}

void LabelIndex::add(Query& query) {
  start_waiting(query);
  for (Group* group : candidates(query)) {
    if (!holds(query, *group)) continue;
    group->matches.insert(std::ranges::upper_bound(group->matches, &query), &query);
    for (Item* item : group->items) listener_.matched(query, *item);
  }
}

void LabelIndex::remove(Query& query) {
  stop_waiting(query);
  for (Group* group : candidates(query)) {
    const auto it = std::ranges::lower_bound(group->matches, &query);
    if (it == group->matches.end() || *it != &query) continue;
    group->matches.erase(it);
    for (Item* item : group->items) listener_.unmatched(query, *item);
  }
}

}  // namespace weft::graph
