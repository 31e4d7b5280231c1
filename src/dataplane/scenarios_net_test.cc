// Every file of test/scenarios: what is expected of a packet, what the oracle says of it, and what the kernel does.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "test/oracle_lab.h"

namespace weft::wire {
namespace {

std::vector<std::string> files() {
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(WEFT_SOURCE_DIR "/test/scenarios")) {
    if (entry.path().extension() == ".yaml") out.push_back(entry.path().stem());
  }
  std::ranges::sort(out);
  return out;
}

class ScenarioNetTest : public testing::TestWithParam<std::string> {};

TEST_P(ScenarioNetTest, EndsAsExpected) {
  const auto scenario =
      read_scenario(read_file(fmt::format("{}/test/scenarios/{}.yaml", WEFT_SOURCE_DIR, GetParam())).value());
  ASSERT_FALSE(scenario.shots.empty());
  const auto cluster = policy::testing::cluster_of(scenario.documents);
  const policy::Oracle oracle(cluster);
  World world(3);
  world.become(cluster);
  const auto outcomes = world.send(oracle, scenario.shots, true);
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const auto judged = judge(oracle, scenario.shots[i]);
    ASSERT_TRUE(scenario.shots[i].expect) << "packet " << i;
    EXPECT_EQ(outcomes[i].arrived, *scenario.shots[i].expect) << "packet " << i << " in the kernel";
    EXPECT_EQ(judged.allowed, *scenario.shots[i].expect) << "packet " << i << " for the oracle: " << judged.why();
    EXPECT_TRUE(!outcomes[i].arrived || outcomes[i].source == judged.source)
        << "packet " << i << " came from " << net::to_string(outcomes[i].source);
  }
}

INSTANTIATE_TEST_SUITE_P(Files, ScenarioNetTest, testing::ValuesIn(files()), [](const auto& info) {
  auto name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

// What a failing test prints can be run again, and a smaller one is found where there is one.
TEST(ScenarioTest, IsWrittenAsItIsRead) {
  for (const auto& name : files()) {
    const auto scenario =
        read_scenario(read_file(fmt::format("{}/test/scenarios/{}.yaml", WEFT_SOURCE_DIR, name)).value());
    const auto again = read_scenario(to_yaml(scenario));
    EXPECT_EQ(to_yaml(again), to_yaml(scenario));
    EXPECT_TRUE(policy::testing::cluster_of(again.documents) == policy::testing::cluster_of(scenario.documents));
  }
}

TEST(ScenarioTest, ShrinksToWhatMatters) {
  const auto scenario = read_scenario(read_file(WEFT_SOURCE_DIR "/test/scenarios/peers.yaml").value());
  const auto small = minimised(scenario, [](const Scenario& smaller) {
    const auto cluster = policy::testing::cluster_of(smaller.documents);
    for (const auto& [key, policy] : cluster.policies) {
      for (const auto& rule : policy.spec.ingress) {
        if (rule.source.namespace_selector == "env == 'far'") return true;
      }
    }
    return false;
  });
  ASSERT_EQ(small.documents.size(), 1u);
  const schema::Array rule = {
      schema::Object{{"action", "Allow"}, {"source", schema::Object{{"namespaceSelector", "env == 'far'"}}}}};
  EXPECT_EQ(schema::to_json(*small.documents[0].at("spec")), schema::to_json(schema::Object{{"ingress", rule}}));
}

}  // namespace
}  // namespace weft::wire
