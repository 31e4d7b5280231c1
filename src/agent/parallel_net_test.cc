// Many pods at once: the real plug-in, the real agent, a real etcd.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "agent/machine_fixture.h"

namespace weft::agent {
namespace {

class ParallelTest : public MachineTest {
 protected:
  /// Runs the plug-in for all of these at the same time. @return what went wrong
  std::string all_at_once(const std::vector<std::pair<std::string, std::string>>& requests) const {
    std::string script = "cat > /run/config\n";
    for (const auto& [verb, pod] : requests)
      script += fmt::format("( {} < /run/config > /run/out-{} 2>&1 || echo {} {}: $(cat /run/out-{}) ) &\n",
                            plugin_line(verb, pod), pod, verb, pod, pod);
    return in(script + "wait", config).output;
  }
  static std::string name(int number) { return fmt::format("p{}", number); }
  std::set<std::string> addresses(int first, int last) const {
    const auto all = in(fmt::format(
        "for i in $(seq {} {}); do ip netns exec p$i ip -4 -o addr show eth0 | grep -o '10[.][0-9.]*' | head -1; done",
        first, last));
    std::set<std::string> found;
    for (const auto& line : split(trim(all.output), '\n')) found.emplace(line);
    return found;
  }
  std::string check() const {
    const auto done = weft("ipam check");
    return done.status == 0 ? "" : done.output;
  }
};

TEST_F(ParallelTest, TwoHundredAddsAndDelsAtOnceLeaveNothingWrong) {
  constexpr int half = 100, all = 2 * half;
  start_agent();
  ASSERT_TRUE(ready());
  ASSERT_EQ(in(fmt::format("for i in $(seq {}); do ip netns add p$i; done", all)).status, 0);
  std::vector<std::pair<std::string, std::string>> requests;

  for (int i = 1; i <= half; ++i) requests.emplace_back("ADD", name(i));
  EXPECT_EQ(all_at_once(requests), "");
  EXPECT_EQ(addresses(1, half).size(), std::size_t{half});
  EXPECT_EQ(check(), "");

  requests.clear();
  for (int i = 1; i <= half; ++i) {
    requests.emplace_back("DEL", name(i));
    requests.emplace_back("ADD", name(half + i));
  }
  EXPECT_EQ(all_at_once(requests), "");
  EXPECT_EQ(addresses(half + 1, all).size(), std::size_t{half});
  EXPECT_EQ(check(), "");

  requests.clear();
  for (int i = half + 1; i <= all; ++i) requests.emplace_back("DEL", name(i));
  EXPECT_EQ(all_at_once(requests), "");
  EXPECT_EQ(check(), "");
  EXPECT_EQ(in("ip -o link | grep -c cali").output, "0\n");
  EXPECT_EQ(in("ETCDCTL_API=3 etcdctl get --prefix --keys-only /calico/ipam/v2/handle/").output, "");
  EXPECT_TRUE(eventually([&] { return in("nft list table inet weft | grep -cE 'cali[0-9a-f]{11}'").output == "0\n"; }));
}

}  // namespace
}  // namespace weft::agent
