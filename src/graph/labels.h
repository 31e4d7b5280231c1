#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "api/metadata.h"
#include "api/profile.h"
#include "api/selector.h"
#include "table/delta.h"

namespace weft::graph {

/// Texts that are held once however often they are used. A Symbol is equal to another exactly when their texts are.
class Symbols {
 public:
  struct Entry {
    std::string text;
    mutable std::size_t uses = 0;
  };
  using Symbol = const Entry*;

  Symbol acquire(std::string_view text);
  void release(Symbol symbol);
  /// Null when nobody holds it.
  Symbol find(std::string_view text) const;
  std::size_t size() const { return entries_.size(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    std::size_t operator()(const Entry& entry) const { return (*this)(std::string_view(entry.text)); }
  };
  struct Equal {
    using is_transparent = void;
    static std::string_view text(std::string_view t) { return t; }
    static std::string_view text(const Entry& entry) { return entry.text; }
    bool operator()(const auto& a, const auto& b) const { return text(a) == text(b); }
  };
  std::unordered_set<Entry, Hash, Equal> entries_;
};

/// Which selectors match which items, kept up to date at a cost proportional to what a change touches.
///
/// Items with equal labels and profiles form a group; selectors are matched to groups. A group sees its own labels
/// first, then those of its profiles in order (datamodel 5.4). Labels of a kind lie in a bag: each distinct set of own
/// labels and each profile is one. A selector is looked for among the bags that have what it requires, a bag's
/// selectors among those that require what it has.
class LabelIndex {
 public:
  struct Group;

  /// What has labels. Owned by the user of the index, who derives from it; it does not move while it is in.
  struct Item {
    Group* group = nullptr;
    std::uint32_t at = 0;  // in the group
  };
  /// A selector that is asked for. Owned by the user, who derives from it; it does not move while it is in.
  struct Query {
    api::Selector selector;

   private:
    friend class LabelIndex;
    // Where the query waits for bags: with those that have this label, of one of these values when there are any.
    Symbols::Symbol required = nullptr;  // null: nothing is required
    std::vector<Symbols::Symbol> required_values;
  };
  /// Hears which items begin and cease to match when a query or a profile's labels change.
  struct Listener {
    virtual void matched(Query& query, Item& item) = 0;
    virtual void unmatched(Query& query, Item& item) = 0;

   protected:
    ~Listener() = default;
  };

  explicit LabelIndex(Listener& listener);
  ~LabelIndex();
  LabelIndex(const LabelIndex&) = delete;
  LabelIndex& operator=(const LabelIndex&) = delete;

  /// Puts the item in, or gives it other labels. The listener hears nothing: before and after, `matches` says it all.
  /// @return whether it belongs to another group now
  bool put(Item& item, const api::Labels& labels, const std::vector<std::string>& profiles);
  void drop(Item& item);
  /// Queries that match the item, in no particular order.
  const std::vector<Query*>& matches(const Item& item) const;

  /// Labels that profiles apply.
  void on(const table::Delta<api::Profile>& profiles);

  void add(Query& query);
  void remove(Query& query);

  std::size_t groups() const { return groups_.size(); }

 private:
  using Symbol = Symbols::Symbol;
  struct Bag;
  struct Label {
    Symbol name;
    Symbol value;
    std::uint32_t at;  // in the postings
  };
  struct Posting {
    Bag* bag;
    std::uint32_t label;  // index in its labels
  };
  /// A bag that a group sees, and where the bag lists the group.
  struct Use {
    Bag* bag;
    std::uint32_t at;
  };
  struct Bag {
    std::vector<Label> labels;   // by name
    std::vector<Group*> groups;  // that see this bag
    Symbol profile = nullptr;    // its name, of a profile's bag
    std::size_t hash = 0;        // of the labels, of own labels
    const Symbol* find(std::string_view name) const;
  };
  struct Waiting {  // queries that require a label, by value
    std::vector<Query*> any;
    std::unordered_map<Symbol, std::vector<Query*>> by_value;
  };

  Bag& own_bag(const api::Labels& labels);
  Bag& profile_bag(const std::string& name);
  void put_profile(const std::string& name, const api::Labels& labels);
  void release(Bag& bag);
  void post(Bag& bag, const api::Labels& labels);
  void unpost(Bag& bag);
  Group& group_of(Bag& own, const std::vector<std::string>& profiles);
  void release(Group& group);
  void leave(Item& item);

  static bool holds(const Query& query, const Group& group);
  std::vector<Query*> search(const Group& group) const;
  void refresh(Group& group);
  std::vector<Group*> candidates(const Query& query) const;
  void start_waiting(Query& query);
  void stop_waiting(Query& query);

  Listener& listener_;
  Symbols symbols_;
  std::unordered_multimap<std::size_t, std::unique_ptr<Bag>> own_bags_;  // by hash of the labels
  std::unordered_map<Symbol, std::unique_ptr<Bag>> profile_bags_;
  std::unordered_multimap<std::size_t, std::unique_ptr<Group>> groups_;  // by hash of the bags
  std::unordered_map<Symbol, std::unordered_map<Symbol, std::vector<Posting>>>
      postings_;  // name -> value -> who has it
  std::unordered_map<Symbol, Waiting> waiting_;
  std::vector<Query*> unrestricted_;
};

struct LabelIndex::Group {
  std::vector<Use> uses;  // own labels first, then profiles in order
  std::vector<Item*> items;
  std::vector<Query*> matches;  // sorted by address
  std::size_t hash = 0;
};

}  // namespace weft::graph
