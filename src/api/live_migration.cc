#include "api/live_migration.h"

#include "api/described.h"

namespace weft::schema {

using api::LiveMigration, api::LiveMigrationSource, api::LiveMigrationSpec, api::LiveMigrationTarget,
    api::WorkloadEndpointIdentifier, api::WorkloadIdentifier;

template <>
const Schema& schema_of<WorkloadIdentifier>() {
  using Id = WorkloadIdentifier;
  static const Schema schema = describe<Id>("WorkloadIdentifier", "A workload, as the orchestrator names it.")
                                   .field("hostname", &Id::hostname, "Its node.")
                                   .field("orchestratorID", &Id::orchestrator_id, "Its orchestrator.")
                                   .field("workloadID", &Id::workload_id, "Its name there.")
                                   .extra(&Id::extra);
  return schema;
}

template <>
const Schema& schema_of<WorkloadEndpointIdentifier>() {
  using Id = WorkloadEndpointIdentifier;
  static const Schema schema =
      describe<Id>("WorkloadEndpointIdentifier", "An endpoint of a workload, as the orchestrator names it.")
          .field("hostname", &Id::hostname, "Its node.")
          .field("orchestratorID", &Id::orchestrator_id, "Its orchestrator.")
          .field("workloadID", &Id::workload_id, "Its workload's name there.")
          .field("endpointID", &Id::endpoint_id, "Its name there.")
          .extra(&Id::extra);
  return schema;
}

template <>
const Schema& schema_of<LiveMigrationSource>() {
  using Source = LiveMigrationSource;
  static const Schema schema = describe<Source>("LiveMigrationSource", "What moves.")
                                   .field("workload", &Source::workload, "A workload with all its endpoints.")
                                   .field("workloadEndpoint", &Source::workload_endpoint, "One endpoint.")
                                   .extra(&Source::extra);
  return schema;
}

template <>
const Schema& schema_of<LiveMigrationTarget>() {
  using Target = LiveMigrationTarget;
  static const Schema schema = describe<Target>("LiveMigrationTarget", "What it becomes.")
                                   .field("selector", &Target::selector, "The new endpoints, by their labels.")
                                   .field("workloadEndpoint", &Target::workload_endpoint, "The new endpoint.")
                                   .extra(&Target::extra);
  return schema;
}

template <>
const Schema& schema_of<LiveMigrationSpec>() {
  using Spec = LiveMigrationSpec;
  static const Schema schema = describe<Spec>("LiveMigrationSpec", "From where to where.")
                                   .field("source", &Spec::source, "What moves.")
                                   .field("target", &Spec::target, "What it becomes.")
                                   .extra(&Spec::extra);
  return schema;
}

template <>
const Schema& schema_of<LiveMigration>() {
  using Migration = LiveMigration;
  static const Schema schema = describe<Migration>("LiveMigration", "A VM that moves from one node to another.")
                                   .resource("livemigrations")
                                   .kubernetes_own()
                                   .example(R"(metadata:
  name: vm1
  namespace: tenants
spec:
  source:
    workload:
      hostname: node1
      orchestratorID: openstack
      workloadID: tenants/vm1
  target:
    selector: vm == 'vm1'
)")
                                   .internal()
                                   .field("metadata", &Migration::metadata, "Name and labels.", always)
                                   .field("spec", &Migration::spec, "From where to where.", always)
                                   .extra(&Migration::extra)
                                   .check(api::check_name<Migration>(api::dns_subdomain, true))
                                   .column("NAME", Show::always, api::name_column);
  return schema;
}

}  // namespace weft::schema
