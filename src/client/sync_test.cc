#include "client/sync.h"

#include <gtest/gtest.h>

#include <chrono>
#include <mutex>
#include <thread>

#include "api/codec.h"
#include "store/memory.h"
#include "table/mailbox.h"

namespace weft::client {
namespace {

constexpr std::string_view resources = "/calico/resources/v3/projectcalico.org/";

std::string key(std::string_view rest) { return std::string(resources) + std::string(rest); }

std::string profile(std::string_view name, std::string_view label = "x") {
  return R"({"kind":"Profile","apiVersion":"projectcalico.org/v3","metadata":{"name":")" + std::string(name) +
         R"(","uid":"1"},"spec":{"labelsToApply":{"l":")" + std::string(label) + R"("}}})";
}
std::string endpoint(std::string_view namespace_, std::string_view name) {
  return R"({"kind":"WorkloadEndpoint","apiVersion":"projectcalico.org/v3","metadata":{"name":")" + std::string(name) +
         R"(","namespace":")" + std::string(namespace_) +
         R"("},"spec":{"orchestrator":"k8s","node":"n1","pod":"a","endpoint":"eth0","interfaceName":"cali1"}})";
}
constexpr std::string_view block =
    R"({"cidr":"10.65.0.0/30","affinity":"host:n1","allocations":[null,null,null,null],"unallocated":[0,1,2,3],"attributes":[],"deleted":false})";

/// A user that merges all it is told, as a Mailbox does.
class SyncTest : public testing::Test {
 protected:
  void start(std::set<std::string_view> kinds = Sync::all_kinds()) {
    sync.emplace(store, std::move(kinds), [this](api::Changes changes) {
      const std::lock_guard lock(mutex);
      ++calls;
      all.merge(std::move(changes));
    });
  }
  void put(const std::string& where, std::string_view value) { ASSERT_TRUE(store.put(where, std::string(value))); }
  /// All that is known once everything in the store was seen.
  api::Changes now() {
    const auto reached = sync->catch_up(std::chrono::seconds(60));
    EXPECT_TRUE(reached) << reached.error().message;
    const std::lock_guard lock(mutex);
    return all;
  }

  store::Memory store;
  std::mutex mutex;
  api::Changes all;
  int calls = 0;
  std::optional<Sync> sync;  // last: it calls back into the rest
};

TEST_F(SyncTest, TellsWhatIsThereAndComesIntoSync) {
  put(key("profiles/kns.default"), profile("kns.default"));
  put(key("workloadendpoints/default/n1-k8s-a-eth0"), endpoint("default", "n1-k8s-a-eth0"));
  put("/calico/ipam/v2/assignment/ipv4/block/10.65.0.0-30", block);
  put("/calico/ipam/v2/host/n1/ipv4/block/10.65.0.0-30", R"({"state":"confirmed"})");

  start();
  const auto changes = now();

  EXPECT_TRUE(changes.in_sync);
  ASSERT_EQ(changes.profiles.rows.size(), 1u);
  EXPECT_EQ(changes.profiles.rows.at("kns.default")->spec.labels_to_apply.at("l"), "x");
  ASSERT_TRUE(changes.endpoints.rows.contains({"default", "n1-k8s-a-eth0"}));
  EXPECT_EQ(changes.endpoints.rows.at({"default", "n1-k8s-a-eth0"})->spec.node, "n1");
  const net::Cidr cidr = *net::Cidr::parse("10.65.0.0/30");
  ASSERT_TRUE(changes.blocks.rows.contains(cidr));
  ASSERT_TRUE(changes.affinities.rows.contains({"n1", cidr}));
  EXPECT_EQ(changes.affinities.rows.at({"n1", cidr})->state, "confirmed");
}

TEST_F(SyncTest, TellsTheRevisionOfEachObjectAndOfTheStore) {
  start();
  const auto revision = store.put(key("profiles/a"), profile("a")).value();

  const auto changes = now();

  EXPECT_EQ(changes.profiles.rows.at("a")->metadata.resource_version, std::to_string(revision));
  EXPECT_GE(changes.revision, revision);
}

TEST_F(SyncTest, DropsWhatIsRemoved) {
  put(key("profiles/a"), profile("a"));
  put(key("networkpolicies/default/p"),
      R"({"metadata":{"name":"p","namespace":"default"},"spec":{"selector":"a == 'b'"}})");
  put("/calico/ipam/v2/host/n1/ipv4/block/10.65.0.0-30", R"({"state":"confirmed"})");
  start();
  now();

  ASSERT_TRUE(store.remove(key("profiles/a")));
  ASSERT_TRUE(store.remove(key("networkpolicies/default/p")));
  ASSERT_TRUE(store.remove("/calico/ipam/v2/host/n1/ipv4/block/10.65.0.0-30"));
  const auto changes = now();

  EXPECT_EQ(changes.profiles.rows.at("a"), std::nullopt);
  EXPECT_EQ(changes.policies.rows.at({"default", "p"}), std::nullopt);
  EXPECT_EQ(changes.affinities.rows.at({"n1", *net::Cidr::parse("10.65.0.0/30")}), std::nullopt);
}

// No etcd takes such values; another store may.
TEST_F(SyncTest, TakesValuesOfSixteenMegabytesGoodOrBad) {
  constexpr std::size_t size = 16 << 20;
  std::string nets;
  std::size_t count = 0;
  for (; nets.size() < size; ++count) {
    if (count > 0) nets += ',';
    nets += '"' + net::to_string(net::Cidr::host(net::Ip::v4(static_cast<std::uint32_t>(count)))) + '"';
  }
  put(key("globalnetworksets/large"), R"({"metadata":{"name":"large"},"spec":{"nets":[)" + nets + "]}}");
  put(key("globalnetworksets/long"),
      R"({"metadata":{"name":"long","annotations":{"a":")" + std::string(size, 'x') + R"("}}})");
  put(key("globalnetworksets/deep"), std::string(size, '['));
  put(key("globalnetworksets/wrong"), R"({"metadata":{"name":"wrong"},"spec":{"nets":[)" + nets + R"(,"nonsense"]}})");
  put(key("profiles/a"), profile("a"));

  start();
  const auto changes = now();

  EXPECT_EQ(changes.global_network_sets.rows.at("large")->spec.nets.size(), count);
  EXPECT_TRUE(changes.global_network_sets.rows.at("long"));
  EXPECT_TRUE(changes.profiles.rows.at("a"));
  const auto bad = sync->bad_keys();
  ASSERT_EQ(bad.size(), 2u);
  for (const auto& [where, reason] : bad) EXPECT_LT(reason.size(), 300u) << where;
  EXPECT_NE(bad.at(key("globalnetworksets/wrong")).find("nonsense"), std::string::npos);
}

TEST_F(SyncTest, BelievesTheKeyNotTheValueAboutTheName) {
  put(key("profiles/a"), profile("somebody-else"));

  start();

  EXPECT_EQ(now().profiles.rows.at("a")->metadata.name, "a");
}

TEST_F(SyncTest, LeavesOutWhatItCannotReadAndGoesOnWithTheRest) {
  put(key("profiles/bad"), "{\"metadata\":");
  put(key("profiles/good"), profile("good"));
  put(key("tiers/wrong"), R"({"metadata":{"name":"wrong"},"spec":{"order":"first"}})");
  start();

  const auto changes = now();

  EXPECT_TRUE(changes.in_sync);
  EXPECT_TRUE(changes.profiles.rows.at("good").has_value());
  EXPECT_EQ(changes.profiles.rows.at("bad"), std::nullopt);
  EXPECT_EQ(changes.tiers.rows.at("wrong"), std::nullopt);
  const auto bad = sync->bad_keys();
  ASSERT_EQ(bad.size(), 2u);
  EXPECT_FALSE(bad.at(key("profiles/bad")).empty());
  EXPECT_NE(bad.at(key("tiers/wrong")).find("order"), std::string::npos) << bad.at(key("tiers/wrong"));
}

TEST_F(SyncTest, TreatsAnObjectThatBecomesUnreadableAsGoneUntilItIsGoodAgain) {
  put(key("profiles/a"), profile("a"));
  start();
  EXPECT_TRUE(now().profiles.rows.at("a").has_value());

  put(key("profiles/a"), "no json");
  EXPECT_EQ(now().profiles.rows.at("a"), std::nullopt);
  EXPECT_TRUE(sync->bad_keys().contains(key("profiles/a")));

  put(key("profiles/a"), profile("a", "y"));
  EXPECT_EQ(now().profiles.rows.at("a")->spec.labels_to_apply.at("l"), "y");
  EXPECT_TRUE(sync->bad_keys().empty());
}

TEST_F(SyncTest, ForgetsABadKeyThatIsRemoved) {
  put(key("profiles/a"), "no json");
  start();
  now();
  ASSERT_TRUE(store.remove(key("profiles/a")));
  now();

  EXPECT_TRUE(sync->bad_keys().empty());
}

TEST_F(SyncTest, PassesOverWhatNobodyWants) {
  put("/calico/ipam/v2/handle/h", "no json");
  put("/calico/felix/v2/no-region/host/n1/status", "no json");
  put(key("caliconodestatuses/s"), "no json");
  put(key("blockaffinities/b"), "no json");
  put(key("unknownkinds/x"), "no json");
  put(key("tiers/default"), "no json");
  put("/calico/ipam/v2/assignment/ipv4/block/nonsense", "no json");
  put("/elsewhere", "no json");
  put(key("profiles/a"), profile("a"));
  start({"Profile"});

  const auto changes = now();

  EXPECT_EQ(changes.profiles.rows.size(), 1u);
  EXPECT_TRUE(changes.tiers.empty());
  EXPECT_TRUE(sync->bad_keys().empty());
  EXPECT_EQ(sync->state().keys, 1u);
}

TEST_F(SyncTest, RefusesABlockThatLiesUnderAnothersKey) {
  put("/calico/ipam/v2/assignment/ipv4/block/10.65.0.4-30", block);
  start();
  now();

  EXPECT_EQ(sync->bad_keys().size(), 1u);
}

TEST_F(SyncTest, TellsATransactionInOneCall) {
  start();
  now();
  const int before = calls;
  const store::Op ops[] = {{.key = key("workloadendpoints/default/e"), .value = endpoint("default", "e")},
                           {.key = "/calico/ipam/v2/assignment/ipv4/block/10.65.0.0-30", .value = std::string(block)}};

  ASSERT_TRUE(store.commit(ops));
  while (true) {
    const std::lock_guard lock(mutex);
    if (calls > before) break;
  }

  const std::lock_guard lock(mutex);
  EXPECT_TRUE(all.endpoints.rows.contains({"default", "e"}));
  EXPECT_EQ(all.blocks.rows.size(), 1u);
}

TEST_F(SyncTest, FillsAMailboxForASlowReader) {
  table::Mailbox<api::Changes> box;
  sync.emplace(store, Sync::all_kinds(), [&](api::Changes changes) { box.send(std::move(changes)); });
  for (int i = 0; i < 50; ++i) put(key("profiles/a"), profile("a", std::to_string(i)));
  ASSERT_TRUE(sync->catch_up(std::chrono::seconds(5)));

  const auto changes = box.poll();

  ASSERT_TRUE(changes);
  EXPECT_EQ(changes->profiles.rows.size(), 1u);
  EXPECT_EQ(changes->profiles.rows.at("a")->spec.labels_to_apply.at("l"), "49");
  sync.reset();
}

}  // namespace
}  // namespace weft::client
