#include "api/cluster_information.h"

#include "api/described.h"

namespace weft::schema {

using api::ClusterInformation, api::ClusterInformationSpec;

template <>
const Schema& schema_of<ClusterInformationSpec>() {
  static const Schema schema =
      describe<ClusterInformationSpec>("ClusterInformationSpec", "Facts about the cluster.")
          .field("clusterGUID", &ClusterInformationSpec::cluster_guid, "Identity of the cluster, 32 hex digits.")
          .field("clusterType", &ClusterInformationSpec::cluster_type, "What the cluster is made of: comma list.")
          .field("calicoVersion", &ClusterInformationSpec::calico_version, "Version that nodes run.")
          .field("datastoreReady", &ClusterInformationSpec::datastore_ready,
                 "When false, agents change nothing and CNI refuses.")
          .field("variant", &ClusterInformationSpec::variant, "Product variant.")
          .extra(&ClusterInformationSpec::extra);
  return schema;
}

template <>
const Schema& schema_of<ClusterInformation>() {
  static const Schema schema =
      describe<ClusterInformation>("ClusterInformation", "Facts about the cluster; one object, default.")
          .resource("clusterinformations", {"clusterinfo", "clusterinfos"})
          .example(R"(metadata:
  name: default
spec:
  clusterGUID: 1e4134c19d8344178fee267264d5ce76
  datastoreReady: true
)")
          .is_protected()
          .field("metadata", &ClusterInformation::metadata, "Name and labels.", always)
          .field("spec", &ClusterInformation::spec, "The facts.", always)
          .extra(&ClusterInformation::extra)
          .check(api::check_name<ClusterInformation>(api::only_default, false))
          .column("NAME", Show::always, api::name_column)
          .column("CLUSTERGUID", Show::always, [](const auto& o, const Facts&) { return o.spec.cluster_guid; })
          .column("CLUSTERTYPE", Show::always, [](const auto& o, const Facts&) { return o.spec.cluster_type; })
          .column("CALICOVERSION", Show::always, [](const auto& o, const Facts&) { return o.spec.calico_version; })
          .column("DATASTOREREADY", Show::always, [](const auto& o, const Facts&) {
            return o.spec.datastore_ready ? (*o.spec.datastore_ready ? "true" : "false") : "<nil>";
          });
  return schema;
}

}  // namespace weft::schema
