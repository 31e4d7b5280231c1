#include "agent/status_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schema/value.h"
#include "store/memory.h"
#include "test/netns.h"

namespace weft::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using State = dataplane::EndpointStatus::State;
using test::eventually;
using Values = std::map<std::string, std::string>;

const plan::EndpointId web{"k8s", "default/web", "eth0"};
const plan::EndpointId odd{"openstack", "a%b", "c/d"};

const std::string base = "/calico/felix/v2/no-region/host/n1/";
const std::string web_key = base + "workload/k8s/default%2fweb/endpoint/eth0";
const std::string up = R"({"status":"up"})", down = R"({"status":"down"})", error = R"({"status":"error"})";

class StatusKeysTest : public testing::Test {
 protected:
  static StatusKeys::Options on() { return {.enabled = true, .region = {}, .delay = milliseconds(1)}; }
  void state(StatusKeys& keys, const plan::EndpointId& id, State state) {
    table::Delta<dataplane::EndpointStatus> delta;
    delta.put({.id = id, .interface = "cali", .state = state, .message = {}});
    keys.on(delta);
  }
  /// Endpoint keys of any region.
  Values endpoints() const {
    Values found;
    for (const auto& [key, entry] : store.snapshot().entries) {
      if (key.find("/workload/") != std::string::npos) found[key] = entry.value;
    }
    return found;
  }
  std::optional<std::string> value(const std::string& key) const {
    const auto snapshot = store.snapshot();
    const auto found = snapshot.entries.find(key);
    return found == snapshot.entries.end() ? std::nullopt : std::optional(found->second.value);
  }

  store::Memory store;
};

TEST_F(StatusKeysTest, AreWrittenOnlyWhereReportingIsOn) {
  {
    StatusKeys keys(store, "n1");
    state(keys, web, State::up);
    std::this_thread::sleep_for(milliseconds(20));
  }
  EXPECT_TRUE(store.snapshot().entries.empty());
}

TEST_F(StatusKeysTest, HaveTheKeysAndValuesOfCalico) {
  StatusKeys keys(store, "n1");
  keys.set(on());
  state(keys, web, State::up);
  state(keys, odd, State::down);
  const std::string odd_key = base + "workload/openstack/a%25b/endpoint/c%2fd";

  EXPECT_TRUE(eventually([&] { return endpoints() == Values{{web_key, up}, {odd_key, down}}; }));

  state(keys, web, State::error);
  table::Delta<dataplane::EndpointStatus> gone;
  gone.drop(odd);
  keys.on(gone);
  EXPECT_TRUE(eventually([&] { return endpoints() == Values{{web_key, error}}; }));
}

TEST_F(StatusKeysTest, SayThatTheAgentLives) {
  StatusKeys keys(store, "n1");
  auto options = on();
  options.interval = seconds(1);
  keys.set(options);
  ASSERT_TRUE(eventually([&] { return value(base + "last_reported_status").has_value(); }));

  const auto report = schema::parse_json(*value(base + "status"));
  ASSERT_TRUE(report);
  EXPECT_THAT(std::string(report->text("time")),
              testing::ContainsRegex("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"));
  EXPECT_GE(report->at("uptime")->number(), 0);
  EXPECT_TRUE(*report->at("first_update")->as_bool());
  EXPECT_TRUE(eventually([&] {
    const auto later = schema::parse_json(*value(base + "last_reported_status"));
    return later && !*later->at("first_update")->as_bool() && later->at("uptime")->number() >= 0.9;
  }));
}

TEST_F(StatusKeysTest, SayNothingOfADeadAgentForLong) {
  {
    StatusKeys keys(store, "n1");
    auto options = on();
    options.ttl = seconds(1);
    keys.set(options);
    ASSERT_TRUE(eventually([&] { return value(base + "last_reported_status").has_value(); }));
    EXPECT_TRUE(value(base + "status"));
  }
  EXPECT_TRUE(eventually([&] { return !value(base + "status"); })) << "its lease runs out";
  EXPECT_TRUE(value(base + "last_reported_status"));
}

TEST_F(StatusKeysTest, TakeAwayWhatAFormerRunLeft) {
  ASSERT_TRUE(store.put(base + "workload/k8s/default%2fgone/endpoint/eth0", up));
  const std::string other = "/calico/felix/v2/no-region/host/n10/workload/k8s/a/endpoint/eth0";
  ASSERT_TRUE(store.put(other, up));
  StatusKeys keys(store, "n1");
  state(keys, web, State::up);
  keys.set(on());
  EXPECT_TRUE(eventually([&] { return endpoints() == Values{{web_key, up}, {other, up}}; }));
}

TEST_F(StatusKeysTest, MoveWithTheRegion) {
  StatusKeys keys(store, "n1");
  state(keys, web, State::up);
  keys.set(on());
  ASSERT_TRUE(eventually([&] { return endpoints() == Values{{web_key, up}}; }));

  const std::string moved = "/calico/felix/v2/region-west/host/n1/workload/k8s/default%2fweb/endpoint/eth0";
  ASSERT_TRUE(store.put("/calico/felix/v2/region-west/host/n1/workload/k8s/old/endpoint/eth0", up));
  auto options = on();
  options.region = "west";
  keys.set(options);
  EXPECT_TRUE(eventually([&] { return endpoints() == Values{{moved, up}}; }));
}

TEST_F(StatusKeysTest, GoWhenReportingIsSwitchedOff) {
  StatusKeys keys(store, "n1");
  state(keys, web, State::up);
  keys.set(on());
  ASSERT_TRUE(eventually([&] { return endpoints().size() == 1; }));
  keys.set({});
  EXPECT_TRUE(eventually([&] { return endpoints().empty(); }));
  keys.set(on());
  EXPECT_TRUE(eventually([&] { return endpoints().size() == 1; }));
}

TEST_F(StatusKeysTest, AreTriedAgainWhenTheStoreWasAway) {
  StatusKeys keys(store, "n1");
  keys.set(on());
  state(keys, web, State::up);
  ASSERT_TRUE(eventually([&] { return endpoints().size() == 1; }));
  store.set_available(false);
  state(keys, web, State::down);
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(endpoints(), (Values{{web_key, up}}));
  store.set_available(true);
  EXPECT_TRUE(eventually([&] { return endpoints() == Values{{web_key, down}}; }));
}

TEST_F(StatusKeysTest, ComeBackInAStoreThatLostThem) {
  StatusKeys keys(store, "n1");
  keys.set(on());
  state(keys, web, State::up);
  ASSERT_TRUE(eventually([&] { return endpoints().size() == 1; }));
  store.set_available(false);
  state(keys, odd, State::up);  // so that somebody notices
  std::this_thread::sleep_for(milliseconds(50));
  store.restore({});
  store.set_available(true);
  EXPECT_TRUE(eventually([&] { return endpoints().size() == 2; }));
}

TEST_F(StatusKeysTest, AreWrittenInTransactionsThatEtcdTakes) {
  std::atomic<std::size_t> most = 0;
  store.refuse([&](std::span<const store::Op> ops) -> Result<> {
    most = std::max(most.load(), ops.size());
    return {};
  });
  StatusKeys keys(store, "n1");
  table::Delta<dataplane::EndpointStatus> delta;
  for (int i = 0; i < 350; ++i)
    delta.put({.id = {"k8s", "default/" + std::to_string(i), "eth0"}, .interface = {}, .state = State::up});
  keys.on(delta);
  keys.set(on());
  EXPECT_TRUE(eventually([&] { return endpoints().size() == 350; }));
  EXPECT_LE(most, 128u);
  EXPECT_GT(most, 1u) << "not one by one";
}

}  // namespace
}  // namespace weft::agent
