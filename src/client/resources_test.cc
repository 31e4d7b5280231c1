#include "client/resources.h"

#include <gtest/gtest.h>

#include "api/changes.h"
#include "store/memory.h"

using namespace weft;
using namespace weft::client;

namespace {

api::IpPool pool(std::string name, std::string_view cidr = "10.0.0.0/8") {
  api::IpPool made;
  made.metadata.name = std::move(name);
  made.spec.cidr = *net::Cidr::parse(cidr);
  return made;
}

class ResourcesTest : public testing::Test {
 protected:
  store::Memory store;
};

}  // namespace

TEST_F(ResourcesTest, CreatesWithDefaultsUidTimeAndRevision) {
  auto made = pool("p");

  ASSERT_TRUE(create(store, made));

  const auto there = get<api::IpPool>(store, "p");
  ASSERT_TRUE(there) << there.error().message;
  EXPECT_EQ(*there, made);
  EXPECT_EQ(there->spec.block_size, 26);
  EXPECT_EQ(there->metadata.uid.size(), 36u);
  EXPECT_EQ(there->metadata.creation_timestamp.size(), 20u);
  EXPECT_NE(there->metadata.resource_version, "");
}

TEST_F(ResourcesTest, NamesTheObjectThatIsThereAlreadyOrMissing) {
  auto made = pool("p"), again = pool("p");
  ASSERT_TRUE(create(store, made));

  EXPECT_EQ(create(store, again).error(), (Error{Code::exists, "resource already exists: IPPool(p)"}));
  EXPECT_EQ(get<api::NetworkSet>(store, "s", "ns").error(),
            (Error{Code::not_found, "resource does not exist: NetworkSet(ns/s)"}));
  EXPECT_EQ(remove<api::IpPool>(store, "q").error().code, Code::not_found);
}

TEST_F(ResourcesTest, RefusesAnUpdateThatSomebodyOvertook) {
  auto mine = pool("p");
  ASSERT_TRUE(create(store, mine));
  auto theirs = *get<api::IpPool>(store, "p");
  theirs.spec.disabled = true;
  ASSERT_TRUE(update(store, theirs));

  mine.spec.nat_outgoing = true;

  EXPECT_EQ(update(store, mine).error().code, Code::conflict);
  EXPECT_FALSE(get<api::IpPool>(store, "p")->spec.nat_outgoing);
}

TEST_F(ResourcesTest, AppliesOverWhatIsThereKeepingUidAndTime) {
  auto first = pool("p");
  ASSERT_TRUE(apply(store, first));
  auto second = pool("p");
  second.spec.disabled = true;

  const auto applied = apply(store, second);
  ASSERT_TRUE(applied) << applied.error().message;

  const auto there = *get<api::IpPool>(store, "p");
  EXPECT_TRUE(there.spec.disabled);
  EXPECT_EQ(there.metadata.uid, first.metadata.uid);
  EXPECT_EQ(there.metadata.creation_timestamp, first.metadata.creation_timestamp);
}

TEST_F(ResourcesTest, ModifiesAgainWhenSomebodyWasFaster) {
  auto made = pool("p");
  ASSERT_TRUE(create(store, made));
  int calls = 0;

  const auto modified = modify<api::IpPool>(store, "p", [&](api::IpPool& object) -> Result<> {
    if (++calls == 1) {  // somebody writes between our read and our write
      auto theirs = *get<api::IpPool>(store, "p");
      theirs.spec.disable_bgp_export = true;
      EXPECT_TRUE(update(store, theirs));
    }
    object.spec.disabled = true;
    return {};
  });

  ASSERT_TRUE(modified);
  EXPECT_EQ(calls, 2);
  EXPECT_TRUE(modified->spec.disabled && modified->spec.disable_bgp_export);
}

TEST_F(ResourcesTest, ListsWhatDecodesAndNamesTheRest) {
  auto made = pool("p");
  ASSERT_TRUE(create(store, made));
  ASSERT_TRUE(store.put("/calico/resources/v3/projectcalico.org/ippools/bad", "{"));

  const auto all = list<api::IpPool>(store);

  ASSERT_TRUE(all);
  ASSERT_EQ(all->items.size(), 1u);
  ASSERT_EQ(all->undecodable.size(), 1u);
  EXPECT_TRUE(all->undecodable[0].message.starts_with("/calico/resources/v3/projectcalico.org/ippools/bad: line 1"));
}

TEST_F(ResourcesTest, KeepsWhatANewerCalicoWrote) {
  ASSERT_TRUE(store.put("/calico/resources/v3/projectcalico.org/ippools/p",
                        R"({"metadata":{"name":"p"},"spec":{"cidr":"10.0.0.0/8","newer":{"a":1}}})"));

  ASSERT_TRUE(modify<api::IpPool>(store, "p", [](api::IpPool& object) -> Result<> {
    object.spec.disabled = true;
    return {};
  }));

  const auto entry = store.get("/calico/resources/v3/projectcalico.org/ippools/p");
  EXPECT_NE((*entry)->value.find(R"("newer":{"a":1})"), std::string::npos) << (*entry)->value;
}

TEST_F(ResourcesTest, ShowsTheProfileThatIsNeverStored) {
  const auto all = list<api::Profile>(store);
  ASSERT_EQ(all->items.size(), 1u);
  EXPECT_EQ(all->items[0].metadata.name, "projectcalico-default-allow");
  EXPECT_EQ(get<api::Profile>(store, "projectcalico-default-allow")->metadata.resource_version, "1");

  api::Profile profile;
  profile.metadata.name = "projectcalico-default-allow";
  EXPECT_FALSE(create(store, profile));
}

TEST_F(ResourcesTest, MakesWhatAlwaysExistsOnce) {
  ASSERT_TRUE(ensure_initialized(store));
  const auto guid = get<api::ClusterInformation>(store, "default")->spec.cluster_guid;

  ASSERT_TRUE(ensure_initialized(store));

  EXPECT_EQ(guid.size(), 32u);
  EXPECT_EQ(get<api::ClusterInformation>(store, "default")->spec.cluster_guid, guid);
  EXPECT_EQ(list<api::Tier>(store)->items.size(), 3u);
  EXPECT_EQ(get<api::Tier>(store, "kube-baseline")->spec.order, 10000000);
}
