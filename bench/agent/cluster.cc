#include "bench/agent/cluster.h"

#include <fmt/core.h>

#include "api/cluster_information.h"
#include "api/codec.h"
#include "api/ip_pool.h"
#include "api/node.h"
#include "api/profile.h"
#include "client/resources.h"

namespace weft::bench {

namespace {

constexpr unsigned apps = 50;
constexpr unsigned per_node = 100;

unsigned namespaces(const Size& size) { return size.policies <= 100 ? 10 : size.policies <= 1000 ? 50 : 100; }

net::Cidr address(unsigned net, unsigned i) { return net::Cidr::host(net::Ip::v4((net << 16) + i)); }

api::WorkloadEndpoint named(std::string ns, std::string node, std::string pod, unsigned app, net::Cidr ip,
                            std::string interface) {
  api::WorkloadEndpoint row;
  row.metadata.namespace_ = std::move(ns);
  row.metadata.name = api::to_name({.node = node, .orchestrator = "k8s", .workload = pod, .endpoint = "eth0"}).value();
  auto& labels = row.metadata.labels;
  labels = {{"app", fmt::format("app-{}", app)},
            {"env", app % 3 == 0 ? "test" : "prod"},
            {"zone", fmt::format("zone-{}", app % 4)},
            {"team", fmt::format("team-{}", app % 7)},
            {"pod-template-hash", fmt::format("{:x}", (app + 1) * 7919 * 104729u)},
            {"app.kubernetes.io/name", fmt::format("app-{}", app)},
            {"app.kubernetes.io/instance", fmt::format("app-{}-{}", app, row.metadata.namespace_)},
            {"app.kubernetes.io/version", fmt::format("1.{}.0", app % 5)},
            {"app.kubernetes.io/managed-by", "Helm"},
            {"helm.sh/chart", fmt::format("chart-{}", app % 10)},
            {"cost-center", fmt::format("cc-{}", app % 11)},
            {"data-class", app % 2 ? "internal" : "public"},
            {"projectcalico.org/namespace", row.metadata.namespace_},
            {"projectcalico.org/orchestrator", "k8s"},
            {"projectcalico.org/serviceaccount", "default"}};
  auto& spec = row.spec;
  spec.orchestrator = "k8s";
  spec.node = std::move(node);
  spec.pod = std::move(pod);
  spec.container_id = fmt::format("{:064x}", ip.ip().v4_value());
  spec.endpoint = "eth0";
  spec.interface_name = std::move(interface);
  spec.service_account_name = "default";
  spec.ip_networks = {ip};
  spec.mac = "02:00:00:00:00:01";
  spec.profiles = {"kns." + row.metadata.namespace_, "ksa." + row.metadata.namespace_ + ".default"};
  return row;
}

std::string of_app(unsigned i) { return fmt::format("app == 'app-{}' && env in {{'prod', 'test'}}", i % apps); }

api::Rule rule(std::string peer, std::uint16_t port) {
  api::Rule rule;
  rule.protocol = api::Protocol{net::tcp};
  rule.source.selector = std::move(peer);
  rule.destination.ports = {{.range = {port, port}, .name = {}}};
  return rule;
}

/// Five rules: three by selector, one by prefix and port, one for what goes out.
template <class Spec>
void fill_in(Spec& spec, unsigned i) {
  spec.ingress = {rule(of_app(i / 10 + 1), 8080), rule(of_app(i / 10 + 2), 443),
                  rule(fmt::format("app == 'app-{}' && zone == 'zone-{}'", (i / 10 + 3) % apps, i % 4), 9090)};
  auto by_net = rule({}, static_cast<std::uint16_t>(10'000 + i % 1000));
  by_net.source.nets = {*net::Cidr::parse(fmt::format("172.{}.{}.0/24", 16 + i / 256 % 16, i % 256))};
  spec.ingress.push_back(by_net);
  auto out = rule({}, 5432);
  std::swap(out.source, out.destination);
  out.destination = {.selector = of_app(i / 10 + 4), .ports = {{.range = {5432, 5432}, .name = {}}}};
  out.source = {};
  spec.egress = {out};
  spec.types = {api::PolicyType::ingress, api::PolicyType::egress};
  spec.order = 100.0 + i % 10;
}

/// Writes in transactions of a hundred.
class Batch {
 public:
  explicit Batch(store::Store& store) : store_(store) {}
  template <class T>
  Result<> add(T object) {
    ops_.push_back(TRY(client::create_op(object)));
    bytes_ += ops_.back().value.size();
    return ops_.size() < 100 ? Result<>{} : flush();
  }
  Result<> flush() {
    if (!ops_.empty()) TRY(store_.commit(ops_));
    ops_.clear();
    return {};
  }
  std::size_t bytes() const { return bytes_; }

 private:
  store::Store& store_;
  std::vector<store::Op> ops_;
  std::size_t bytes_ = 0;
};

}  // namespace

Result<Size> size_named(const std::string& name) {
  if (name == "small") return Size{name, 100, 1'000, 20};
  if (name == "medium") return Size{name, 1'000, 10'000, 100};
  if (name == "large") return Size{name, 10'000, 100'000, 100};
  return fail(Code::invalid, "--size: \"" + name + "\"; known are small, medium, large");
}

std::string local_interface(unsigned i) { return fmt::format("cali{:011x}", i); }

api::WorkloadEndpoint pod(const Size& size, unsigned i) {
  const bool local = i < size.local;
  const auto name = fmt::format("app-{}-{}", i % apps, i);
  const auto node = local ? std::string("n1") : fmt::format("n{}", 2 + i / per_node);
  auto row = named(fmt::format("ns-{}", i / 7 % namespaces(size)), node, name, i % apps, address(0x0a00, i),
                   local_interface(i));
  if (i % 10 == 0) {
    row.metadata.labels.erase("data-class");
    row.metadata.labels["statefulset.kubernetes.io/pod-name"] = name;
  }
  return row;
}

api::WorkloadEndpoint remote_guest(unsigned i) {
  return named("ns-1", "n2", fmt::format("guest-{}", i), 1, address(0x0a80, i), local_interface(i));
}

api::WorkloadEndpoint local_guest(const Size& size, unsigned i) {
  const auto first = pod(size, 0);
  return named(first.metadata.namespace_, "n1", fmt::format("guest-{}", i), 0, address(0x0a90, i),
               local_interface(1'000'000 + i));
}

api::NetworkPolicy policy_of_one(const Size& size, std::uint16_t port) {
  const auto first = pod(size, 0);
  api::NetworkPolicy policy;
  policy.metadata.namespace_ = first.metadata.namespace_;
  policy.metadata.name = policy_of_one_name;
  fill_in(policy.spec, 0);
  policy.spec.selector = fmt::format("statefulset.kubernetes.io/pod-name == '{}'",
                                     first.metadata.labels.at("statefulset.kubernetes.io/pod-name"));
  policy.spec.ingress[0] = rule(of_app(1), port);
  return policy;
}

Result<std::size_t> fill(store::Store& store, const Size& size) {
  TRY(client::ensure_initialized(store));
  TRY(client::modify<api::ClusterInformation>(store, "default", [](api::ClusterInformation& cluster) -> Result<> {
    cluster.spec.datastore_ready = true;
    return {};
  }));
  Batch batch(store);
  for (unsigned i = 1; i <= 2 + (size.remote + size.local) / per_node; ++i) {
    api::Node node;
    node.metadata.name = fmt::format("n{}", i);
    node.spec.bgp.emplace();
    node.spec.bgp->ipv4_address = net::Address{net::Ip::v4(0xc0a80000 + i), 16};
    TRY(batch.add(node));
  }
  api::IpPool pool;
  pool.metadata.name = "pods";
  pool.spec = {.cidr = *net::Cidr::parse("10.200.0.0/16"),
               .nat_outgoing = true,
               .block_size = 26,
               .node_selector = "all()",
               .allowed_uses = {"Workload"},
               .assignment_mode = "Automatic"};
  TRY(batch.add(pool));
  for (unsigned n = 0; n < namespaces(size); ++n) {
    const auto name = fmt::format("ns-{}", n);
    api::Profile of_namespace, of_account;
    of_namespace.metadata.name = "kns." + name;
    of_namespace.spec.labels_to_apply = {{"pcns.projectcalico.org/name", name}, {"pcns.env", n % 2 ? "prod" : "test"}};
    of_namespace.spec.egress = {api::Rule{.action = api::Action::allow}};
    of_account.metadata.name = "ksa." + name + ".default";
    of_account.spec.labels_to_apply = {{"pcsa.projectcalico.org/name", "default"}};
    TRY(batch.add(of_namespace));
    TRY(batch.add(of_account));
  }
  for (unsigned i = 0; i < size.policies; ++i) {
    const auto selector = fmt::format("app == 'app-{}'", i / 10 % apps);
    if (i % 10 == 0) {
      api::GlobalNetworkPolicy policy;
      policy.metadata.name = fmt::format("global-{}", i);
      fill_in(policy.spec, i);
      policy.spec.selector = selector;
      TRY(batch.add(policy));
    } else {
      api::NetworkPolicy policy;
      policy.metadata.namespace_ = fmt::format("ns-{}", i * 7 % namespaces(size));
      policy.metadata.name = fmt::format("policy-{}", i);
      fill_in(policy.spec, i);
      policy.spec.selector = selector;
      TRY(batch.add(policy));
    }
  }
  TRY(batch.add(policy_of_one(size, 1)));
  for (unsigned i = 0; i < size.local + size.remote; ++i) TRY(batch.add(pod(size, i)));
  TRY(batch.flush());
  return batch.bytes();
}

}  // namespace weft::bench
