#include "ctl/ipam.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "ctl/migrate.h"
#include "ipam/ipam.h"
#include "store/memory.h"
#include "test/folder.h"

namespace weft::ctl {
namespace {

TEST(IpamTableTest, HasBoxesAroundItsCells) {
  EXPECT_EQ(boxed({{"GROUPING", "CIDR"}, {"IP Pool", "10.65.0.0/16"}, {"Block", "10.65.0.0/26"}}),
            "+----------+--------------+\n"
            "| GROUPING | CIDR         |\n"
            "+----------+--------------+\n"
            "| IP Pool  | 10.65.0.0/16 |\n"
            "| Block    | 10.65.0.0/26 |\n"
            "+----------+--------------+\n");
}

TEST(IpamTableTest, HasNumbersAtTheRight) {
  EXPECT_EQ(boxed({{"CIDR", "IPS"}, {"10.65.0.0/16", "4"}}, 1),
            "+--------------+-----+\n"
            "| CIDR         | IPS |\n"
            "+--------------+-----+\n"
            "| 10.65.0.0/16 |   4 |\n"
            "+--------------+-----+\n");
}

TEST(IpamTableTest, HasAHeadingWhenThereIsNothing) { EXPECT_EQ(boxed({{"IP"}}), "+----+\n| IP |\n+----+\n+----+\n"); }

TEST(IpamShareTest, RoundsToWholePercents) {
  EXPECT_EQ(share(12, 64), "12 (19%)");
  EXPECT_EQ(share(0, 64), "0 (0%)");
  EXPECT_EQ(share(64, 64), "64 (100%)");
  EXPECT_EQ(share(1, 65536), "1 (0%)");
  EXPECT_EQ(share(0, 0), "0 (0%)");
}

TEST(IpamShareTest, WritesHugeNumbersWithAnExponent) {
  EXPECT_EQ(share(std::ldexp(1, 80), std::ldexp(1, 80)), "1.2089e+24 (100%)");
}

using testing::HasSubstr;
using testing::Not;

class IpamCommandTest : public testing::Test {
 protected:
  IpamCommandTest() {
    put("nodes/n1", R"({"kind":"Node","metadata":{"name":"n1"},"spec":{}})");
    put("nodes/n2", R"({"kind":"Node","metadata":{"name":"n2"},"spec":{}})");
    put("ippools/p", R"({"kind":"IPPool","metadata":{"name":"p"},"spec":{"cidr":"10.65.0.0/28","blockSize":29,)"
                     R"("allowedUses":["Workload","Tunnel"],"assignmentMode":"Automatic"}})");
    put("clusterinformations/default",
        R"({"kind":"ClusterInformation","metadata":{"name":"default"},"spec":{"clusterGUID":"77","datastoreReady":true}})");
  }
  void put(const std::string& path, const std::string& value) {
    ASSERT_TRUE(store.put("/calico/resources/v3/projectcalico.org/" + path, value));
  }
  void assign(const std::string& ip, const std::string& handle, std::map<std::string, std::string> attributes,
              const std::string& node = "n1") {
    const auto taken = ipam::Ipam(store).assign_ips(
        {.node = node, .owner = {handle, std::move(attributes)}, .ips = {*net::Ip::parse(ip)}});
    ASSERT_TRUE(taken) << taken.error().message;
  }
  /// What a command prints; the standard error behind it, and the status unless it is 0.
  static std::string said(const std::function<int()>& command) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int status = command();
    std::string text = testing::internal::GetCapturedStdout();
    text += testing::internal::GetCapturedStderr();
    return status == 0 ? text : text + "exit " + std::to_string(status);
  }
  std::string show(const IpamShow& words, Voice voice = Voice::calicoctl) {
    return said([&] { return show_ipam(store, words, voice); });
  }
  std::string check(const IpamCheck& words = {}, Voice voice = Voice::calicoctl) {
    return said([&] { return check_ipam(store, words, voice); });
  }
  std::string release(const IpamRelease& words) {
    return said([&] { return release_ipam(store, words, Voice::calicoctl); });
  }
  std::string split(const IpamSplit& words) {
    return said([&] { return split_pool(store, words, Voice::calicoctl); });
  }
  std::string configure(const IpamConfigure& words) {
    return said([&] { return configure_ipam(store, words, Voice::calicoctl); });
  }

  store::Memory store;
  test::Folder folder;
};

TEST_F(IpamCommandTest, ShowsHowFullPoolsAndBlocksAre) {
  assign("10.65.0.1", "h", {});
  EXPECT_EQ(show({.blocks = true}),
            "+----------+--------------+-----------+------------+--------------+----------+\n"
            "| GROUPING | CIDR         | IPS TOTAL | IPS IN USE | IPS RESERVED | IPS FREE |\n"
            "+----------+--------------+-----------+------------+--------------+----------+\n"
            "| IP Pool  | 10.65.0.0/28 |        16 |     1 (6%) |       0 (0%) | 15 (94%) |\n"
            "| Block    | 10.65.0.0/29 |         8 |    1 (12%) |       0 (0%) |  7 (88%) |\n"
            "+----------+--------------+-----------+------------+--------------+----------+\n");
}

TEST_F(IpamCommandTest, ShowsWhoHasAnAddress) {
  assign("10.65.0.1", "h", {{"pod", "web"}, {"namespace", "shop"}});
  EXPECT_EQ(show({.ip = "10.65.0.1"}),
            "IP 10.65.0.1 is in use\nHandle ID: h\nActive Owner Attributes:\n  namespace: shop\n  pod: web\n");
  EXPECT_EQ(show({.ip = "10.65.0.2"}), "10.65.0.2 is not assigned\n");
  EXPECT_EQ(show({.ip = "10.65"}), "Error executing command: invalid IP address specified: 10.65\nexit 1");
  EXPECT_EQ(show({.ip = "10.65.0.2"}, Voice::weft), "IP 10.65.0.2 is not assigned to anybody\n");
}

TEST_F(IpamCommandTest, ShowsBorrowedAddresses) {
  assign("10.65.0.1", "h", {{"node", "n1"}, {"pod", "web"}, {"namespace", "shop"}});
  assign("10.65.0.2", "i", {{"node", "n2"}, {"pod", "db"}, {"namespace", "shop"}}, "n2");
  assign("10.65.0.3", "j", {});
  EXPECT_EQ(show({.borrowed = true}),
            "+-----------+----------------+--------------+-------------+------+--------------+\n"
            "| IP        | BORROWING-NODE | BLOCK        | BLOCK OWNER | TYPE | ALLOCATED-TO |\n"
            "+-----------+----------------+--------------+-------------+------+--------------+\n"
            "| 10.65.0.2 | n2             | 10.65.0.0/29 | n1          | pod  | shop/db      |\n"
            "+-----------+----------------+--------------+-------------+------+--------------+\n"
            "\nNote: found 1 IP allocations without an explicit node association. Unable to determine if they are "
            "borrowed.\n");
}

TEST_F(IpamCommandTest, ConfiguresAndShowsIt) {
  EXPECT_EQ(configure({}), "at least one configuration option must be specified\nexit 1");
  EXPECT_EQ(configure({.strict_affinity = "maybe"}), "invalid value. Use true or false to set strictaffinity\nexit 1");
  EXPECT_EQ(configure({.max_blocks = "x"}), "invalid value for maxblockhost. Use a valid number\nexit 1");
  EXPECT_EQ(configure({.max_blocks = "3"}), "error: MaxBlocksPerHost requires StrictAffinity to be enabled\nexit 1");
  EXPECT_EQ(configure({.persistence = "On"}),
            "invalid value for --kubevirt-ip-persistence. Use Enabled or Disabled\nexit 1");
  EXPECT_EQ(configure({.strict_affinity = "true", .max_blocks = "3", .persistence = "Disabled", .cooldown = 30}),
            "Successfully set StrictAffinity to: true\nSuccessfully set MaxBlocksPerHost to: 3\n"
            "Successfully set KubeVirtVMAddressPersistence to: Disabled\nSuccessfully set IPCooldownSeconds to: 30\n");
  EXPECT_EQ(show({.configuration = true}),
            "+------------------------------+----------+\n"
            "| PROPERTY                     | VALUE    |\n"
            "+------------------------------+----------+\n"
            "| StrictAffinity               | true     |\n"
            "| AutoAllocateBlocks           | true     |\n"
            "| MaxBlocksPerHost             | 3        |\n"
            "| KubeVirtVMAddressPersistence | Disabled |\n"
            "| IPCooldownSeconds            | 30       |\n"
            "+------------------------------+----------+\n");
}

TEST_F(IpamCommandTest, ReleasesOneAddress) {
  assign("10.65.0.1", "h", {});
  EXPECT_EQ(release({.ip = "10.65.0.1"}), "Successfully released IP address 10.65.0.1\n");
  EXPECT_EQ(release({.ip = "10.65.0.1"}), "IP address 10.65.0.1 is not assigned\nexit 1");
  EXPECT_EQ(release({.ip = "x"}), "Error executing command: invalid IP address specified: x\nexit 1");
}

TEST_F(IpamCommandTest, ChecksSectionBySection) {
  assign("10.65.0.1", "net.used", {{"node", "n1"}});
  assign("10.65.0.2", "net.leaked", {{"node", "n1"}, {"pod", "web"}});
  put("workloadendpoints/shop/n1-k8s-db-eth0",
      R"({"kind":"WorkloadEndpoint","metadata":{"name":"n1-k8s-db-eth0","namespace":"shop"},)"
      R"("spec":{"ipNetworks":["10.65.0.1/32","10.65.0.9/32","10.99.0.1/32"]}})");
  ASSERT_TRUE(store.put("/calico/ipam/v2/handle/net.empty", R"({"block":{},"deleted":false})"));

  const auto text = check({.problems = true});

  for (const auto* line :
       {"Checking IPAM for inconsistencies...\n\n",
        "Found 1 IPAM blocks.\n IPAM block 10.65.0.0/29 affinity=host:n1:\n", "IPAM blocks record 2 allocations.\n",
        "  10.65.0.0/28\nFound 1 active IP pools.\n", "Found 0 node tunnel IPs.\n",
        "Found 3 workload IPs.\nWorkloads and nodes are using 3 IPs.\n",
        "  n1 has 2 allocations\nNode with most allocations has 2; median is 2\n",
        "  10.65.0.2 leaked; attrs Main:net.leaked Extra:node=n1,pod=web\n",
        "Found 1 IPs that are allocated in IPAM but not actually in use.\n",
        "  10.99.0.1 in use by Workload(shop/n1-k8s-db-eth0) is not in any active IP pool.\n",
        "  10.65.0.9 in use by Workload(shop/n1-k8s-db-eth0) and in active IPAM pool but has no IPAM allocation.\n",
        "Found 1 handles with no matching IPs (and 2 handles with matches).\n", "Found 0 invalid IPAMBlocks.\n",
        "Check complete; found 4 problems.\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  EXPECT_THAT(text, Not(HasSubstr("exit")));
  EXPECT_THAT(check({.all = true}), HasSubstr("  10.65.0.1 allocated; attrs Main:net.used Extra:node=n1\n"));
  EXPECT_THAT(check({}, Voice::weft), HasSubstr("leaked: 10.65.0.2 in block 10.65.0.0/29, handle net.leaked"));
  EXPECT_THAT(check({}, Voice::weft), HasSubstr("exit 1"));
}

TEST_F(IpamCommandTest, ReleasesWhatAllReportsSayIsLeaked) {
  const std::string first = folder.path() + "/first.json", second = folder.path() + "/second.json";
  assign("10.65.0.1", "net.leaked", {{"node", "n1"}});
  assign("10.65.0.2", "net.later", {});
  ASSERT_TRUE(store.put("/calico/ipam/v2/handle/net.empty", R"({"block":{},"deleted":false})"));
  check({.output = first});
  EXPECT_THAT(release({.reports = {first}}), HasSubstr("data store is not locked"));
  ASSERT_TRUE(ipam::Ipam(store).release_handles({"net.later"}));
  ASSERT_TRUE(lock(store, true));
  EXPECT_THAT(release({.reports = {first}}), HasSubstr("reports are all stale"));
  assign("10.65.0.2", "net.later", {});
  check({.output = second});

  EXPECT_EQ(release({.reports = {first, second}}),
            "Releasing 1 old IPs...\nReleased 1 IPs successfully\nDeleting 1 handles...\n"
            "Released 1 handles; 0 skipped; 0 errors.\nYou may now unlock the data store.\n");

  EXPECT_THAT(show({.ip = "10.65.0.1"}), HasSubstr("is not assigned"));
  EXPECT_THAT(show({.ip = "10.65.0.2"}), HasSubstr("is in use")) << "it is not the allocation of the first report";
  std::string other = *read_file(second);
  other.replace(other.find("\"77\""), 4, "\"78\"");
  ASSERT_TRUE(write_file_atomic(second, other));
  EXPECT_THAT(release({.reports = {second}, .force = true}), HasSubstr("mismatched cluster GUID. Refusing to release"));
}

TEST_F(IpamCommandTest, WritesReportsAsCalicoctlDoes) {
  assign("10.65.0.1", "net.a", {{"node", "n2"}, {"pod", "web"}, {"namespace", "shop"}, {"timestamp", "t"}});
  const auto found = ipam::check(store);
  const auto report = *schema::parse_json(to_json(*found));
  const auto* each = report.at("allocations", "10.65.0.1", "0");
  ASSERT_NE(each, nullptr);
  schema::Object expected{{"ip", "10.65.0.1"},
                          {"handle", "net.a"},
                          {"sequenceNumber", found->allocations[0].sequence},
                          {"pod", "web"},
                          {"namespace", "shop"},
                          {"node", "n2"},
                          {"creationTimestamp", "t"},
                          {"inUse", false},
                          {"borrowed", true},
                          {"owners", nullptr}};
  EXPECT_EQ(schema::to_json(*each), schema::to_json(expected));
  EXPECT_EQ(report.text("clusterGUID"), "77");
  const auto parsed = parse_report(to_json(*found));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->leaks, ipam::leaks_of(*found));
}

TEST_F(IpamCommandTest, SplitsAPoolOfALockedStore) {
  EXPECT_THAT(split({.parts = "2", .name = "p"}), HasSubstr("datastore is not locked"));
  ASSERT_TRUE(lock(store, true));
  EXPECT_THAT(split({.parts = "2"}), HasSubstr("no name or CIDR provided"));
  EXPECT_THAT(split({.parts = "x", .name = "p"}), HasSubstr("x is not a valid number"));
  EXPECT_THAT(split({.parts = "3", .name = "p"}), HasSubstr("is not a valid power of 2: 3"));
  EXPECT_THAT(split({.parts = "4", .name = "p"}), HasSubstr("not large enough to be split into 4 parts"));
  EXPECT_THAT(split({.parts = "2", .name = "q"}), HasSubstr("unable to find IP pool with name q"));

  EXPECT_EQ(split({.parts = "2", .cidr = "10.65.0.0/28"}),
            "IP Pool p was successfully split into 2 smaller pools.\nCreated split-p-0 with CIDR 10.65.0.0/29.\n"
            "Created split-p-1 with CIDR 10.65.0.8/29.\nPlease refer to the documentation for final steps.\n");

  EXPECT_THAT(show({}), HasSubstr("| IP Pool  | 10.65.0.8/29 |"));
  EXPECT_THAT(show({}), Not(HasSubstr("10.65.0.0/28")));
}

}  // namespace
}  // namespace weft::ctl
