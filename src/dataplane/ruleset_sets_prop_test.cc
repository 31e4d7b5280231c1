#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "dataplane/ruleset_sets.h"
#include "kernel/nft_part.h"

namespace weft::dataplane {
namespace {

/// Small space, so that prefixes overlap often: 0.0.0.0/24 … /32, and the whole.
net::Cidr some_cidr() {
  const int length = *rc::gen::element(0, 24, 28, 30, 31, 32, 32, 32);
  return {
      net::Ip::v4(*rc::gen::inRange<std::uint32_t>(0, 64) | (length == 24 ? *rc::gen::element(0xffffff00u, 0u) : 0u)),
      length};
}

bool in_kernel(const std::set<kernel::nft::Element>& elements, bool intervals, const std::string& key) {
  for (const auto& element : elements) {
    if (intervals ? element.key <= key && (element.until.empty() || key < element.until) : element.key == key)
      return true;
  }
  return false;
}

/// Takes the differences as a kernel does: what goes must be there, what comes must not.
struct FakeKernel {
  std::map<std::string, KernelSet::Elements> sets;

  void take(Sets& from) {
    for (const auto& name : from.dirty()) {
      const auto it = from.kernel().find(name);
      if (it == from.kernel().end()) continue;
      RC_ASSERT(it->second.exists() == sets.contains(name));
      if (it->second.retired()) {
        sets.erase(name);
        continue;
      }
      auto& elements = sets[name];
      const auto [gone, fresh] = it->second.difference();
      for (const auto& element : gone) RC_ASSERT(elements.erase(element) == 1u);
      for (const auto& element : fresh) RC_ASSERT(elements.insert(element).second);
    }
    from.done();
    std::size_t all = 0;
    for (const auto& [name, elements] : sets) all += elements.size();
    RC_ASSERT(from.elements() == all);
  }
};

// Whatever is added and removed, however much of it the kernel takes at once, or has lost when we look again: its
// elements hold exactly the addresses of the members, and none overlap.
RC_GTEST_PROP(Sets, HoldExactlyTheirMembers, ()) {
  Sets sets;
  FakeKernel kernel;
  std::set<net::Cidr> members;
  sets.define({.id = "s:x", .type = plan::SetType::net, .note = {}});
  const int steps = *rc::gen::inRange(1, 40);
  for (int i = 0; i < steps; ++i) {
    const auto cidr = some_cidr();
    switch (*rc::gen::inRange(0, 20)) {
      case 0:
        sets.suspend("s:x");
        sets.resume_all();
        break;
      case 1:  // somebody else was at it
        for (auto& [name, elements] : kernel.sets) {
          if (!elements.empty()) elements.erase(elements.begin());
          if (sets.kernel().contains(name)) sets.found(name, elements);
        }
        sets.all_dirty();
        break;
      default:
        if (*rc::gen::arbitrary<bool>()) {
          members.insert(cidr);
          sets.add("s:x", cidr);
        } else {
          members.erase(cidr);
          sets.remove("s:x", cidr);
        }
    }
    if (*rc::gen::arbitrary<bool>()) continue;
    kernel.take(sets);
    const auto name = sets.find("s:x", net::Family::v4);
    RC_ASSERT(name.has_value() == !members.empty());
    RC_ASSERT(kernel.sets.size() == (name ? 1u : 0u));
    if (!name) continue;
    const auto& elements = kernel.sets.at(*name);
    const bool intervals = sets.kernel().at(*name).definition().interval;
    RC_ASSERT(intervals == std::ranges::any_of(members, [](const auto& m) { return !m.is_host(); }));
    for (std::uint32_t address = 0; address < 70; ++address) {
      const auto ip = net::Ip::v4(address);
      const bool wanted = std::ranges::any_of(members, [&](const auto& m) { return m.contains(ip); });
      RC_ASSERT(in_kernel(elements, intervals, kernel::nft::key(ip)) == wanted);
    }
    std::string last;
    bool open = false;
    for (const auto& element : elements) {
      RC_ASSERT(!open && (!intervals || last <= element.key));
      last = element.until;
      open = intervals && element.until.empty();
    }
  }
}

// What is left after the same members came in any order, with any detours, is the same.
RC_GTEST_PROP(Sets, OrderDoesNotMatter, ()) {
  std::set<net::Cidr> members;
  for (int i = *rc::gen::inRange(0, 20); i > 0; --i) members.insert(some_cidr());
  Sets straight, detour;
  for (auto* sets : {&straight, &detour}) sets->define({.id = "s:x", .type = plan::SetType::net, .note = {}});
  for (const auto& cidr : members) straight.add("s:x", cidr);
  for (int i = *rc::gen::inRange(0, 20); i > 0; --i) detour.add("s:x", some_cidr());
  std::set<std::pair<plan::SetId, plan::Member>> keep;
  for (const auto& cidr : members) keep.insert({"s:x", cidr});
  for (auto it = members.rbegin(); it != members.rend(); ++it) detour.add("s:x", *it);
  detour.keep_only(keep);
  RC_ASSERT(straight.find("s:x", net::Family::v4) == detour.find("s:x", net::Family::v4));
  FakeKernel one, other;
  one.take(straight);
  other.take(detour);
  RC_ASSERT(one.sets == other.sets);
}

}  // namespace
}  // namespace weft::dataplane
