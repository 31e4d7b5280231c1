// `weft explain` on a real store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/process.h"
#include "test/etcd.h"

namespace weft::ctl {
namespace {

using testing::HasSubstr;

constexpr std::string_view resources = R"(
apiVersion: projectcalico.org/v3
kind: Profile
metadata: {name: open}
spec: {ingress: [{action: Allow}], egress: [{action: Allow}]}
---
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {namespace: shop}
spec: {orchestrator: k8s, node: n1, pod: web, endpoint: eth0, containerID: c, interfaceName: cali1, ipNetworks: [10.0.0.1/32], profiles: [open]}
)";
constexpr std::string_view deny = R"(
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: closed}
spec: {types: [Ingress], ingress: [{action: Deny}]}
)";

class ExplainEtcdTest : public testing::Test {
 protected:
  /// Standard output and error together, and the status.
  std::pair<int, std::string> weft(const std::string& words, std::string_view input = {}) {
    const auto finished = ::weft::run({.argv = {"/bin/sh", "-c", "exec '" WEFT_PROGRAM "' " + words},
                                       .env = {{"DATASTORE_TYPE=etcdv3", "ETCD_ENDPOINTS=" + etcd.endpoint()}}},
                                      {.input = std::string(input)});
    if (!finished) return {255, finished.error().message};
    return {finished->exit_code(), finished->out + finished->err};
  }
  test::Etcd etcd;
};

TEST_F(ExplainEtcdTest, AnswersByItsExitStatusToo) {
  ASSERT_EQ(weft("apply -f -", resources).first, 0);
  const auto open = weft("explain 192.0.2.1 shop/web tcp/80");
  EXPECT_EQ(open.first, 0) << open.second;
  EXPECT_THAT(open.second, HasSubstr("ingress of shop/web: allowed\n  Profile open, ingress rule 0: Allow\n"));

  const auto supposed = weft("explain -f - 192.0.2.1 web tcp/80 -o json", deny);
  EXPECT_EQ(supposed.first, 3) << supposed.second;
  EXPECT_THAT(supposed.second, HasSubstr(R"("allowed": false)"));
  EXPECT_EQ(weft("explain 192.0.2.1 shop/web tcp/80").first, 0) << "nothing was written";

  EXPECT_EQ(weft("explain 192.0.2.1 shop/nobody tcp/80"), std::pair(1, std::string("pod shop/nobody is not known\n")));
  EXPECT_EQ(weft("explain -f - 192.0.2.1 web tcp/80", "kind: Teir").first, 1);
  EXPECT_THAT(weft("explain -f - 192.0.2.1 web tcp/80",
                   "apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: {name: lost.a}\n"
                   "spec: {tier: lost}"),
              testing::Pair(1, HasSubstr("Tier(lost)")))
      << "what apply refuses";
  for (const auto* words : {"192.0.2.1", "192.0.2.1 shop/web http", "192.0.2.1 shop/web tcp/", "-o yaml a b tcp/1"})
    EXPECT_EQ(weft(std::string("explain ") + words).first, 2) << words;
}

}  // namespace
}  // namespace weft::ctl
