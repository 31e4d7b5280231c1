// What a change of the ruleset costs, the kernel's answer included, with few and with many policies: one member of a
// set, one policy. Every endpoint here uses every policy, the worst case. In a network namespace of its own (root).

#include <fmt/core.h>
#include <sched.h>

#include "bench/bench.h"
#include "dataplane/ruleset.h"

namespace {

using namespace weft;

plan::Policy policy(int i, std::uint16_t port) {
  plan::Rule rule{.protocol = net::tcp};
  rule.source.sets = {fmt::format("s:{}", i % 100)};
  rule.destination.ports = {{port, port}};
  return {.id = {"NetworkPolicy", "default", fmt::format("policy-{}", i)},
          .tier = "default",
          .ingress = {rule},
          .egress = {}};
}

void put(dataplane::Ruleset& ruleset, const plan::Changes& changes) {
  ruleset.on(changes);
  const auto refused = ruleset.sync();
  if (!refused || !refused->empty()) {
    std::fprintf(stderr, "%s\n", refused ? refused->front().error.message.c_str() : refused.error().message.c_str());
    std::exit(1);
  }
}

void run(int policies) {
  dataplane::Ruleset ruleset;
  plan::Changes all;
  plan::TierPolicies tier{.tier = "default"};
  for (int i = 0; i < policies; ++i) {
    all.policies.put(policy(i, 80));
    tier.policies.push_back(policy(i, 80).id);
  }
  for (int i = 0; i < 100; ++i) {
    all.sets.put({.id = fmt::format("s:{}", i), .type = plan::SetType::net, .note = {}});
    for (std::uint32_t m = 0; m < 100; ++m)
      all.members.put({fmt::format("s:{}", i), net::Cidr::host(net::Ip::v4(0x0a000000 + m))});
  }
  for (std::uint32_t i = 0; i < 10; ++i) {
    plan::Endpoint endpoint{.id = {"k8s", fmt::format("default/pod-{}", i), "eth0"},
                            .interface = fmt::format("cali{}", i),
                            .mac = {},
                            .addresses = {net::Cidr::host(net::Ip::v4(0x0a010000 + i))}};
    endpoint.ingress = {tier};
    all.endpoints.put(endpoint);
  }
  const auto start = std::chrono::steady_clock::now();
  put(ruleset, all);
  std::printf("%-48s %12.1f ms\n", fmt::format("everything at once, {} policies", policies).c_str(),
              std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());

  bool on = false;
  bench::measure(fmt::format("one member, {} policies", policies), [&] {
    plan::Changes change;
    const plan::SetMember member{"s:7", net::Cidr::host(net::Ip::v4(0x0b000001))};
    if ((on = !on))
      change.members.put(member);
    else
      change.members.drop(member.key());
    put(ruleset, change);
  });
  std::uint16_t port = 80;
  bench::measure(fmt::format("one policy, {} policies", policies), [&] {
    plan::Changes change;
    change.policies.put(policy(policies / 2, ++port));
    put(ruleset, change);
  });
  if (!dataplane::Ruleset::remove()) std::exit(1);
}

}  // namespace

int main() {
  if (unshare(CLONE_NEWNET) != 0) {
    std::fprintf(stderr, "nft: needs root\n");
    return 1;
  }
  for (const int policies : {10, 1000, 10000}) run(policies);
}
