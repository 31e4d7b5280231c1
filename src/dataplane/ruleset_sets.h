#pragma once

#include <absl/container/btree_set.h>

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kernel/nft.h"
#include "plan/changes.h"

namespace weft::dataplane {

/// A set in the kernel, by what differs there from what is wanted. What is wanted is told and not held a second time.
class KernelSet {
 public:
  using Elements = std::set<kernel::nft::Element>;

  explicit KernelSet(kernel::nft::Set definition) : definition_(std::move(definition)) {}

  const kernel::nft::Set& definition() const { return definition_; }

  /// The element is wanted now and was not, or the other way round.
  void turn(kernel::nft::Element element, bool wanted);

  /// What the kernel has; nullopt: the set is not there (or is another kind of set and has to be made anew).
  void found(const std::optional<Elements>& elements, const Elements& wanted);
  bool exists() const { return exists_; }

  /// It is to go; none of its elements is wanted any more. Or it is wanted again.
  void retire(bool retired) { retired_ = retired; }
  bool retired() const { return retired_; }

  struct Difference {
    std::vector<kernel::nft::Element> gone, fresh;
  };
  Difference difference() const;
  /// The kernel has taken the difference.
  void done();

  /// How many elements the kernel has.
  std::size_t size() const { return size_; }

 private:
  kernel::nft::Set definition_;
  bool exists_ = false;
  bool retired_ = false;
  std::size_t size_ = 0;
  std::map<kernel::nft::Element, bool> different_;  // true: wanted and not there
};

/// The sets of the plan and their members, and for each the kernel's set per family: a hash of addresses as long as all
/// members are addresses; intervals, of which none overlaps another, once a prefix is among them; none when there is no
/// member. A member costs one element; only a change from one of these forms to another changes a set's name, and
/// with it the rules that use it.
class Sets {
 public:
  using Addresses = absl::btree_set<net::Cidr>;  // a third of a std::set in memory

  Sets();

  /// Defines a set; rules may mention it from now on.
  void define(const plan::Set& set);
  void forget(const plan::SetId& id);
  bool defined(const plan::SetId& id) const;  // and not refused
  bool known(const plan::SetId& id) const { return entries_.contains(id); }
  std::vector<plan::SetId> defined_ids() const;

  void add(const plan::SetId& id, const plan::Member& member);
  void remove(const plan::SetId& id, const plan::Member& member);
  /// Removes all members that are not in `members`, for a delta that is whole.
  void keep_only(const std::set<std::pair<plan::SetId, plan::Member>>& members);

  /// The kernel refuses it: as if nobody had defined it, until `resume_all`.
  void suspend(const plan::SetId& id);
  void resume_all();

  /// The name of the kernel's set, if it has members.
  std::optional<std::string> find(const plan::SetId& id, net::Family family) const;

  /// Sets whose form changed since the last call: chains that mention them have to be rendered again.
  std::set<plan::SetId> take_reshaped() { return std::exchange(reshaped_, {}); }

  /// A set that is not of the plan: always in the kernel.
  void fixed(const kernel::nft::Set& definition);
  /// Puts an element into such a set, or takes it out.
  void put(const std::string& name, kernel::nft::Element element, bool wanted);

  std::map<std::string, KernelSet>& kernel() { return kernel_; }
  /// What the kernel has in the set of that name; nullopt: it is not there.
  void found(const std::string& name, const std::optional<KernelSet::Elements>& elements);
  /// The names of those that may differ from the kernel, or are to go.
  std::set<std::string>& dirty() { return dirty_; }
  void all_dirty();
  /// How many elements the kernel has, as far as we know.
  std::size_t elements() const { return elements_; }
  /// The kernel has taken all differences.
  void done();
  /// For reports: "set s:… (selector)".
  std::string describe(const std::string& kernel_name) const;
  /// The set of the plan behind a kernel's set; empty: none.
  plan::SetId owner(const std::string& kernel_name) const;

 private:
  enum class Form { none, hosts, prefixes };
  struct Half {
    Addresses addresses;          // type net
    std::set<std::string> ports;  // type ip_port: the keys
    std::size_t prefixes = 0;     // of the addresses
    Form form = Form::none;
  };
  struct Entry {
    std::optional<plan::Set> set;  // nullopt: not defined, or not any more
    bool suspended = false;
    Half v4, v6;
    bool active() const { return set && !suspended; }
    Half& half(net::Family family) { return family == net::Family::v4 ? v4 : v6; }
    const Half& half(net::Family family) const { return family == net::Family::v4 ? v4 : v6; }
  };

  static Form form_of(const Entry& entry, const Half& half, std::ptrdiff_t addresses = 0, std::ptrdiff_t prefixes = 0,
                      std::ptrdiff_t ports = 0);
  static KernelSet::Elements elements_of(const Half& half);
  void reshape(const plan::SetId& id, Entry& entry, net::Family family);
  void leave(const plan::SetId& id, Half& half, net::Family family);
  void enter(const plan::SetId& id, Entry& entry, net::Family family, Form form);
  KernelSet& kernel_of(const plan::SetId& id, net::Family family, Form form);
  void drop_if_unused(const plan::SetId& id);

  std::map<plan::SetId, Entry> entries_;
  std::map<std::string, KernelSet> kernel_;
  std::map<std::string, KernelSet::Elements> fixed_;
  std::map<std::string, plan::SetId> owners_;
  std::set<std::string> dirty_;
  std::set<plan::SetId> reshaped_;
  std::size_t elements_ = 0;
};

}  // namespace weft::dataplane
