#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "ipam/race.h"
#include "store/memory.h"

namespace weft::ipam {
namespace {

// Whatever is allocated and released, and in whatever order: no address is twice in use, the books balance after each
// step, and when everything is released nothing is left.
RC_GTEST_PROP(Ipam, EndsEmptyAfterAnyOrderOfAllocatingAndReleasing, ()) {
  store::Memory store;
  racing::prepare(store, 3, "10.65.0.0/26", 29);
  Ipam ipam(store);
  std::map<std::string, std::set<net::Ip>> held;
  int number = 0;

  const auto steps = *rc::gen::inRange(1, 40);
  for (int step = 0; step < steps; ++step) {
    const auto action = *rc::gen::inRange(0, 4);
    if (action < 2 || held.empty()) {
      const std::string node = "node" + std::to_string(*rc::gen::inRange(0, 3));
      const std::string handle = "net." + std::to_string(number++);
      const auto assigned = ipam.assign({.node = node, .owner = {handle, {}}, .v4 = {*rc::gen::inRange(1, 12), {}}});
      if (!assigned) {
        RC_ASSERT(assigned.error().code == Code::exhausted);
        continue;
      }
      for (const auto& each : assigned->addresses) {
        for (const auto& [other, ips] : held) RC_ASSERT(!ips.contains(each.ip));
        held[handle].insert(each.ip);
      }
    } else {
      auto chosen =
          std::next(held.begin(), *rc::gen::inRange<std::ptrdiff_t>(0, static_cast<std::ptrdiff_t>(held.size())));
      if (action == 2) {
        RC_ASSERT(ipam.release_handles({chosen->first})->released.size() == chosen->second.size());
        held.erase(chosen);
      } else {
        const net::Ip ip = *chosen->second.begin();
        RC_ASSERT(ipam.release({{.ip = ip, .handle = chosen->first}})->released.size() == 1u);
        chosen->second.erase(ip);
        if (chosen->second.empty()) held.erase(chosen);
      }
    }
    const auto report = check(store);
    RC_ASSERT(report->problems.empty());
    std::size_t count = 0;
    for (const auto& [handle, ips] : held) count += ips.size();
    RC_ASSERT(report->allocations.size() == count);
    RC_ASSERT(report->handles == held.size());
  }
  for (const auto& [handle, ips] : held) RC_ASSERT(ipam.release_handles({handle}).has_value());
  RC_ASSERT(ipam.release_affinities(std::nullopt, std::nullopt, true)->kept.empty());
  RC_ASSERT(store.list("/calico/ipam/")->entries.empty());
}

TEST(IpamRaceTest, NeverGivesAnAddressTwiceInMemory) {
  store::Memory store;
  racing::prepare(store, 4, "10.65.0.0/25", 28);
  racing::race(std::vector<store::Store*>(8, &store), 150);
}

}  // namespace
}  // namespace weft::ipam
