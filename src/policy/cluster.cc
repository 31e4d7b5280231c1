#include "policy/cluster.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "api/felix_parameter.h"
#include "api/selector.h"

namespace weft::policy {
namespace {

/// Calls `use` with the table of the object's kind and the object; false when there is none.
template <class Use>
bool with_table(Cluster& cluster, const api::Object& object, Use&& use) {
  const auto of = [&]<class Resource>(std::string_view kind, Cluster::Table<Resource>& table) {
    if (object.kind->name != kind) return false;
    use(table, *static_cast<const Resource*>(object.data.get()));
    return true;
  };
  return of("Node", cluster.nodes) || of("IPPool", cluster.pools) || of("Tier", cluster.tiers) ||
         of("GlobalNetworkPolicy", cluster.global_policies) || of("NetworkPolicy", cluster.policies) ||
         of("GlobalNetworkSet", cluster.global_network_sets) || of("NetworkSet", cluster.network_sets) ||
         of("Profile", cluster.profiles) || of("WorkloadEndpoint", cluster.endpoints) ||
         of("HostEndpoint", cluster.host_endpoints) || of("FelixConfiguration", cluster.felix_configurations);
}

}  // namespace

void Cluster::put(const api::Object& object) {
  with_table(*this, object, [](auto& table, const auto& row) { table.insert_or_assign(row.key(), row); });
}

void Cluster::drop(const api::Object& object) {
  with_table(*this, object, [](auto& table, const auto& row) { table.erase(row.key()); });
}

bool decides(const api::Kind& kind) {
  Cluster cluster;
  return with_table(cluster, api::Object{&kind, kind.make()}, [](auto&, const auto&) {});
}

api::Changes changes_of(const Cluster& cluster) {
  api::Changes out;
  const auto fill = [](auto& delta, const auto& table) {
    delta.whole = true;
    for (const auto& [key, row] : table) delta.rows.emplace(key, row);
  };
  fill(out.nodes, cluster.nodes);
  fill(out.pools, cluster.pools);
  fill(out.tiers, cluster.tiers);
  fill(out.global_policies, cluster.global_policies);
  fill(out.policies, cluster.policies);
  fill(out.global_network_sets, cluster.global_network_sets);
  fill(out.network_sets, cluster.network_sets);
  fill(out.profiles, cluster.profiles);
  fill(out.endpoints, cluster.endpoints);
  fill(out.host_endpoints, cluster.host_endpoints);
  fill(out.felix_configurations, cluster.felix_configurations);
  return out;
}

Settings settings_of(const Cluster& cluster, const std::string& node) {
  // The source that wins comes last.
  std::vector<const api::FelixConfiguration*> sources;
  const auto append = [&](const std::string& name) {
    const auto it = cluster.felix_configurations.find(name);
    if (it != cluster.felix_configurations.end()) sources.push_back(&it->second);
  };
  append("default");
  const auto here = cluster.nodes.find(node);
  std::vector<const api::FelixConfiguration*> selected;
  for (const auto& [name, configuration] : cluster.felix_configurations) {
    const auto* text = configuration.spec.find("nodeSelector");
    if (name == "default" || name.starts_with("node.") || !text || !text->as_string() || text->as_string()->empty())
      continue;
    const auto selector = api::Selector::parse(*text->as_string());
    const bool mine =
        selector && selector->matches(here == cluster.nodes.end() ? api::Labels() : here->second.metadata.labels);
    if (mine) selected.push_back(&configuration);
  }
  sources.insert(sources.end(), selected.rbegin(), selected.rend());
  append("node." + node);

  Settings out;
  for (const auto* source : sources) {
    const auto values = api::felix_values(*source);
    const auto value = [&](std::string_view parameter) -> std::optional<std::string> {
      const auto it = values.find(parameter);
      if (it == values.end()) return std::nullopt;
      const auto text = api::felix_value(*api::find_felix_parameter(parameter), it->second);
      return text ? std::optional(*text) : std::nullopt;
    };
    if (const auto text = value("WorkloadSourceSpoofing")) out.spoofing_allowed = *text == "Any";
    if (const auto text = value("DisableConntrackInvalidCheck")) out.invalid_check = *text == "false";
    if (const auto text = value("NATOutgoingExclusions")) out.nat_excludes_hosts = *text == "IPPoolsAndHostIPs";
    if (const auto text = value("AllowVXLANPacketsFromWorkloads")) out.vxlan_from_workloads = *text == "true";
    if (const auto text = value("AllowIPIPPacketsFromWorkloads")) out.ipip_from_workloads = *text == "true";
    if (const auto text = value("VXLANPort"))
      std::from_chars(text->data(), text->data() + text->size(), out.vxlan_port);
    if (const auto text = value("DefaultEndpointToHostAction")) out.endpoint_to_host = *text;
  }
  return out;
}

}  // namespace weft::policy
