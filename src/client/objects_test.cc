#include "client/objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/policy.h"
#include "api/tier.h"
#include "client/resources.h"
#include "store/memory.h"

namespace weft::client {
namespace {

using testing::HasSubstr;

class ObjectsTest : public testing::Test {
 protected:
  static const api::Kind& kind(std::string_view name) { return *api::find_kind(name); }
  static api::Object object(std::string_view kind_name, const std::string& name, const std::string& namespace_ = {}) {
    api::Object made{&kind(kind_name), kind(kind_name).make()};
    made.metadata().name = name;
    made.metadata().namespace_ = namespace_;
    return made;
  }
  static api::Object tier(double order, const std::string& revision = {}) {
    auto made = object("Tier", "t");
    static_cast<api::Tier*>(made.data.get())->spec.order = order;
    made.metadata().resource_version = revision;
    return made;
  }
  double order() { return *get<api::Tier>(store, "t")->spec.order; }

  store::Memory store;
};

TEST_F(ObjectsTest, HaveATitle) {
  EXPECT_EQ(title(kind("Tier"), "t", ""), "Tier(t)");
  EXPECT_EQ(title(kind("NetworkPolicy"), "web", "shop"), "NetworkPolicy(shop/web)");
}

TEST_F(ObjectsTest, AreListedByNamespaceOrAll) {
  for (const auto* namespace_ : {"a", "ab", "b"}) ASSERT_TRUE(create(store, object("NetworkSet", "s", namespace_)));
  EXPECT_EQ(list(store, kind("NetworkSet"), "a")->items.size(), 1u) << "ab is another one";
  const auto all = list(store, kind("NetworkSet"));
  EXPECT_EQ(all->items.size(), 3u);
  EXPECT_GT(all->revision, 0);
  EXPECT_EQ(get(store, kind("NetworkSet"), "s", "ab")->metadata().namespace_, "ab");
}

TEST_F(ObjectsTest, NeedANameAndANamespaceWhereTheirKindHasOne) {
  EXPECT_EQ(create(store, object("NetworkSet", "s")).error(),
            (Error{Code::invalid, "NetworkSet(s): metadata.namespace: is required"}));
  for (const auto& outcome : {create(store, object("NetworkSet", "")), apply(store, object("NetworkSet", "")),
                              replace(store, object("NetworkSet", "")), remove(store, kind("NetworkSet"), "")}) {
    EXPECT_EQ(outcome.error(),
              (Error{Code::invalid, "NetworkSet(): metadata.name: is required; metadata.namespace: is required"}));
  }
}

TEST_F(ObjectsTest, KeepTheirRules) {
  const auto bad = create(store, object("Tier", "Not a name"));
  EXPECT_EQ(bad.error().code, Code::invalid);
  EXPECT_THAT(bad.error().message, testing::StartsWith("Tier(Not a name): metadata.name: "));
  EXPECT_EQ(create(store, tier(1, "7")).error().message,
            "Tier(t): metadata.resourceVersion: must not be set for a create (is \"7\")");
  EXPECT_EQ(update(store, tier(1)).error().message, "Tier(t): metadata.resourceVersion: must be set for an update");
  EXPECT_THAT(update(store, tier(1, "x7")).error().message, HasSubstr("\"x7\" is not a revision"));
  EXPECT_THAT(update(store, tier(1, "99999999999999999999")).error().message, HasSubstr("is not a revision"));
}

TEST_F(ObjectsTest, AreReplacedOnlyWhereTheyAre) {
  EXPECT_EQ(replace(store, tier(1)).error(), (Error{Code::not_found, "resource does not exist: Tier(t)"}));
  EXPECT_FALSE(get<api::Tier>(store, "t"));
  ASSERT_TRUE(apply(store, tier(1)));
  const auto before = *get<api::Tier>(store, "t");
  ASSERT_TRUE(replace(store, tier(2)));
  const auto after = *get<api::Tier>(store, "t");
  EXPECT_EQ(after.spec.order, 2);
  EXPECT_EQ(after.metadata.uid, before.metadata.uid);
  EXPECT_EQ(after.metadata.creation_timestamp, before.metadata.creation_timestamp);
}

TEST_F(ObjectsTest, AreWrittenOverOnlyTheRevisionThatWasRead) {
  ASSERT_TRUE(apply(store, tier(1)));
  const auto read = get<api::Tier>(store, "t")->metadata.resource_version;
  ASSERT_TRUE(apply(store, tier(2, read)));
  EXPECT_EQ(apply(store, tier(3, read)).error(), (Error{Code::conflict, "update conflict: Tier(t)"}));
  EXPECT_EQ(replace(store, tier(3, read)).error().code, Code::conflict);
  EXPECT_EQ(order(), 2);
}

TEST_F(ObjectsTest, AreTriedAgainWhenOthersWriteMeanwhile) {
  ASSERT_TRUE(apply(store, tier(1)));
  int others = 0;
  store.refuse([&](std::span<const store::Op> ops) -> Result<> {
    if (ops[0].kind == store::Op::Kind::update && others++ < 3) return fail(Code::conflict, "overtaken");
    return {};
  });
  ASSERT_TRUE(apply(store, tier(5)));
  EXPECT_EQ(order(), 5);
  EXPECT_EQ(others, 4);
}

TEST_F(ObjectsTest, AreCreatedAfterAllWhenSomebodyDeletesThem) {
  ASSERT_TRUE(apply(store, tier(1)));
  bool first = true;
  store.refuse([&](std::span<const store::Op> ops) -> Result<> {
    if (ops[0].kind == store::Op::Kind::update && std::exchange(first, false)) return fail(Code::not_found, "gone");
    return {};
  });
  EXPECT_TRUE(apply(store, tier(2)));
  EXPECT_EQ(order(), 2);
}

TEST_F(ObjectsTest, AreGivenUpWhenOthersNeverStop) {
  ASSERT_TRUE(apply(store, tier(1)));
  store.refuse([&](std::span<const store::Op> ops) -> Result<> {
    if (ops[0].kind == store::Op::Kind::update) return fail(Code::conflict, "overtaken");
    return {};
  });
  EXPECT_EQ(apply(store, tier(2)).error(),
            (Error{Code::conflict, "Tier(t): changed by others 100 times while it was written"}));
}

TEST_F(ObjectsTest, AreRemovedAtARevision) {
  ASSERT_TRUE(apply(store, tier(1)));
  const auto read = std::stoll(get<api::Tier>(store, "t")->metadata.resource_version);
  ASSERT_TRUE(apply(store, tier(2)));
  EXPECT_EQ(remove(store, kind("Tier"), "t", {}, read).error().code, Code::conflict);
  EXPECT_TRUE(remove(store, kind("Tier"), "t"));
  EXPECT_EQ(remove(store, kind("Tier"), "t").error(), (Error{Code::not_found, "resource does not exist: Tier(t)"}));
}

TEST_F(ObjectsTest, IncludeAProfileThatNobodyCanChange) {
  for (const auto& outcome : {create(store, object("Profile", "projectcalico-default-allow")),
                              apply(store, object("Profile", "projectcalico-default-allow")),
                              replace(store, object("Profile", "projectcalico-default-allow")),
                              remove(store, kind("Profile"), "projectcalico-default-allow")}) {
    EXPECT_EQ(outcome.error().code, Code::denied);
    EXPECT_THAT(outcome.error().message,
                testing::HasSubstr(" is not supported on Profile(projectcalico-default-allow): "));
  }
}

TEST_F(ObjectsTest, NameTheKeyOfWhatCannotBeRead) {
  ASSERT_TRUE(store.put("/calico/resources/v3/projectcalico.org/tiers/t", "{"));
  EXPECT_THAT(get(store, kind("Tier"), "t").error().message,
              testing::StartsWith("/calico/resources/v3/projectcalico.org/tiers/t: line 1"));
}

TEST_F(ObjectsTest, SayWhichOneTheStoreDidNotAnswerFor) {
  store.set_available(false);
  const auto got = get(store, kind("Tier"), "t");
  EXPECT_EQ(got.error().code, Code::unavailable);
  EXPECT_THAT(got.error().message, testing::StartsWith("Tier(t): "));
}

TEST_F(ObjectsTest, AgreeWithOthers) {
  const auto policy = object("NetworkPolicy", "p", "n");
  EXPECT_EQ(
      create(store, policy).error(),
      (Error{Code::invalid, "NetworkPolicy(n/p): spec.tier: resource does not exist: Tier(default) (is \"default\")"}));
  ASSERT_TRUE(ensure_initialized(store));
  EXPECT_TRUE(create(store, policy));

  ASSERT_TRUE(create(store, tier(1)));
  const auto in_tier = object("GlobalNetworkPolicy", "g");
  static_cast<api::GlobalNetworkPolicy*>(in_tier.data.get())->spec.tier = "t";
  ASSERT_TRUE(create(store, in_tier));
  const auto also_in_tier = object("NetworkPolicy", "q", "n");
  static_cast<api::NetworkPolicy*>(also_in_tier.data.get())->spec.tier = "t";
  ASSERT_TRUE(create(store, also_in_tier));
  EXPECT_EQ(remove(store, kind("Tier"), "t").error(),
            (Error{Code::denied,
                   "operation delete is not supported on Tier(t): Cannot delete a non-empty tier: "
                   "GlobalNetworkPolicy(g) is in it; Cannot delete a non-empty tier: NetworkPolicy(n/q) is in it"}));
  ASSERT_TRUE(remove(store, kind("GlobalNetworkPolicy"), "g"));
  ASSERT_TRUE(remove(store, kind("NetworkPolicy"), "q", "n"));
  EXPECT_TRUE(remove(store, kind("Tier"), "t"));
}

}  // namespace
}  // namespace weft::client
