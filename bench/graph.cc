// What the graph costs with 1 000, 10 000 and 100 000 endpoints of 1 000 nodes: time to the first plan, time of one
// change after it, memory.

#include <malloc.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "base/file.h"
#include "bench/bench.h"
#include "graph/graph.h"

namespace {

using namespace weft;

double resident_mib() {
  ::malloc_trim(0);
  const auto text = read_file("/proc/self/statm").value();
  return std::strtod(text.c_str() + text.find(' '), nullptr) * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

/// Pod i of a cluster: 100 pods a node, 200 namespaces, 50 applications, a label of its own for each pod when asked.
api::WorkloadEndpoint pod(unsigned i, bool own_label) {
  const std::string name = "app-" + std::to_string(i % 50) + "-" + std::to_string(i);
  api::WorkloadEndpoint row;
  row.metadata.namespace_ = "ns-" + std::to_string(i / 50 % 200);
  row.metadata.name = "node--" + std::to_string(i / 100) + "-k8s-" + name + "-eth0";
  row.metadata.labels = {{"app", "app-" + std::to_string(i % 50)},
                         {"tier", i % 50 < 20 ? "web" : "db"},
                         {"pod-template-hash", std::to_string(i % 50 * 7919)}};
  if (own_label) row.metadata.labels["pod-name"] = name;
  row.spec.orchestrator = "k8s";
  row.spec.node = "node-" + std::to_string(i / 100);
  row.spec.pod = name;
  row.spec.endpoint = "eth0";
  row.spec.interface_name = "cali" + std::to_string(i);
  row.spec.ip_networks = {net::Cidr::host(net::Ip::v4(0x0a000000 + i))};
  row.spec.profiles = {"kns." + row.metadata.namespace_, "ksa." + row.metadata.namespace_ + ".default"};
  return row;
}

api::Changes cluster(unsigned pods, bool own_label) {
  api::Changes changes;
  for (unsigned i = 0; i < pods; ++i) changes.endpoints.put(pod(i, own_label));
  for (unsigned n = 0; n < 200; ++n) {
    const std::string name = "ns-" + std::to_string(n);
    api::Profile profile;
    profile.metadata.name = "kns." + name;
    profile.spec.labels_to_apply = {{"pcns.projectcalico.org/name", name}, {"pcns.env", n % 2 ? "prod" : "test"}};
    changes.profiles.put(profile);
    for (unsigned p = 0; p < 10; ++p) {
      api::NetworkPolicy policy;
      policy.metadata.namespace_ = name;
      policy.metadata.name = "allow-" + std::to_string(p);
      policy.spec.selector = "app == 'app-" + std::to_string(p) + "'";
      api::Rule rule;
      rule.protocol = api::Protocol{net::tcp};
      rule.source.selector = "app == 'app-" + std::to_string(p + 1) + "'";
      rule.destination.ports = {{.range = {80, 80}, .name = {}}};
      policy.spec.ingress = {rule};
      changes.policies.put(policy);
    }
  }
  api::GlobalNetworkPolicy everyone;
  everyone.metadata.name = "everyone";
  everyone.spec.selector = "all()";
  api::Rule from_all;
  from_all.source.selector = "has(app)";
  everyone.spec.ingress = {from_all};
  changes.global_policies.put(everyone);
  changes.in_sync = true;
  return changes;
}

void run(unsigned pods, bool own_label) {
  using Clock = std::chrono::steady_clock;
  const auto milliseconds = [](Clock::duration d) { return std::chrono::duration<double, std::milli>(d).count(); };
  const double before = resident_mib();
  graph::Graph graph("node-0", {});
  api::Changes input = cluster(pods, own_label);
  const auto start = Clock::now();
  std::size_t members = 0;
  {
    const auto plan = graph.on(std::move(input));
    members = plan.members.rows.size();
  }
  const double first = milliseconds(Clock::now() - start);
  input = {};
  const double after = resident_mib();
  std::printf("%6u endpoints, %s: first plan %.0f ms (%zu set members), %.1f MiB resident, %.0f bytes an endpoint\n",
              pods, own_label ? "labels differ" : "labels shared", first, members, after - before,
              (after - before) * (1 << 20) / pods);

  unsigned turn = 0;
  const std::string label = std::to_string(pods) + (own_label ? " differing" : " shared");
  bench::measure("  a remote endpoint comes or goes, " + label, [&] {
    api::Changes change;
    const auto row = pod(pods - 1, own_label);
    if (++turn % 2)
      change.endpoints.drop(row.key());
    else
      change.endpoints.put(row);
    bench::keep(graph.on(std::move(change)));
  });
  bench::measure("  a local endpoint comes or goes, " + label, [&] {
    api::Changes change;
    const auto row = pod(1, own_label);
    if (++turn % 2)
      change.endpoints.drop(row.key());
    else
      change.endpoints.put(row);
    bench::keep(graph.on(std::move(change)));
  });
  auto policy = *cluster(0, false).policies.rows.begin()->second;
  bench::measure("  a policy here changes its peers, " + label, [&] {
    api::Changes change;
    policy.spec.ingress[0].source.selector = ++turn % 2 ? "tier == 'web'" : "tier == 'db' && pcns.env == 'prod'";
    change.policies.put(policy);
    bench::keep(graph.on(std::move(change)));
  });
}

}  // namespace

int main() {
  for (const unsigned pods : {1000u, 10000u, 100000u}) {
    run(pods, false);
    run(pods, true);
  }
}
