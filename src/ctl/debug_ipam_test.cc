#include "ctl/debug_ipam.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ctl/filter.h"
#include "store/memory.h"

namespace weft::ctl {
namespace {

using testing::HasSubstr;

class DebugIpamTest : public testing::Test {
 protected:
  DebugIpamTest() {
    for (const std::string name : {"node1", "node2"})
      put("/calico/resources/v3/projectcalico.org/nodes/" + name,
          R"({"kind":"Node","metadata":{"name":")" + name + R"("},"spec":{}})");
    pool("p4", R"("cidr":"10.65.0.0/24","blockSize":29,"allowedUses":["Workload","Tunnel"])");
  }
  void put(const std::string& key, const std::string& value) { ASSERT_TRUE(store.put(key, value)); }
  void pool(const std::string& name, const std::string& spec) {
    put("/calico/resources/v3/projectcalico.org/ippools/" + name, R"({"kind":"IPPool","metadata":{"name":")" + name +
                                                                      R"("},"spec":{)" + spec +
                                                                      R"(,"assignmentMode":"Automatic"}})");
  }
  /// The answer to {"op": OP, …}, without its braces.
  std::string ask(const std::string& op, const std::string& arguments = "") {
    const std::string line = R"({"op":")" + op + '"' + (arguments.empty() ? "" : ",") + arguments + '}';
    const std::string answer =
        answer_line(line, [&](const schema::Object& question) { return answer_ipam(ipam, question); });
    return answer.substr(1, answer.size() - 2);
  }
  std::string value(const std::string& key) {
    const auto entry = store.get(key);
    return entry && *entry ? (*entry)->value : "absent";
  }

  store::Memory store;
  ipam::Ipam ipam{store};
};

constexpr const char* ok = R"("ok":true)";

TEST_F(DebugIpamTest, AssignsAndReleases) {
  EXPECT_EQ(ask("autoAssign", R"("host":"node1","num4":2,"handle":"h","attrs":{"pod":"a"},"intendedUse":"Workload")"),
            R"("ok":true,"v4":{"ips":["10.65.0.208/29","10.65.0.209/29"],"requested":2})");
  EXPECT_EQ(ask("ipsByHandle", R"("handle":"h")"), R"("ok":true,"ips":["10.65.0.208","10.65.0.209"])");
  EXPECT_EQ(ask("getAttrs", R"("ip":"10.65.0.208")"), R"("ok":true,"attrs":{"handle_id":"h","secondary":{"pod":"a"}})");
  EXPECT_EQ(ask("releaseIPs", R"("ips":[{"address":"10.65.0.208","handle":"h"},{"address":"10.65.0.215"},)"
                              R"({"address":"10.99.0.1"}])"),
            R"("ok":true,"released":["10.65.0.208","10.65.0.215"],"unallocated":["10.65.0.215","10.99.0.1"])");
  EXPECT_THAT(ask("releaseIPs", R"("ips":[{"address":"10.65.0.209","sequence":5}])"), HasSubstr(R"("ok":false)"));
  EXPECT_EQ(ask("releaseByHandle", R"("handle":"h")"), ok);
  EXPECT_THAT(ask("releaseByHandle", R"("handle":"h")"), HasSubstr("resource does not exist"));
  EXPECT_THAT(ask("ipsByHandle", R"("handle":"h")"), HasSubstr("resource does not exist"));
  EXPECT_THAT(ask("getAttrs", R"("ip":"10.65.0.208")"), HasSubstr(R"("ok":false)"));
  EXPECT_THAT(ask("getAttrs", R"("ip":"10.99.0.1")"), HasSubstr(R"("ok":false)"));
}

TEST_F(DebugIpamTest, AnswersWhatWasGivenWhateverCameAfterwards) {
  pool("p4", R"("cidr":"10.65.0.0/29","blockSize":29,"allowedUses":["Workload"])");
  EXPECT_EQ(ask("autoAssign", R"("host":"node1","num4":9,"intendedUse":"Workload")").find(R"("ok":true,"v4":{"ips":[)"),
            0u);
  EXPECT_EQ(ask("autoAssign", R"("host":"node1","num4":1,"intendedUse":"Workload")"),
            R"("ok":true,"v4":{"ips":[],"requested":1})");
  EXPECT_EQ(ask("autoAssign", R"("host":"node1")"), ok) << "of nothing";
  pool("p5", R"("cidr":"10.66.0.0/24","blockSize":29,"allowedUses":["Workload"])");
  const auto partly = ask("autoAssign", R"("host":"node1","num4":1,"num6":1,"intendedUse":"Workload")");
  EXPECT_THAT(partly, HasSubstr(R"("ok":false)"));
  EXPECT_THAT(partly, HasSubstr(R"("v4":{"ips":["10.66.)"));
}

TEST_F(DebugIpamTest, RefusesWhatTheLibraryRefuses) {
  EXPECT_THAT(ask("autoAssign", R"("host":"node1","num4":1)"), HasSubstr("intended use"));
  EXPECT_THAT(ask("autoAssign", R"("host":"node1","num4":1,"intendedUse":"Workload","pools4":["fd00::/112"])"),
              HasSubstr("one or more IPv6 IPPools"));
  EXPECT_THAT(ask("autoAssign", R"("host":"node9","num4":1,"intendedUse":"Workload")"), HasSubstr(R"("ok":false)"));
  EXPECT_THAT(ask("autoAssign", R"("host":"node1","num4":1,"intendedUse":"LoadBalancer")"), HasSubstr(R"("ok":false)"));
  EXPECT_THAT(ask("autoAssign", R"("host":"node1","num4":"1","intendedUse":"Workload")"),
              HasSubstr("num4: must be a whole number"));
  EXPECT_THAT(ask("assignIP", R"("ip":"10.99.0.1","host":"node1")"), HasSubstr(R"("ok":false)"));
  EXPECT_THAT(ask("assignIP", R"("ip":"x","host":"node1")"), HasSubstr("ip: "));
  EXPECT_THAT(ask("releaseIPs", R"("ips":[{"handle":"h"}])"), HasSubstr(R"("ok":false)"));
  EXPECT_THAT(ask("nothing"), HasSubstr(R"(op: \"nothing\" is not known)"));
}

TEST_F(DebugIpamTest, AssignsOneAddressAndTheSameAgainWhenTheHandleMayHaveOneOnly) {
  EXPECT_EQ(ask("assignIP", R"("ip":"10.65.0.5","host":"node1","handle":"h","intendedUse":"Workload")"), ok);
  EXPECT_THAT(ask("assignIP", R"("ip":"10.65.0.5","host":"node1","handle":"h")"), HasSubstr("already assigned"));
  EXPECT_EQ(ask("assignIP", R"("ip":"10.65.0.5","host":"node1","handle":"h","maxAllocToHandlePerIPVersion":1)"), ok);
  EXPECT_THAT(ask("assignIP", R"("ip":"10.65.0.6","host":"node1","handle":"h","maxAllocToHandlePerIPVersion":1)"),
              HasSubstr("already has IP(s)"));
  EXPECT_EQ(ask("autoAssign", R"("host":"node2","num4":1,"handle":"h","intendedUse":"Workload",)"
                              R"("maxAllocToHandlePerIPVersion":1)"),
            R"("ok":true,"v4":{"ips":["10.65.0.5/32"],"requested":1})");
}

TEST_F(DebugIpamTest, ClaimsAndReleasesAffinities) {
  EXPECT_EQ(ask("claimAffinity", R"("cidr":"10.65.0.0/28","host":"node1")"),
            R"("ok":true,"claimed":["10.65.0.0/29","10.65.0.8/29"],"failed":[])");
  EXPECT_EQ(ask("claimAffinity", R"("cidr":"10.65.0.0/29","host":"node2")"),
            R"("ok":true,"claimed":[],"failed":["10.65.0.0/29"])");
  EXPECT_EQ(ask("assignIP", R"("ip":"10.65.0.9","host":"node1","handle":"h")"), ok);
  EXPECT_THAT(ask("releaseAffinity", R"("cidr":"10.65.0.0/28","host":"node1","mustBeEmpty":true)"),
              HasSubstr("block '10.65.0.8/29' is not empty"));
  EXPECT_THAT(ask("releaseHostAffinities", R"("host":"node1","mustBeEmpty":true)"), HasSubstr("is not empty"));
  EXPECT_EQ(ask("releasePoolAffinities", R"("cidr":"10.65.0.0/24")"), ok);
  EXPECT_EQ(ask("claimAffinity", R"("cidr":"10.65.0.8/29","host":"node1")"),
            R"("ok":true,"claimed":[],"failed":["10.65.0.8/29"])")
      << "nobody's, and not empty";
  EXPECT_EQ(ask("releaseByHandle", R"("handle":"h")"), ok);
  EXPECT_EQ(ask("claimAffinity", R"("cidr":"10.65.0.8/29","host":"node1","affinityType":"virtual")"),
            R"("ok":true,"claimed":["10.65.0.8/29"],"failed":[])");
  EXPECT_EQ(ask("releaseHostAffinities", R"("host":"node1","affinityType":"virtual")"), ok);
  EXPECT_EQ(ask("removeHost", R"("host":"node1")"), ok);
  EXPECT_TRUE(store.list("/calico/ipam/")->entries.empty());
}

TEST_F(DebugIpamTest, EnsuresABlockAndKeepsAddressesOfItBack) {
  EXPECT_EQ(ask("ensureBlock", R"("host":"node1")"), ok) << "of no family";
  const std::string reserved = R"("hostReserved":{"StartOfBlock":3,"EndOfBlock":1,"Handle":"w","Note":"n"})";
  EXPECT_EQ(ask("ensureBlock", R"("host":"node1",)" + reserved), R"("ok":true,"v4":"10.65.0.208/29")");
  EXPECT_EQ(ask("ensureBlock", R"("host":"node1",)" + reserved), R"("ok":true,"v4":"10.65.0.208/29")") << "the same";
  EXPECT_EQ(ask("autoAssign", R"("host":"node1","num4":1,"intendedUse":"Workload")"),
            R"("ok":true,"v4":{"ips":["10.65.0.211/29"],"requested":1})");
  pool("p6", R"("cidr":"fd00::/112","blockSize":122,"allowedUses":["Workload"])");
  EXPECT_THAT(ask("ensureBlock", R"("host":"node2",)" + reserved), HasSubstr(R"("v6":"fd00::)"));
}

TEST_F(DebugIpamTest, ReadsAndWritesTheConfiguration) {
  EXPECT_EQ(ask("getConfig"), R"("ok":true,"config":{"StrictAffinity":false,"AutoAllocateBlocks":true,)"
                              R"("MaxBlocksPerHost":0,"KubeVirtVMAddressPersistence":"Enabled"})");
  EXPECT_THAT(ask("setConfig", R"("config":{"MaxBlocksPerHost":2})"), HasSubstr(R"("ok":false)"));
  EXPECT_THAT(ask("setConfig", R"("config":{"AutoAllocateBlocks":true,"MaxBlocksPerHost":2})"),
              HasSubstr("requires StrictAffinity"));
  EXPECT_EQ(ask("setConfig", R"("config":{"StrictAffinity":true,"autoAllocateBlocks":true,"MaxBlocksPerHost":2,)"
                             R"("IPCooldownSeconds":9})"),
            ok);
  EXPECT_EQ(value("/calico/ipam/v2/config"),
            R"({"strict_affinity":true,"auto_allocate_blocks":true,"maxBlocksPerHost":2,"ipCooldownSeconds":9})");
  EXPECT_EQ(ask("getConfig"), R"("ok":true,"config":{"StrictAffinity":true,"AutoAllocateBlocks":true,)"
                              R"("MaxBlocksPerHost":2,"KubeVirtVMAddressPersistence":null,"ipCooldownSeconds":9})");
}

TEST_F(DebugIpamTest, TellsHowFullPoolsAre) {
  ask("autoAssign", R"("host":"node1","num4":3,"intendedUse":"Workload")");
  put("/calico/resources/v3/projectcalico.org/ipreservations/r",
      R"({"kind":"IPReservation","metadata":{"name":"r"},"spec":{"reservedCIDRs":["10.65.0.208/31","10.65.0.0"]}})");
  const std::string p4 =
      R"({"name":"p4","cidr":"10.65.0.0/24","capacity":256,"inUse":3,"reserved":3,"available":252,"blocks":)"
      R"([{"cidr":"10.65.0.208/29","capacity":8,"inUse":3,"reserved":2,"available":5}]})";
  EXPECT_EQ(ask("utilization"),
            R"("ok":true,"pools":[)" + p4 +
                R"(,{"name":"orphaned allocation blocks","cidr":"0.0.0.0/0","capacity":0,"inUse":0,"reserved":0,)"
                R"("available":0,"blocks":[]}])");
  EXPECT_EQ(ask("utilization", R"("pools":["p4"])"), R"("ok":true,"pools":[)" + p4 + "]");
  pool("wide", R"("cidr":"fd00::/16","blockSize":122,"allowedUses":["Workload"])");
  EXPECT_THAT(ask("utilization", R"("pools":["fd00::/16"])"), HasSubstr(R"("capacity":9223372036854775807)"));
}

TEST_F(DebugIpamTest, SetsOwners) {
  ask("assignIP", R"("ip":"10.65.0.5","host":"node1","handle":"h","attrs":{"pod":"a","namespace":"n"})");
  EXPECT_EQ(ask("setOwner", R"("ip":"10.65.0.5","handle":"h","updates":{"AlternateOwnerAttrs":{"pod":"b"}},)"
                            R"("preconditions":{"VerifyAlternateOwnerEmpty":true})"),
            ok);
  EXPECT_EQ(ask("getAttrs", R"("ip":"10.65.0.5")"),
            R"("ok":true,"attrs":{"handle_id":"h","secondary":{"namespace":"n","pod":"a"},)"
            R"("alternateOwnerAttrs":{"pod":"b"}})");
  EXPECT_THAT(ask("setOwner", R"("ip":"10.65.0.5","handle":"h","updates":{"clearActiveOwner":true},)"
                              R"("preconditions":{"ExpectedActiveOwner":{"Namespace":"n","Name":"x"}})"),
              HasSubstr("update conflict"));
  EXPECT_EQ(ask("setOwner", R"("ip":"10.65.0.5","handle":"h","updates":{"clearActiveOwner":true},)"
                            R"("preconditions":{"ExpectedActiveOwner":{"Namespace":"n","Name":"a"}})"),
            ok);
  EXPECT_THAT(ask("setOwner", R"("ip":"10.65.0.5","handle":"h")"), HasSubstr("updates cannot be nil"));
}

}  // namespace
}  // namespace weft::ctl
