// Rules of policies and profiles.
#include "api/described.h"

namespace weft::api {

std::span<const schema::Named<Action>> names_of(Action) {
  static constexpr schema::Named<Action> names[] = {
      {Action::allow, "Allow"}, {Action::deny, "Deny"}, {Action::log, "Log"}, {Action::pass, "Pass"}};
  return names;
}

}  // namespace weft::api

namespace weft::schema {

using api::Action, api::EntityRule, api::HttpMatch, api::HttpPath, api::Icmp, api::Port, api::Protocol, api::Rule,
    api::RuleMetadata, api::ServiceAccountMatch, api::ServiceMatch;

template <>
const Schema& schema_of<Icmp>() {
  static const Schema schema = describe<Icmp>("ICMPFields", "An ICMP message.")
                                   .field("type", &Icmp::type, "ICMP type.", Range{0, 254})
                                   .field("code", &Icmp::code, "ICMP code; needs a type.", Range{0, 255})
                                   .extra(&Icmp::extra)
                                   .check([](const Icmp& icmp, const Report& report) {
                                     if (icmp.code && !icmp.type) report("code", *icmp.code, "needs a type");
                                   });
  return schema;
}

template <>
const Schema& schema_of<ServiceAccountMatch>() {
  static const Schema schema =
      describe<ServiceAccountMatch>("ServiceAccountMatch", "Workloads by their service account.")
          .field("names", &ServiceAccountMatch::names, "One of these.")
          .field("selector", &ServiceAccountMatch::selector, "By the account's labels.", Format{api::selector},
                 Length{1024})
          .extra(&ServiceAccountMatch::extra);
  return schema;
}

template <>
const Schema& schema_of<ServiceMatch>() {
  static const Schema schema =
      describe<ServiceMatch>("ServiceMatch", "The endpoints of a Kubernetes service.")
          .field("name", &ServiceMatch::name, "Name of the service.", required)
          .field("namespace", &ServiceMatch::namespace_, "Its namespace; absent: the policy's.")
          .extra(&ServiceMatch::extra);
  return schema;
}

template <>
const Schema& schema_of<HttpPath>() {
  static const Schema schema = describe<HttpPath>("HTTPPath", "A path of HTTP requests.")
                                   .field("exact", &HttpPath::exact, "The whole path.")
                                   .field("prefix", &HttpPath::prefix, "How it begins.")
                                   .extra(&HttpPath::extra)
                                   .check([](const HttpPath& path, const Report& report) {
                                     if (path.exact.empty() == path.prefix.empty()) {
                                       report("", {}, "must have exactly one of exact and prefix");
                                     }
                                   });
  return schema;
}

template <>
const Schema& schema_of<HttpMatch>() {
  static const Schema schema = describe<HttpMatch>("HTTPMatch", "HTTP requests.")
                                   .field("methods", &HttpMatch::methods, "One of these methods.", AtMost{20})
                                   .field("paths", &HttpMatch::paths, "One of these paths.", AtMost{20})
                                   .extra(&HttpMatch::extra);
  return schema;
}

template <>
const Schema& schema_of<RuleMetadata>() {
  static const Schema schema = describe<RuleMetadata>("RuleMetadata", "Notes about a rule.")
                                   .field("annotations", &RuleMetadata::annotations, "By name.")
                                   .extra(&RuleMetadata::extra);
  return schema;
}

template <>
const Schema& schema_of<EntityRule>() {
  static const Schema schema =
      describe<EntityRule>("EntityRule", "One side of a rule; empty matches everything.")
          .field("nets", &EntityRule::nets, "In one of these prefixes.", AtMost{256}, Written{api::strict_cidr})
          .field("selector", &EntityRule::selector, "Endpoints and network sets with these labels.",
                 Format{api::selector_without_global}, Length{1024})
          .field("namespaceSelector", &EntityRule::namespace_selector,
                 "In namespaces with these labels; global(): in none.", Format{api::peer_namespace_selector},
                 Length{1024})
          .field("services", &EntityRule::services, "Endpoints of a Kubernetes service.")
          .field("ports", &EntityRule::ports, "One of these ports.", AtMost{50})
          .field("notNets", &EntityRule::not_nets, "In none of these prefixes.", AtMost{256}, Written{api::strict_cidr})
          .field("notSelector", &EntityRule::not_selector, "Without these labels.", Format{api::selector}, Length{1024})
          .field("notPorts", &EntityRule::not_ports, "None of these ports.", AtMost{50})
          .field("serviceAccounts", &EntityRule::service_accounts, "Workloads by their service account.")
          .extra(&EntityRule::extra)
          .check([](const EntityRule& side, const Report& report) {
            for (const net::Cidr& cidr : side.not_nets) {
              if (cidr.length() == 0) report("notNets", to_string(cidr), "may not hold everything");
            }
            if (side.services &&
                (!side.selector.empty() || !side.not_selector.empty() || !side.namespace_selector.empty() ||
                 !side.nets.empty() || !side.not_nets.empty() || side.service_accounts)) {
              report("services", side.services->name,
                     "may not be given together with selectors, nets or service accounts");
            }
          });
  return schema;
}

namespace {

bool is(const std::optional<Protocol>& protocol, net::Protocol number) { return protocol && protocol->value == number; }

void check_ports(const Rule& rule, const Report& report) {
  const bool has_ports = is(rule.protocol, net::tcp) || is(rule.protocol, net::udp) || is(rule.protocol, net::sctp);
  if (has_ports) return;
  const auto refuse = [&](std::string_view path, const std::vector<Port>& ports) {
    if (!ports.empty()) report(path, to_string(ports.front()), "needs protocol TCP, UDP or SCTP");
  };
  refuse("source.ports", rule.source.ports);
  refuse("source.notPorts", rule.source.not_ports);
  refuse("destination.ports", rule.destination.ports);
  refuse("destination.notPorts", rule.destination.not_ports);
}

void check_families(const Rule& rule, const Report& report) {
  std::optional<net::Family> seen;
  const auto look = [&](std::string_view path, const std::vector<net::Cidr>& nets) {
    for (const net::Cidr& cidr : nets) {
      if (rule.ip_version && *rule.ip_version != static_cast<int>(cidr.family())) {
        report(path, to_string(cidr), "does not agree with ipVersion");
      } else if (seen && *seen != cidr.family()) {
        report(path, to_string(cidr), "mixes IPv4 and IPv6 in one rule");
      }
      seen = cidr.family();
    }
  };
  look("source.nets", rule.source.nets);
  look("source.notNets", rule.source.not_nets);
  look("destination.nets", rule.destination.nets);
  look("destination.notNets", rule.destination.not_nets);
  for (const auto* protocol : {&rule.protocol, &rule.not_protocol}) {
    const std::string_view path = protocol == &rule.protocol ? "protocol" : "notProtocol";
    if (is(*protocol, net::icmp) && rule.ip_version == 6) report(path, to_string(**protocol), "needs ipVersion 4");
    if (is(*protocol, net::icmpv6) && rule.ip_version == 4) report(path, to_string(**protocol), "needs ipVersion 6");
  }
}

void check_rule(const Rule& rule, const Report& report) {
  check_ports(rule, report);
  check_families(rule, report);
  if (rule.icmp && !is(rule.protocol, net::icmp) && !is(rule.protocol, net::icmpv6)) {
    report("icmp", {}, "needs protocol ICMP or ICMPv6");
  }
  if (rule.http && (rule.action != Action::allow || (rule.protocol && !is(rule.protocol, net::tcp)))) {
    report("http", {}, "needs action Allow, and protocol TCP or none");
  }
  if (rule.destination.services && (!rule.destination.ports.empty() || !rule.destination.not_ports.empty())) {
    report("destination.services", rule.destination.services->name,
           "may not be given together with ports: the service has them");
  }
}

}  // namespace

template <>
const Schema& schema_of<Rule>() {
  static const Schema schema =
      describe<Rule>("Rule", "What is done with traffic that matches all that is given.")
          .field("metadata", &Rule::metadata, "Notes about the rule.")
          .field("action", &Rule::action, "What is done.", required)
          .field("ipVersion", &Rule::ip_version, "4 or 6.")
          .field("protocol", &Rule::protocol, "This protocol.", Written{api::protocol_spelling})
          .field("icmp", &Rule::icmp, "This ICMP message.")
          .field("notProtocol", &Rule::not_protocol, "Not this protocol.", Written{api::protocol_spelling})
          .field("notICMP", &Rule::not_icmp, "Not this ICMP message.")
          .field("source", &Rule::source, "Where it comes from.")
          .field("destination", &Rule::destination, "Where it goes.")
          .field("http", &Rule::http, "These HTTP requests.")
          .extra(&Rule::extra)
          .check([](const Rule& rule, const Report& report) {
            if (rule.ip_version && *rule.ip_version != 4 && *rule.ip_version != 6) {
              report("ipVersion", *rule.ip_version, "must be 4 or 6");
            }
          })
          .check(check_rule);
  return schema;
}

}  // namespace weft::schema

namespace weft::api {

void check_directions(const std::vector<Rule>& ingress, const std::vector<Rule>& egress, const schema::Report& report) {
  const auto at = [](std::string_view direction, std::size_t index, std::string_view member) {
    return std::string(direction) + "[" + std::to_string(index) + "]." + std::string(member);
  };
  for (std::size_t i = 0; i < ingress.size(); ++i) {
    if (const auto& services = ingress[i].destination.services) {
      report(at("ingress", i, "destination.services"), services->name, "is for egress rules only");
    }
  }
  for (std::size_t i = 0; i < egress.size(); ++i) {
    if (const auto& services = egress[i].source.services) {
      report(at("egress", i, "source.services"), services->name, "is for ingress rules only");
    }
    if (egress[i].http) report(at("egress", i, "http"), {}, "is for ingress rules only");
  }
}

}  // namespace weft::api
