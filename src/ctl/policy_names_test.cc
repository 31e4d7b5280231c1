#include "ctl/policy_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/objects.h"
#include "store/memory.h"

namespace weft::ctl {
namespace {

const std::string folder = "/calico/resources/v3/projectcalico.org/";

std::string policy(const std::string& kind, const std::string& name, const std::string& spec = "{}") {
  const std::string space = kind == "NetworkPolicy" ? R"("namespace":"shop",)" : "";
  return R"({"kind":")" + kind + R"(","apiVersion":"projectcalico.org/v3","metadata":{)" + space + R"("name":")" +
         name + R"(","uid":"u","creationTimestamp":"2020-01-01T00:00:00Z"},"spec":)" + spec + "}";
}

TEST(PolicyNames, LoseThePrefixOfTheDefaultTier) {
  store::Memory store;
  const std::string global = folder + "globalnetworkpolicies/", spaced = folder + "networkpolicies/shop/";
  const auto put = [&](const std::string& key, const std::string& value) { ASSERT_TRUE(store.put(key, value)); };
  put(global + "default.old", policy("GlobalNetworkPolicy", "default.old", R"({"order":7})"));
  put(global + "mine.x", policy("GlobalNetworkPolicy", "mine.x", R"({"tier":"mine"})"));
  put(global + "new", policy("GlobalNetworkPolicy", "new"));
  put(global + "unreadable", "{");
  put(spaced + "default.web", policy("NetworkPolicy", "default.web", R"({"tier":"default"})"));
  put(spaced + "knp.default.k8s", policy("NetworkPolicy", "knp.default.k8s"));
  put(folder + "stagedglobalnetworkpolicies/default.s", policy("StagedGlobalNetworkPolicy", "default.s"));

  const auto count = migrate_policy_names(store);
  ASSERT_TRUE(count) << count.error().message;
  EXPECT_EQ(*count, 3u);

  std::vector<std::string> keys;
  const auto listing = store.list(folder);
  for (const auto& entry : listing->entries) keys.push_back(entry.key.substr(folder.size()));
  EXPECT_THAT(keys, testing::ElementsAre("globalnetworkpolicies/mine.x", "globalnetworkpolicies/new",
                                         "globalnetworkpolicies/old", "globalnetworkpolicies/unreadable",
                                         "networkpolicies/shop/knp.default.k8s", "networkpolicies/shop/web",
                                         "stagedglobalnetworkpolicies/s"));
  const auto moved = client::get(store, *api::find_kind("GlobalNetworkPolicy"), "old");
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_EQ(moved->metadata().uid, "u");
  EXPECT_THAT(moved->stored(), testing::HasSubstr(R"("order":7)"));
  EXPECT_EQ(migrate_policy_names(store), 0u) << "it may be run again";
}

TEST(PolicyNames, LeaveWhatIsThereUnderTheNewName) {
  store::Memory store;
  const std::string global = folder + "globalnetworkpolicies/";
  ASSERT_TRUE(store.put(global + "default.a", policy("GlobalNetworkPolicy", "default.a", R"({"order":1})")));
  ASSERT_TRUE(store.put(global + "a", policy("GlobalNetworkPolicy", "a", R"({"order":2})")));

  EXPECT_EQ(migrate_policy_names(store), 1u);

  EXPECT_FALSE((*store.get(global + "default.a")).has_value());
  EXPECT_THAT((*store.get(global + "a"))->value, testing::HasSubstr(R"("order":2)"));
}

}  // namespace
}  // namespace weft::ctl
