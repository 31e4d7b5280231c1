#include "api/staged_kubernetes_policy.h"

#include "api/described.h"
#include "base/strings.h"

namespace weft::schema {

using api::KubernetesEgress, api::KubernetesIngress, api::KubernetesIpBlock, api::KubernetesPeer, api::KubernetesPort,
    api::LabelRequirement, api::LabelSelector, api::StagedAction, api::StagedKubernetesNetworkPolicy,
    api::StagedKubernetesNetworkPolicySpec;

template <>
const Schema& schema_of<LabelRequirement>() {
  using Requirement = LabelRequirement;
  static const Schema schema = describe<Requirement>("LabelSelectorRequirement", "A condition on a label.")
                                   .field("key", &Requirement::key, "Name of the label.", required)
                                   .field("operator", &Requirement::op, "In, NotIn, Exists or DoesNotExist.", required)
                                   .field("values", &Requirement::values, "Values for In and NotIn.")
                                   .extra(&Requirement::extra);
  return schema;
}

template <>
const Schema& schema_of<LabelSelector>() {
  static const Schema schema =
      describe<LabelSelector>("LabelSelector", "A label selector of Kubernetes; empty: everything.")
          .field("matchLabels", &LabelSelector::match_labels, "Labels with these values.")
          .field("matchExpressions", &LabelSelector::match_expressions, "Further conditions.")
          .extra(&LabelSelector::extra);
  return schema;
}

template <>
const Schema& schema_of<KubernetesIpBlock>() {
  static const Schema schema =
      describe<KubernetesIpBlock>("IPBlock", "Addresses.")
          .field("cidr", &KubernetesIpBlock::cidr, "A prefix.", required, Format{api::loose_cidr})
          .field("except", &KubernetesIpBlock::except, "Prefixes within that are not meant.", Format{api::loose_cidr})
          .extra(&KubernetesIpBlock::extra);
  return schema;
}

template <>
const Schema& schema_of<KubernetesPeer>() {
  using Peer = KubernetesPeer;
  static const Schema schema =
      describe<Peer>("NetworkPolicyPeer", "Who is on the other side.")
          .field("podSelector", &Peer::pod_selector, "Pods by their labels.")
          .field("namespaceSelector", &Peer::namespace_selector, "In namespaces with these labels.")
          .field("ipBlock", &Peer::ip_block, "Addresses.")
          .extra(&Peer::extra);
  return schema;
}

template <>
const Schema& schema_of<KubernetesPort>() {
  static const Schema schema =
      describe<KubernetesPort>("NetworkPolicyPort", "A port.")
          .field("protocol", &KubernetesPort::protocol, "TCP (unless given), UDP or SCTP.", Format{api::port_protocol})
          .field("port", &KubernetesPort::port, "Its number or name; absent: all.")
          .field("endPort", &KubernetesPort::end_port, "The last of a range of ports.", Range{1, 65535})
          .extra(&KubernetesPort::extra)
          .rule("endPort", "port must be a number that is not above endPort", [](const KubernetesPort& p) {
            return p.end_port && p.port && (p.port->is_named() || *p.end_port < p.port->range.first);
          });
  return schema;
}

template <>
const Schema& schema_of<KubernetesIngress>() {
  static const Schema schema =
      describe<KubernetesIngress>("NetworkPolicyIngressRule", "Traffic to the pods that is allowed.")
          .field("ports", &KubernetesIngress::ports, "To these ports; absent: all.")
          .field("from", &KubernetesIngress::from, "From these; absent: all.")
          .extra(&KubernetesIngress::extra);
  return schema;
}

template <>
const Schema& schema_of<KubernetesEgress>() {
  static const Schema schema =
      describe<KubernetesEgress>("NetworkPolicyEgressRule", "Traffic from the pods that is allowed.")
          .field("ports", &KubernetesEgress::ports, "To these ports; absent: all.")
          .field("to", &KubernetesEgress::to, "To these; absent: all.")
          .extra(&KubernetesEgress::extra);
  return schema;
}

template <>
const Schema& schema_of<StagedKubernetesNetworkPolicySpec>() {
  using Spec = StagedKubernetesNetworkPolicySpec;
  static const Schema schema =
      describe<Spec>("StagedKubernetesNetworkPolicySpec", "What the policy would select and allow.")
          .field("stagedAction", &Spec::staged_action, "What is to be done with the policy.", always)
          .field("podSelector", &Spec::pod_selector, "Pods of the namespace; empty: all.", always)
          .field("ingress", &Spec::ingress, "Traffic to the pods that is allowed.")
          .field("egress", &Spec::egress, "Traffic from the pods that is allowed.")
          .field("policyTypes", &Spec::policy_types, "Directions the policy decides about.", AtMost{2}, unique)
          .extra(&Spec::extra)
          .rule("stagedAction", "Spec fields should all be zero-value if stagedAction is Delete", [](const Spec& spec) {
            Spec empty{.staged_action = StagedAction::remove, .extra = spec.extra};
            return spec.staged_action == StagedAction::remove && spec != empty;
          });
  return schema;
}

namespace {

/// As Go prints the structure.
std::string selector_text(const StagedKubernetesNetworkPolicy& policy, const Facts&) {
  const LabelSelector& selector = policy.spec.pod_selector;
  std::string labels, requirements;
  for (const auto& [key, value] : selector.match_labels) labels += key + ": " + value + ",";
  for (const LabelRequirement& requirement : selector.match_expressions) {
    requirements += "LabelSelectorRequirement{Key:" + requirement.key + ",Operator:" + requirement.op + ",Values:[" +
                    join(requirement.values, " ") + "],},";
  }
  return "&LabelSelector{MatchLabels:map[string]string{" + labels + "},MatchExpressions:[]LabelSelectorRequirement{" +
         requirements + "},}";
}

}  // namespace

template <>
const Schema& schema_of<StagedKubernetesNetworkPolicy>() {
  using Policy = StagedKubernetesNetworkPolicy;
  static const Schema schema =
      describe<Policy>("StagedKubernetesNetworkPolicy", "A Kubernetes NetworkPolicy that is not in force yet.")
          .resource("stagedkubernetesnetworkpolicies",
                    {"sknp", "stagedkubernetespolicy", "stagedkubernetespolicies", "skpol", "skpols"})
          .example(R"(metadata:
  name: web
  namespace: shop
spec:
  podSelector:
    matchLabels:
      app: web
  ingress:
    - from:
        - namespaceSelector:
            matchLabels:
              stage: live
      ports:
        - port: 80
  policyTypes: [Ingress]
)")
          .field("metadata", &Policy::metadata, "Name and labels.", always)
          .field("spec", &Policy::spec, "What it would select and allow.", always)
          .extra(&Policy::extra)
          .check(api::check_name<Policy>(api::dns_subdomain, true))
          .column("NAME", Show::always, api::name_column)
          .column("PODSELECTOR", Show::wide, selector_text);
  return schema;
}

}  // namespace weft::schema
