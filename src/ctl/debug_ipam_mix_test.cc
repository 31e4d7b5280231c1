// Operations of `weft debug ipam` in any order, and what `weft ipam check` finds afterwards.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "ctl/debug_ipam.h"
#include "ctl/filter.h"
#include "ipam/check.h"
#include "store/memory.h"

namespace weft::ctl {
namespace {

class DebugIpamMixTest : public testing::TestWithParam<unsigned> {
 protected:
  DebugIpamMixTest() {
    for (const std::string name : {"n0", "n1", "n2"})
      put("nodes/" + name, R"({"kind":"Node","metadata":{"name":")" + name + R"("},"spec":{}})");
    pool("p4", R"("cidr":"10.65.0.0/26","blockSize":29)");
    pool("p6", R"("cidr":"fd00::/122","blockSize":125)");
    put("ipreservations/r",
        R"({"kind":"IPReservation","metadata":{"name":"r"},"spec":{"reservedCIDRs":["10.65.0.0/30"]}})");
  }
  void put(const std::string& path, const std::string& value) {
    ASSERT_TRUE(store.put("/calico/resources/v3/projectcalico.org/" + path, value));
  }
  void pool(const std::string& name, const std::string& spec) {
    put("ippools/" + name, R"({"kind":"IPPool","metadata":{"name":")" + name + R"("},"spec":{)" + spec +
                               R"(,"allowedUses":["Workload"],"assignmentMode":"Automatic"}})");
  }
  std::string any(unsigned end) { return std::to_string(random() % end); }
  std::string maybe() { return random() % 2 == 0 ? "true" : "false"; }
  /// An operation and its arguments.
  std::pair<std::string, std::string> operation() {
    const std::string host = R"("host":"n)" + any(3) + '"', handle = R"("handle":"h)" + any(3) + '"';
    const std::string address = "10.65.0." + any(64), ip = R"("ip":")" + address + '"';
    const std::string block = R"("cidr":"10.65.0.)" + std::to_string(random() % 8 * 8) + "/29\"";
    const std::string owned = host + ',' + handle + R"(,"attrs":{"pod":"p)" + any(3) + R"("})";
    const std::vector<std::pair<std::string, std::string>> all = {
        {"autoAssign", owned + R"(,"intendedUse":"Workload","num4":)" + any(7) + R"(,"num6":)" + any(4)},
        {"autoAssign", owned + R"(,"intendedUse":"Workload","num4":1,"maxBlocksPerHost":2)"},
        {"assignIP", owned + ',' + ip},
        {"assignIP", owned + ',' + ip + R"(,"maxAllocToHandlePerIPVersion":2)"},
        {"releaseIPs", R"("ips":[{"address":")" + address + R"("},{"address":"10.65.0.)" + any(64) + R"("}])"},
        {"releaseIPs", R"("ips":[{"address":"fd00::)" + any(10) + R"("}])"},
        {"releaseByHandle", handle},
        {"claimAffinity", host + ',' + block},
        {"releaseAffinity", host + ',' + block + R"(,"mustBeEmpty":)" + maybe()},
        {"releaseHostAffinities", host + R"(,"mustBeEmpty":)" + maybe()},
        {"releasePoolAffinities", R"("cidr":"10.65.0.0/26")"},
        {"removeHost", host},
        {"ensureBlock", host + R"(,"hostReserved":{"StartOfBlock":1,"EndOfBlock":1,)"
                               R"("Handle":"windows-reserved-ipam-handle","Note":"n"})"},
        {"setConfig", R"("config":{"AutoAllocateBlocks":true,"StrictAffinity":)" + maybe() +
                          R"(,"ipCooldownSeconds":)" + any(2) + '}'},
        {"setOwner", ip + ',' + handle + R"(,"updates":{"AlternateOwnerAttrs":{"pod":"x"}})"}};
    return all[random() % all.size()];
  }

  std::mt19937 random{GetParam()};
  store::Memory store;
  ipam::Ipam ipam{store};
};

TEST_P(DebugIpamMixTest, LeavesNothingThatDoesNotFitTogether) {
  std::map<std::string, int> done;
  for (int i = 0; i < 1000; ++i) {
    const auto [op, arguments] = operation();
    const std::string line = R"({"op":")" + op + "\"," + arguments + '}';
    const auto answer = answer_line(line, [&](const schema::Object& question) { return answer_ipam(ipam, question); });
    done[op] += answer.starts_with(R"({"ok":true)");
    const auto report = ipam::check(store);
    ASSERT_TRUE(report) << report.error().message;
    for (const auto& problem : report->problems)
      ADD_FAILURE() << "after operation " << i << ", " << line << ": " << problem.object << ": " << problem.text;
    if (HasFailure()) return;
  }
  EXPECT_EQ(done.size(), 12u);
  for (const auto& [op, times] : done) EXPECT_GT(times, 0) << op;
}

INSTANTIATE_TEST_SUITE_P(Seeds, DebugIpamMixTest, testing::Values(1u, 2u, 3u));

}  // namespace
}  // namespace weft::ctl
