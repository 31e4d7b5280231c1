#include "ctl/migrate.h"

#include <array>
#include <map>
#include <vector>

#include <fmt/core.h>

#include "api/cluster_information.h"
#include "api/node.h"
#include "base/strings.h"
#include "client/objects.h"
#include "client/resources.h"
#include "ctl/documents.h"
#include "ctl/write.h"
#include "schema/value.h"

namespace weft::ctl {
namespace {

constexpr std::string_view separator = "===\n";

/// In the order in which an import can write them: tiers before policies, nodes before what names nodes.
constexpr std::array<std::string_view, 17> exported = {"IPPool",
                                                       "BGPPeer",
                                                       "Tier",
                                                       "GlobalNetworkPolicy",
                                                       "StagedGlobalNetworkPolicy",
                                                       "GlobalNetworkSet",
                                                       "HostEndpoint",
                                                       "KubeControllersConfiguration",
                                                       "NetworkPolicy",
                                                       "StagedNetworkPolicy",
                                                       "StagedKubernetesNetworkPolicy",
                                                       "NetworkSet",
                                                       "Node",
                                                       "BGPConfiguration",
                                                       "FelixConfiguration",
                                                       "IPReservation",
                                                       "BGPFilter"};

struct IpamPart {
  std::string_view name, prefix;
};
constexpr std::array<IpamPart, 3> ipam_parts = {{{"block_affinities", "/calico/ipam/v2/host/"},
                                                 {"blocks", "/calico/ipam/v2/assignment/"},
                                                 {"handles", "/calico/ipam/v2/handle/"}}};
constexpr std::string_view ipam_config = "/calico/ipam/v2/config";

/// Without what the target store gives itself.
void strip(const api::Object& object) {
  auto& metadata = object.metadata();
  metadata.uid.clear();
  metadata.resource_version.clear();
  metadata.creation_timestamp.clear();
}

Result<std::string> export_kind(store::Store& store, const api::Kind& kind) {
  const auto list = TRY(client::list(store, kind));
  if (!list.undecodable.empty()) return std::unexpected(list.undecodable.front());
  schema::Array items;
  for (const auto& object : list.items) {
    // Copies of Kubernetes' policies come from there.
    if (kind.name == "NetworkPolicy" && object.metadata().name.starts_with("knp.default.")) continue;
    strip(object);
    items.push_back(object.value());
  }
  const schema::Object metadata{{"resourceVersion", std::to_string(list.revision)}};
  return schema::to_yaml(schema::Object{
      {"kind", kind.list_kind()}, {"apiVersion", "projectcalico.org/v3"}, {"metadata", metadata}, {"items", items}});
}

Result<schema::Value> ipam_entry(const store::Entry& entry) {
  auto value = TRY(within(schema::parse_json(entry.value), entry.key));
  return schema::Object{{"Key", entry.key}, {"Value", std::move(value)}, {"TTL", 0}};
}

Result<schema::Object> export_ipam(store::Store& store) {
  schema::Object all;
  for (const auto& [name, prefix] : ipam_parts) {
    schema::Array entries;
    for (const auto& entry : TRY(store.list(prefix)).entries) entries.push_back(TRY(ipam_entry(entry)));
    if (!entries.empty()) all.set(std::string(name), std::move(entries));
  }
  if (const auto config = TRY(store.get(ipam_config))) all.set("config", TRY(ipam_entry(*config)));
  return all;
}

/// What the store holds that an import would mix with.
Result<> must_be_empty(store::Store& store) {
  for (const auto name : exported) {
    const auto* kind = api::find_kind(name);
    if (!kind) continue;
    for (const auto& object : TRY(client::list(store, *kind)).items) {
      const auto& m = object.metadata();
      const bool built_in = name == "Tier" && (m.name == "default" || m.name.starts_with("kube-"));
      const bool copied = name == "NetworkPolicy" && m.name.starts_with("knp.default.");
      if (!built_in && !copied)
        return fail(Code::exists, fmt::format("datastore already has Calico resources: found existing {}",
                                              client::title(*kind, m.name, m.namespace_)));
    }
  }
  for (const auto& [name, prefix] : ipam_parts) {
    if (const auto listing = TRY(store.list(prefix)); !listing.entries.empty())
      return fail(Code::exists, "datastore already has Calico resources: found existing IPAM resources: " +
                                    listing.entries.front().key);
  }
  return {};
}

Result<std::size_t> import_resources(store::Store& store, std::string_view yaml) {
  const auto documents = TRY(parse_documents(yaml, "resources", {}));
  if (const auto problems = documents.problems(); !problems.empty()) return std::unexpected(problems.front());
  for (const auto& outcome : write(store, Verb::apply, documents.good, {})) {
    if (!outcome.result) return std::unexpected(Error(outcome.result.error()).within(outcome.where));
  }
  return documents.good.size();
}

Result<std::size_t> import_ipam(store::Store& store, std::string_view json) {
  const auto all = TRY(within(schema::parse_json(json), "IPAM resources"));
  std::size_t count = 0;
  const auto put = [&](const schema::Value& entry) -> Result<> {
    const auto* value = entry.at("Value");
    const std::string key(entry.text("Key"));
    if (!value || !key.starts_with("/calico/ipam/v2/")) return fail(Code::invalid, "IPAM resources: a key is missing");
    TRY(store.create(key, schema::to_json(*value)));
    ++count;
    return {};
  };
  for (const auto& [name, prefix] : ipam_parts) {
    const auto* entries = all.at(name) ? all.at(name)->as_array() : nullptr;
    if (!entries) continue;
    for (const auto& entry : *entries) TRY(put(entry));
  }
  if (const auto* config = all.at("config")) TRY(put(*config));
  return count;
}

}  // namespace

Result<> lock(store::Store& store, bool locked) {
  if (locked) TRY(client::ensure_initialized(store));
  TRY(client::modify<api::ClusterInformation>(store, "default", [&](api::ClusterInformation& now) -> Result<> {
    now.spec.datastore_ready = !locked;
    return {};
  }));
  return {};
}

Result<std::string> export_cluster(store::Store& store) {
  const auto information = TRY(
      within(client::get<api::ClusterInformation>(store, "default"), "error while checking if datastore was locked"));
  if (information.spec.datastore_ready.value_or(true))
    return fail(Code::denied,
                "datastore is not locked. Run the `datastore migrate lock` command in order to begin migration");
  std::string text;
  for (const auto name : exported) {
    const auto* kind = api::find_kind(name);
    if (!kind) continue;
    text += TRY(export_kind(store, *kind)) + "---\n";
  }
  text += separator;
  const auto cluster = TRY(client::get(store, *api::find_kind("ClusterInformation"), "default"));
  text += schema::to_json(cluster.value(), 2) + '\n';
  text += separator;
  return text + schema::to_json(TRY(export_ipam(store)), 2) + '\n';
}

Result<Imported> import_cluster(store::Store& store, std::string_view text) {
  std::array<std::string_view, 3> parts;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto end = i < 2 ? text.find(separator) : text.size();
    if (end == std::string_view::npos)
      return fail(Code::invalid, "is improperly formatted: it has not the three parts that an export has");
    parts[i] = text.substr(0, end);
    text.remove_prefix(i < 2 ? end + separator.size() : end);
  }
  TRY(must_be_empty(store));
  TRY(lock(store, true));
  Imported imported;
  imported.resources = TRY(import_resources(store, parts[0]));
  const auto before = TRY(within(schema::parse_json(parts[1]), "cluster information"));
  const auto* spec = before.at("spec");
  TRY(client::modify<api::ClusterInformation>(store, "default", [&](api::ClusterInformation& now) -> Result<> {
    if (spec) now.spec.cluster_guid = spec->text("clusterGUID");
    if (spec) now.spec.calico_version = spec->text("calicoVersion");
    return {};
  }));
  imported.ipam = TRY(import_ipam(store, parts[2]));
  return imported;
}

}  // namespace weft::ctl
