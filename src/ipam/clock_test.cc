// Somebody sets the machine's time while addresses come and go.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "api/codec.h"
#include "api/ip_pool.h"
#include "api/node.h"
#include "ipam/check.h"
#include "ipam/ipam.h"
#include "store/memory.h"

namespace weft::ipam {
namespace {

using namespace std::chrono_literals;

class ClockStepTest : public testing::Test {
 protected:
  ClockStepTest() {
    api::Node node;
    node.metadata.name = "node1";
    EXPECT_TRUE(store.put(api::path_of(node), api::to_json(node)));
    api::IpPool pool;
    pool.metadata.name = "pool";
    pool.spec = {.cidr = *net::Cidr::parse("10.65.0.0/28"),
                 .block_size = 29,
                 .node_selector = "all()",
                 .allowed_uses = {"Workload"},
                 .assignment_mode = "Automatic"};
    EXPECT_TRUE(store.put(api::path_of(pool), api::to_json(pool)));
    EXPECT_TRUE(store.put(std::string(api::ipam_config_path),
                          R"({"strict_affinity":false,"auto_allocate_blocks":true,"ipCooldownSeconds":60})"));
  }
  Result<Assignment> assign(const std::string& handle) {
    return ipam.assign({.node = "node1", .owner = {handle, {{"node", "node1"}}}, .v4 = {1, {}}});
  }
  void step(std::chrono::seconds by) { clock.set_wall(clock.wall() + by); }

  store::Memory store;
  TestClock clock{1787380400s};
  Ipam ipam{store, clock};
};

TEST_F(ClockStepTest, NoAddressIsGivenTwiceAndNoneIsLost) {
  std::map<std::string, net::Ip> held;
  int number = 0;
  for (const auto by : {0s, std::chrono::seconds(-24h), std::chrono::seconds(48h), std::chrono::seconds(-10'000h),
                        std::chrono::seconds(10'000h), -61s, 61s, -1s}) {
    step(by);
    for (int i = 0; i < 2; ++i) {
      const std::string handle = "net." + std::to_string(number++);
      const auto assigned = assign(handle);
      ASSERT_TRUE(assigned) << assigned.error().message;
      held[handle] = assigned->addresses.at(0).ip;
    }
    std::set<net::Ip> different;
    for (const auto& [handle, ip] : held) different.insert(ip);
    EXPECT_EQ(different.size(), held.size());
    while (held.size() > 2) {
      ASSERT_TRUE(ipam.release_handles({held.begin()->first}));
      held.erase(held.begin());
    }
    const auto report = check(store);
    for (const auto& problem : report->problems) ADD_FAILURE() << problem.object << ": " << problem.text;
  }
  for (const auto& [handle, ip] : held) ASSERT_TRUE(ipam.release_handles({handle}));

  step(61s);  // all have cooled down, whatever the time was when they were released
  for (int i = 0; i < 16; ++i) EXPECT_TRUE(assign("all." + std::to_string(i))) << i;
}

}  // namespace
}  // namespace weft::ipam
