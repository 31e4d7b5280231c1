#include "api/kube_controllers.h"

#include <set>

#include "api/described.h"

namespace weft::schema {

using api::AutoHostEndpoint, api::Controllers, api::HostEndpointTemplate, api::KubeControllersConfiguration,
    api::KubeControllersSpec, api::KubeControllersStatus, api::LoadBalancerController, api::MigrationController,
    api::NodeController, api::PeriodicController;

namespace {

const OneOf on_or_off{{"Enabled", "Disabled"}};

}  // namespace

template <>
const Schema& schema_of<HostEndpointTemplate>() {
  using Template = HostEndpointTemplate;
  static const Schema schema =
      describe<Template>("Template", "Host endpoints for some interfaces of some nodes.")
          .field("generateName", &Template::generate_name, "Part of the host endpoints' names.",
                 Format{api::dns_subdomain})
          .field("interfaceCIDRs", &Template::interface_cidrs, "Interfaces with an address in one of these.",
                 Format{api::loose_cidr_or_address})
          .field("interfacePattern", &Template::interface_pattern, "Interfaces by name: a regular expression.",
                 Format{api::regular_expression})
          .field("labels", &Template::labels, "Labels of the host endpoints.", Format{api::label_value})
          .field("annotations", &Template::annotations, "Annotations of the host endpoints.")
          .field("nodeSelector", &Template::node_selector, "Nodes; absent: all.", Format{api::selector})
          .extra(&Template::extra)
          .check([](const Template& t, const Report& report) { api::check_label_names(t.labels, "labels", report); },
                 {{"labels", "must have names of labels"}})
          .check([](const Template& t,
                    const Report& report) { api::check_annotations(t.annotations, "annotations", report); },
                 {{"annotations", "must have names of annotations, and at most 256 KiB together"}})
          .rule("generateName", "Template name must be specified",
                [](const Template& t) { return t.generate_name.empty(); })
          .rule("interfaceCIDRs", "InterfaceCIDRs or InterfacePattern must be specified",
                [](const Template& t) { return t.interface_cidrs.empty() && t.interface_pattern.empty(); });
  return schema;
}

template <>
const Schema& schema_of<AutoHostEndpoint>() {
  using Auto = AutoHostEndpoint;
  static const Schema schema = describe<Auto>("AutoHostEndpointConfig", "Host endpoints that are made for nodes.")
                                   .field("autoCreate", &Auto::auto_create, "Whether they are.", on_or_off)
                                   .field("createDefaultHostEndpoint", &Auto::create_default_host_endpoint,
                                          "Whether each node has one for all its interfaces.", on_or_off)
                                   .field("templates", &Auto::templates, "Others, for some interfaces.")
                                   .extra(&Auto::extra)
                                   .check(
                                       [](const Auto& a, const Report& report) {
                                         std::set<std::string> seen;
                                         for (const auto& t : a.templates) {
                                           if (!t.generate_name.empty() && !seen.insert(t.generate_name).second)
                                             report("templates", t.generate_name, "Template name must be unique");
                                         }
                                       },
                                       {{"templates", "generateName must be unique"}});
  return schema;
}

template <>
const Schema& schema_of<NodeController>() {
  using Node = NodeController;
  static const Schema schema =
      describe<Node>("NodeControllerConfig", "Frees what gone nodes and pods leave behind.")
          .field("reconcilerPeriod", &Node::reconciler_period, "Time between looks at everything.")
          .field("syncLabels", &Node::sync_labels, "Whether nodes have the labels of Kubernetes's nodes.", on_or_off)
          .field("hostEndpoint", &Node::host_endpoint, "Host endpoints that are made for nodes.")
          .field("leakGracePeriod", &Node::leak_grace_period, "How long an address without owner is kept; 0: for ever.",
                 Default{"15m0s"})
          .extra(&Node::extra);
  return schema;
}

template <>
const Schema& schema_of<PeriodicController>() {
  static const Schema schema =
      describe<PeriodicController>("PeriodicControllerConfig", "A controller.")
          .field("reconcilerPeriod", &PeriodicController::reconciler_period, "Time between looks at everything.")
          .extra(&PeriodicController::extra);
  return schema;
}

template <>
const Schema& schema_of<LoadBalancerController>() {
  using Balancer = LoadBalancerController;
  static const Schema schema = describe<Balancer>("LoadBalancerControllerConfig", "Gives services their addresses.")
                                   .field("assignIPs", &Balancer::assign_ips, "Which services are given one.",
                                          OneOf{{"AllServices", "RequestedServicesOnly"}}, Default{"AllServices"})
                                   .extra(&Balancer::extra);
  return schema;
}

template <>
const Schema& schema_of<MigrationController>() {
  using Migration = MigrationController;
  static const Schema schema =
      describe<Migration>("MigrationControllerConfig", "Moves what older versions stored.")
          .field("policyNameMigrator", &Migration::policy_name_migrator,
                 "Whether policies move to keys of their names.", OneOf{{"Disabled", "Enabled"}}, Default{"Enabled"})
          .extra(&Migration::extra);
  return schema;
}

template <>
const Schema& schema_of<Controllers>() {
  static const Schema schema =
      describe<Controllers>("ControllersConfig", "The controllers; one that is absent does not run.")
          .field("node", &Controllers::node, "Frees what gone nodes and pods leave behind.")
          .field("policy", &Controllers::policy, "Copies Kubernetes's network policies.")
          .field("workloadEndpoint", &Controllers::workload_endpoint, "Copies pods' labels.")
          .field("serviceAccount", &Controllers::service_account, "Makes profiles of service accounts.")
          .field("namespace", &Controllers::namespace_, "Makes profiles of namespaces.")
          .field("loadBalancer", &Controllers::load_balancer, "Gives services their addresses.")
          .field("migration", &Controllers::migration, "Moves what older versions stored.")
          .extra(&Controllers::extra);
  return schema;
}

template <>
const Schema& schema_of<KubeControllersSpec>() {
  using Spec = KubeControllersSpec;
  static const Schema schema =
      describe<Spec>("KubeControllersConfigurationSpec", "The settings.")
          .field("logSeverityScreen", &Spec::log_severity_screen, "From which level on is logged.",
                 OneOf{{"None", "Debug", "Info", "Warning", "Error", "Fatal", "Panic"}})
          .field("healthChecks", &Spec::health_checks, "Whether health is reported.", on_or_off, Default{"Enabled"})
          .field("etcdV3CompactionPeriod", &Spec::etcd_compaction_period, "Time between compactions of etcd; 0: none.")
          .field("prometheusMetricsPort", &Spec::prometheus_metrics_port, "TCP port of metrics; 0: none.",
                 Range{0, 65535}, Default{9094})
          .field("controllers", &Spec::controllers, "The controllers.", always)
          .field("debugProfilePort", &Spec::debug_profile_port, "TCP port of profiles; absent or 0: none.",
                 Range{0, 65535})
          .extra(&Spec::extra);
  return schema;
}

template <>
const Schema& schema_of<KubeControllersStatus>() {
  using Status = KubeControllersStatus;
  static const Schema schema =
      describe<Status>("KubeControllersConfigurationStatus", "What the controllers run with.")
          .field("runningConfig", &Status::running_config, "The settings in force.")
          .field("environmentVars", &Status::environment, "Environment variables that override settings.")
          .extra(&Status::extra);
  return schema;
}

template <>
const Schema& schema_of<KubeControllersConfiguration>() {
  using Configuration = KubeControllersConfiguration;
  static const Schema schema =
      describe<Configuration>("KubeControllersConfiguration", "Settings of the controllers; one object, default.")
          .resource("kubecontrollersconfigurations", {"kubecontrollersconfig", "kubecontrollersconfigs"})
          .example(R"(metadata:
  name: default
spec:
  logSeverityScreen: Info
  controllers:
    node:
      leakGracePeriod: 15m
      hostEndpoint:
        autoCreate: Enabled
        templates:
          - generateName: storage
            interfacePattern: "stor.*"
    policy:
      reconcilerPeriod: 5m
)")
          .field("metadata", &Configuration::metadata, "Name and labels.", always)
          .field("spec", &Configuration::spec, "The settings.", always)
          .field("status", &Configuration::status, "What they run with.", always)
          .extra(&Configuration::extra)
          .check(api::check_name<Configuration>(api::only_default, false))
          .column("NAME", Show::always, api::name_column);
  return schema;
}

}  // namespace weft::schema
