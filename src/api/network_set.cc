#include "api/network_set.h"

#include "api/described.h"

namespace weft::schema {

using api::GlobalNetworkSet, api::NetworkSet, api::NetworkSetSpec;

template <>
const Schema& schema_of<NetworkSetSpec>() {
  static const Schema schema =
      describe<NetworkSetSpec>("NetworkSetSpec", "Addresses.")
          .field("nets", &NetworkSetSpec::nets, "Prefixes and addresses.", Written{api::cidr_or_address})
          .extra(&NetworkSetSpec::extra);
  return schema;
}

namespace {

template <class T>
void check_labels(const T& set, const Report& report) {
  const auto label = set.metadata.labels.find("projectcalico.org/namespace");
  if (label != set.metadata.labels.end()) {
    report("metadata.labels", label->second, "may not hold projectcalico.org/namespace");
  }
}

template <class T>
std::string nets_column(const T& set, const Facts&) {
  std::string text;
  for (const net::Cidr& cidr : set.spec.nets) {
    if (!text.empty()) text += ',';
    text += to_string(cidr);
  }
  return api::shortened(std::move(text));
}

}  // namespace

template <>
const Schema& schema_of<GlobalNetworkSet>() {
  static const Schema schema =
      describe<GlobalNetworkSet>("GlobalNetworkSet",
                                 "Addresses outside the cluster that selectors of all namespaces can match.")
          .resource("globalnetworksets", {"gnetsets"})
          .field("metadata", &GlobalNetworkSet::metadata, "Name and labels.", always)
          .field("spec", &GlobalNetworkSet::spec, "The addresses.", always)
          .extra(&GlobalNetworkSet::extra)
          .check(api::check_name<GlobalNetworkSet>(api::dns_subdomain, false))
          .check(check_labels<GlobalNetworkSet>)
          .column("NAME", Show::always, api::name_column)
          .column("NETS", Show::wide, nets_column<GlobalNetworkSet>);
  return schema;
}

template <>
const Schema& schema_of<NetworkSet>() {
  static const Schema schema =
      describe<NetworkSet>("NetworkSet", "Addresses outside the cluster that belong to a namespace.")
          .resource("networksets", {"netsets"})
          .field("metadata", &NetworkSet::metadata, "Name and labels.", always)
          .field("spec", &NetworkSet::spec, "The addresses.", always)
          .extra(&NetworkSet::extra)
          .check(api::check_name<NetworkSet>(api::dns_subdomain, true))
          .check(check_labels<NetworkSet>)
          .column("NAME", Show::always, api::name_column)
          .column("NETS", Show::wide, nets_column<NetworkSet>);
  return schema;
}

}  // namespace weft::schema
