#include "ctl/write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "api/ip_pool.h"
#include "api/policy.h"
#include "api/tier.h"
#include "client/objects.h"
#include "client/resources.h"
#include "store/memory.h"

namespace weft::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class WriteTest : public testing::Test {
 protected:
  /// What became of it, as lines: done ones by title, failed ones by their message.
  std::vector<std::string> write(Verb verb, std::string_view yaml, const WriteOptions& options = {}) {
    const auto documents = parse_documents(yaml, "f", {});
    EXPECT_TRUE(documents && documents->bad.empty()) << (documents ? documents->bad[0] : documents.error()).message;
    if (!documents) return {};
    std::vector<std::string> lines, failed;
    for (const auto& [where, object, result] : ctl::write(store, verb, documents->good, options)) {
      const auto& m = object.metadata();
      if (result)
        lines.push_back(client::title(*object.kind, m.name, m.namespace_));
      else
        failed.push_back("! " + where + ": " + result.error().message);
    }
    lines.insert(lines.end(), failed.begin(), failed.end());
    return lines;
  }
  static std::string tier(const std::string& name, const std::string& spec = "{order: 1}") {
    return "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: " + name + "}, spec: " + spec + "}\n";
  }
  static std::string pool(const std::string& name, const std::string& spec) {
    return "{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: \"" + name + "\"}, spec: " + spec + "}\n";
  }
  static std::string policy(const std::string& name, const std::string& spec = "{}") {
    return "{apiVersion: projectcalico.org/v3, kind: NetworkPolicy, metadata: {name: " + name + "}, spec: " + spec +
           "}\n";
  }

  store::Memory store;
};

TEST_F(WriteTest, CreatesOnce) {
  EXPECT_THAT(write(Verb::create, tier("t")), ElementsAre("Tier(t)"));
  EXPECT_THAT(write(Verb::create, tier("t", "{order: 2}")), ElementsAre("! f: resource already exists: Tier(t)"));
  EXPECT_EQ(client::get<api::Tier>(store, "t")->spec.order, 1);
  EXPECT_THAT(write(Verb::create, tier("t", "{order: 2}"), {.skip_exists = true}), ElementsAre("Tier(t)"));
  EXPECT_EQ(client::get<api::Tier>(store, "t")->spec.order, 1) << "skipped means left as it is";
}

TEST_F(WriteTest, TellsAllThatIsWrongAtOnceAlsoBetweenObjects) {
  const std::string wrong =
      policy("absent.p", "{tier: absent, ingress: [{action: Allow, notProtocol: SCTP, icmp: {type: 8}}]}");
  for (const Verb verb : {Verb::create, Verb::apply}) {
    EXPECT_THAT(write(verb, wrong),
                ElementsAre(AllOf(HasSubstr("spec.ingress[0]"), HasSubstr("resource does not exist: Tier(absent)"))));
  }
  EXPECT_FALSE(client::get<api::NetworkPolicy>(store, "absent.p", "default"));
}

TEST_F(WriteTest, TellsThatANameIsMissingWithAllElseThatIsWrong) {
  write(Verb::create, pool("q", "{cidr: 10.0.1.0/24}"));
  for (const Verb verb : {Verb::create, Verb::apply, Verb::replace}) {
    EXPECT_THAT(write(verb, pool("", "{cidr: 10.0.0.0/16, ipipMode: Always, vxlanMode: Always}")),
                ElementsAre("! f: IPPool(): spec.ipipMode: ipipMode and vxlanMode cannot both be enabled (is "
                            "\"Always\"); metadata.name: is required; spec.cidr: IPPool() CIDR overlaps with IPPool(q) "
                            "CIDR 10.0.1.0/24 (is \"10.0.0.0/16\")"));
  }
}

TEST_F(WriteTest, TellsWhatAnUpdateBreaksWithWhatTheObjectBreaksByItself) {
  write(Verb::create, pool("p", "{cidr: 10.0.0.0/16}"));
  EXPECT_THAT(write(Verb::apply, pool("p", "{cidr: 10.1.0.0/16, ipipMode: Always, vxlanMode: Always}")),
              ElementsAre(AllOf(HasSubstr("spec.ipipMode: "), HasSubstr("spec.cidr: cannot be modified"))));
}

TEST_F(WriteTest, AppliesWhetherItIsThereOrNot) {
  EXPECT_THAT(write(Verb::apply, tier("t")), ElementsAre("Tier(t)"));
  const auto before = *client::get<api::Tier>(store, "t");
  EXPECT_THAT(write(Verb::apply, tier("t", "{order: 2}")), ElementsAre("Tier(t)"));

  const auto after = *client::get<api::Tier>(store, "t");
  EXPECT_EQ(after.spec.order, 2);
  EXPECT_EQ(after.metadata.uid, before.metadata.uid);
  EXPECT_EQ(after.metadata.creation_timestamp, before.metadata.creation_timestamp);
}

TEST_F(WriteTest, ReplacesOnlyWhatIsThere) {
  EXPECT_THAT(write(Verb::replace, tier("t")), ElementsAre("! f: resource does not exist: Tier(t)"));
  write(Verb::create, tier("t"));
  const auto before = *client::get<api::Tier>(store, "t");
  EXPECT_THAT(write(Verb::replace, tier("t", "{order: 3}")), ElementsAre("Tier(t)"));

  const auto after = *client::get<api::Tier>(store, "t");
  EXPECT_EQ(after.spec.order, 3);
  EXPECT_EQ(after.metadata.uid, before.metadata.uid);
}

TEST_F(WriteTest, DeletesOnlyWhatIsThere) {
  EXPECT_THAT(write(Verb::remove, tier("t")), ElementsAre("! f: resource does not exist: Tier(t)"));
  EXPECT_THAT(write(Verb::remove, tier("t"), {.skip_not_exists = true}), ElementsAre("Tier(t)"));
  write(Verb::create, tier("t"));
  EXPECT_THAT(write(Verb::remove, tier("t")), ElementsAre("Tier(t)"));
  EXPECT_FALSE(client::get<api::Tier>(store, "t"));
}

TEST_F(WriteTest, RefusesToReplaceWhatSomebodyChangedSinceItWasRead) {
  write(Verb::create, tier("t"));
  const auto mine = *client::get<api::Tier>(store, "t");
  write(Verb::apply, tier("t", "{order: 2}"));
  const std::string stale = "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: t, resourceVersion: \"" +
                            mine.metadata.resource_version + "\"}, spec: {order: 9}}";

  EXPECT_THAT(write(Verb::replace, stale), ElementsAre("! f: update conflict: Tier(t)"));
  EXPECT_THAT(write(Verb::apply, stale), ElementsAre("! f: update conflict: Tier(t)"));
  EXPECT_EQ(client::get<api::Tier>(store, "t")->spec.order, 2);
}

TEST_F(WriteTest, PutsBackWhatWasShownAndDeleted) {
  const std::string shown =
      "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: t, resourceVersion: \"7\"}, spec: {order: 9}}";
  EXPECT_THAT(write(Verb::replace, shown), ElementsAre("! f: resource does not exist: Tier(t)"));
  EXPECT_THAT(write(Verb::apply, shown), ElementsAre("Tier(t)"));
  EXPECT_EQ(client::get<api::Tier>(store, "t")->spec.order, 9);
}

TEST_F(WriteTest, KeepsOfTheMetadataWhatUsersGive) {
  const std::string given =
      "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: t, uid: u, creationTimestamp: "
      "\"2020-01-01T00:00:00Z\", generateName: g-, generation: 5, finalizers: [f], labels: {a: b}, annotations: "
      "{c: d}}, spec: {order: 1}}";
  for (const Verb verb : {Verb::create, Verb::apply}) {
    ASSERT_THAT(write(verb, given), ElementsAre("Tier(t)"));
    const auto stored = client::get<api::Tier>(store, "t")->metadata;
    EXPECT_NE(stored.uid, "u");
    EXPECT_NE(stored.creation_timestamp, "2020-01-01T00:00:00Z");
    EXPECT_EQ(stored.generate_name, "");
    EXPECT_EQ(stored.extra, schema::Extra());
    EXPECT_EQ(stored.labels, (api::Labels{{"a", "b"}}));
    EXPECT_EQ(stored.annotations, (api::Labels{{"c", "d"}}));
  }
}

TEST_F(WriteTest, LeavesMetadataOfOthersInPlace) {
  ASSERT_TRUE(store.put("/calico/resources/v3/projectcalico.org/tiers/t",
                        R"({"kind":"Tier","apiVersion":"projectcalico.org/v3","metadata":{"name":"t","uid":"u",)"
                        R"("creationTimestamp":"2020-01-01T00:00:00Z","finalizers":["f"]},"spec":{"order":1}})"));
  EXPECT_THAT(write(Verb::apply, tier("t", "{order: 2}")), ElementsAre("Tier(t)"));
  EXPECT_THAT((*store.get("/calico/resources/v3/projectcalico.org/tiers/t"))->value,
              HasSubstr(R"("creationTimestamp":"2020-01-01T00:00:00Z","finalizers":["f"]},"spec":{"order":2)"));
}

TEST_F(WriteTest, HoldsBackNothingBecauseOfOneThatFails) {
  EXPECT_THAT(write(Verb::create, tier("a") + "---\n" + tier("a") + "---\n" + tier("b")),
              ElementsAre("Tier(a)", "Tier(b)", "! f, document 2: resource already exists: Tier(a)"));
}

TEST_F(WriteTest, PutsPoliciesOnlyIntoTiersThatExist) {
  EXPECT_THAT(write(Verb::create, policy("a", "{tier: t}")),
              ElementsAre("! f: NetworkPolicy(default/a): spec.tier: resource does not exist: Tier(t) (is \"t\")"));
  EXPECT_THAT(write(Verb::create, policy("a")), ElementsAre("NetworkPolicy(default/a)")) << "of the default tier";
  EXPECT_THAT(write(Verb::create, tier("t") + "---\n" + policy("b", "{tier: t}")),
              ElementsAre("Tier(t)", "NetworkPolicy(default/b)"));
  EXPECT_THAT(write(Verb::create,
                    "{apiVersion: projectcalico.org/v3, kind: GlobalNetworkPolicy, metadata: {name: g}, spec: {tier: "
                    "u}}"),
              ElementsAre("! f: GlobalNetworkPolicy(g): spec.tier: resource does not exist: Tier(u) (is \"u\")"));
}

TEST_F(WriteTest, KeepsTiersThatAreNeeded) {
  for (const auto& [name, spec] :
       std::map<std::string, std::string>{{"default", "{}"},
                                          {"kube-admin", "{order: 1000, defaultAction: Pass}"},
                                          {"kube-baseline", "{order: 10000000, defaultAction: Pass}"}}) {
    EXPECT_THAT(write(Verb::remove, tier(name, spec)), ElementsAre("! f: operation delete is not supported on Tier(" +
                                                                   name + "): Cannot delete " + name + " tier"));
  }
  write(Verb::create, tier("t") + "---\n" + policy("a", "{tier: t}"));
  EXPECT_TRUE(client::get<api::Tier>(store, "default"));
  EXPECT_THAT(write(Verb::remove, tier("t")),
              ElementsAre("! f: operation delete is not supported on Tier(t): Cannot delete a non-empty tier: "
                          "NetworkPolicy(default/a) is in it"));
  EXPECT_THAT(write(Verb::remove, policy("a") + "---\n" + tier("t")),
              ElementsAre("NetworkPolicy(default/a)", "Tier(t)"));
}

TEST_F(WriteTest, LeavesPoliciesCopiedFromKubernetesToControllers) {
  EXPECT_THAT(
      write(Verb::apply, policy("knp.default.x")),
      ElementsAre(HasSubstr("NetworkPolicy(default/knp.default.x): kubernetes network policies must be managed")));
  EXPECT_THAT(write(Verb::apply, policy("knp.default.x"), {.controller = true}),
              ElementsAre("NetworkPolicy(default/knp.default.x)"));
  EXPECT_THAT(write(Verb::remove, policy("knp.default.x")), ElementsAre(HasSubstr("knp.default.")));
  EXPECT_THAT(write(Verb::create,
                    "{apiVersion: projectcalico.org/v3, kind: GlobalNetworkSet, metadata: {name: "
                    "knp.default.x}}"),
              ElementsAre("GlobalNetworkSet(knp.default.x)"))
      << "only policies are copied";
}

TEST_F(WriteTest, LeavesClusterInformationToNodes) {
  const std::string information =
      "{apiVersion: projectcalico.org/v3, kind: ClusterInformation, metadata: {name: default}, spec: {}}";
  for (const auto verb : {Verb::create, Verb::apply, Verb::replace, Verb::remove})
    EXPECT_THAT(write(verb, information), ElementsAre(HasSubstr("is not supported on ClusterInformation(default)")));
}

TEST_F(WriteTest, MakesWhatAlwaysExistsFirst) {
  write(Verb::apply, tier("t"));
  EXPECT_TRUE(client::get<api::Tier>(store, "default"));
  EXPECT_TRUE(client::get<api::Tier>(store, "kube-admin"));
}

TEST_F(WriteTest, ChangesNothingThatIsImmutable) {
  const std::string pool =
      "{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: p}, spec: {cidr: 10.0.0.0/16}}";
  write(Verb::create, pool);
  EXPECT_THAT(write(Verb::apply,
                    "{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: p}, spec: {cidr: "
                    "10.1.0.0/16}}"),
              ElementsAre(HasSubstr("IPPool(p): spec.cidr")));
  EXPECT_EQ(net::to_string(client::get<api::IpPool>(store, "p")->spec.cidr), "10.0.0.0/16");
}

TEST_F(WriteTest, SaysWhyNothingHappensWithoutAStore) {
  store.set_available(false);
  const auto lines = write(Verb::create, tier("t"));
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0][0], '!');
}

/// Many objects go another way: staged, in few transactions.
TEST_F(WriteTest, WritesManyInFewTransactions) {
  const auto many = [&](int count, const std::string& spec) {
    std::string yaml;
    for (int i = 0; i < count; ++i) yaml += (i ? "---\n" : "") + tier("t" + std::to_string(i), spec);
    return yaml;
  };
  write(Verb::apply, tier("t7", "{order: 7}") + "---\n" + tier("t9", "{order: 9}"));
  const auto before = *client::get<api::Tier>(store, "t7");
  const auto revision = store.list("/")->revision;

  EXPECT_EQ(write(Verb::apply, many(250, "{order: 2}")).size(), 250u);
  EXPECT_EQ(store.list("/")->revision, revision + 3) << "a hundred a transaction";
  const auto after = *client::get<api::Tier>(store, "t7");
  EXPECT_EQ(after.spec.order, 2);
  EXPECT_EQ(after.metadata.uid, before.metadata.uid);

  const auto again = write(Verb::create, many(300, "{order: 3}"));
  EXPECT_THAT(std::count_if(again.begin(), again.end(), [](const auto& line) { return line.starts_with('!'); }), 250);
  EXPECT_EQ(client::get<api::Tier>(store, "t0")->spec.order, 2);
  EXPECT_EQ(client::get<api::Tier>(store, "t299")->spec.order, 3);

  const auto twice = write(Verb::apply, many(40, "{order: 4}") + "---\n" + tier("t0", "{order: 5}"));
  EXPECT_THAT(twice, testing::Not(testing::Contains(testing::StartsWith("!"))));
  EXPECT_EQ(client::get<api::Tier>(store, "t0")->spec.order, 5) << "the later document wins";
}

TEST_F(WriteTest, WritesNothingInADryRun) {
  write(Verb::create, tier("t"));
  const auto revision = store.list("/")->revision;
  EXPECT_THAT(write(Verb::apply, tier("t", "{order: 2}") + "---\n" + tier("u") + "---\n" + policy("a", "{tier: u}"),
                    {.dry_run = true}),
              ElementsAre("Tier(t)", "Tier(u)", "NetworkPolicy(default/a)"));
  EXPECT_THAT(write(Verb::create, tier("t"), {.dry_run = true}), ElementsAre("! f: resource already exists: Tier(t)"));
  EXPECT_THAT(write(Verb::remove, tier("t"), {.dry_run = true}), ElementsAre("Tier(t)"));
  EXPECT_EQ(store.list("/")->revision, revision);
}

/// However many transactions are overtaken: each object is written by itself then, against what is there.
TEST_F(WriteTest, TriesAgainOneByOneWhenManyAreOvertaken) {
  std::string yaml;
  for (int i = 0; i < 150; ++i) yaml += (i ? "---\n" : "") + tier("t" + std::to_string(i), "{order: 2}");
  std::atomic<int> together = 0;
  store.refuse([&](std::span<const store::Op> ops) -> Result<> {
    if (ops.size() == 1) return {};
    ++together;
    return fail(Code::conflict, "overtaken");
  });
  const auto lines = write(Verb::apply, yaml);
  EXPECT_GE(together, 2);
  EXPECT_THAT(lines, testing::Not(testing::Contains(testing::StartsWith("!"))));
  EXPECT_EQ(client::list<api::Tier>(store)->items.size(), 153u);
}

}  // namespace
}  // namespace weft::ctl
