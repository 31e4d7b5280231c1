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
                                   .rule("code", "ICMP code specified without an ICMP type",
                                         [](const Icmp& icmp) { return icmp.code && !icmp.type; });
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
          .field("name", &ServiceMatch::name, "Name of the service.", required, Format{api::dns_subdomain})
          .field("namespace", &ServiceMatch::namespace_, "Its namespace; absent: the policy's.",
                 Format{api::dns_subdomain})
          .extra(&ServiceMatch::extra);
  return schema;
}

namespace {
constexpr std::string_view one_of_exact_and_prefix = "must have exactly one of exact and prefix";
}  // namespace

template <>
const Schema& schema_of<HttpPath>() {
  static const Schema schema =
      describe<HttpPath>("HTTPPath", "A path of HTTP requests.")
          .field("exact", &HttpPath::exact, "The whole path.", Format{api::http_path}, Length{1024})
          .field("prefix", &HttpPath::prefix, "How it begins.", Format{api::http_path}, Length{1024})
          .extra(&HttpPath::extra)
          .check(
              [](const HttpPath& path, const Report& report) {
                if (path.exact.empty() == path.prefix.empty())
                  report("", api::value_of(path), std::string(one_of_exact_and_prefix));
              },
              {{"", one_of_exact_and_prefix, true}});
  return schema;
}

template <>
const Schema& schema_of<HttpMatch>() {
  static const Schema schema = describe<HttpMatch>("HTTPMatch", "HTTP requests.")
                                   .field("methods", &HttpMatch::methods, "One of these methods.", AtMost{20}, unique)
                                   .field("paths", &HttpMatch::paths, "One of these paths.", AtMost{20})
                                   .extra(&HttpMatch::extra);
  return schema;
}

template <>
const Schema& schema_of<RuleMetadata>() {
  static const Schema schema =
      describe<RuleMetadata>("RuleMetadata", "Notes about a rule.")
          .field("annotations", &RuleMetadata::annotations, "By name.")
          .extra(&RuleMetadata::extra)
          .check([](const RuleMetadata& m,
                    const Report& report) { api::check_annotations(m.annotations, "annotations", report); },
                 {{"annotations", "must have names of annotations, and at most 256 KiB together"}});
  return schema;
}

namespace {

void check_side_ports(const EntityRule& side, const Report& report) {
  for (const auto& [path, ports] : {std::pair("ports", &side.ports), std::pair("notPorts", &side.not_ports)}) {
    for (const Port& port : *ports) {
      if (port.is_named()) {
        if (auto broken = api::port_name(port.name)) report(path, port.name, *broken);
      } else if (port.range.first == 0) {
        report(path, to_string(port), "port range invalid, port number must be between 1 and 65535");
      }
    }
  }
}

}  // namespace

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
          .check(check_side_ports, {{"ports", "must be in 1..65535, or names of ports"}})
          .check(
              [](const EntityRule& side, const Report& report) {
                for (const net::Cidr& cidr : side.not_nets) {
                  if (cidr.length() == 0)
                    report("notNets", to_string(cidr), "catch-all CIDR in negation matches no traffic");
                }
              },
              {{"notNets", "may not hold everything"}})
          .rule("services", "cannot specify NamespaceSelector and Services on the same rule",
                [](const EntityRule& s) { return s.services && !s.namespace_selector.empty(); })
          .rule("services", "cannot specify ServiceAccounts and Services on the same rule",
                [](const EntityRule& s) { return s.services && s.service_accounts; })
          .rule("services", "cannot specify Selector/NotSelector and Services on the same rule",
                [](const EntityRule& s) { return s.services && (!s.selector.empty() || !s.not_selector.empty()); })
          .rule("services", "cannot specify Nets/NotNets and Services on the same rule",
                [](const EntityRule& s) { return s.services && (!s.nets.empty() || !s.not_nets.empty()); });
  return schema;
}

namespace {

bool is(const std::optional<Protocol>& protocol, net::Protocol number) { return protocol && protocol->value == number; }

/// Numbers need a protocol that has ports; names bring theirs.
void check_ports(const Rule& rule, const Report& report) {
  const bool has_ports = is(rule.protocol, net::tcp) || is(rule.protocol, net::udp) || is(rule.protocol, net::sctp);
  if (has_ports) return;
  const auto refuse = [&](std::string_view path, const std::vector<Port>& ports) {
    for (const Port& port : ports) {
      if (!rule.protocol && port.is_named()) continue;
      report(path, to_string(port), "rules that specify ports must set protocol to TCP or UDP or SCTP");
      return;
    }
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
        report(path, to_string(cidr), "rule IP version doesn't match CIDR version");
      } else if (seen && *seen != cidr.family()) {
        report(path, to_string(cidr), "rule contains both IPv4 and IPv6 CIDRs");
      }
      seen = cidr.family();
    }
  };
  look("source.nets", rule.source.nets);
  look("source.notNets", rule.source.not_nets);
  look("destination.nets", rule.destination.nets);
  look("destination.notNets", rule.destination.not_nets);
}

constexpr std::string_view icmp_version = "protocol ICMP requires ipVersion 4";
constexpr std::string_view icmpv6_version = "protocol ICMPv6 requires ipVersion 6";

}  // namespace

template <>
const Schema& schema_of<Rule>() {
  static const Schema schema =
      describe<Rule>("Rule", "What is done with traffic that matches all that is given.")
          .field("action", &Rule::action, "What is done.", required)
          .field("ipVersion", &Rule::ip_version, "Version of IP.", Numbers{{4, 6}})
          .field("protocol", &Rule::protocol, "This protocol.", Written{api::protocol_spelling})
          .field("icmp", &Rule::icmp, "This ICMP message.")
          .field("notProtocol", &Rule::not_protocol, "Not this protocol.", Written{api::protocol_spelling})
          .field("notICMP", &Rule::not_icmp, "Not this ICMP message.")
          .field("source", &Rule::source, "Where it comes from.")
          .field("destination", &Rule::destination, "Where it goes.")
          .field("http", &Rule::http, "These HTTP requests.")
          .field("metadata", &Rule::metadata, "Notes about the rule.")
          .extra(&Rule::extra)
          .check(check_ports, {{"source.ports", "need protocol TCP, UDP or SCTP; names of ports may be without"}})
          .check(check_families, {{"source.nets", "must be of the family of ipVersion"},
                                  {"source.nets", "must be of one family in the whole rule"}})
          .rule("icmp", "ICMP fields require protocol to be ICMP or ICMPv6",
                [](const Rule& r) { return r.icmp && !is(r.protocol, net::icmp) && !is(r.protocol, net::icmpv6); })
          .rule("protocol", icmp_version, [](const Rule& r) { return is(r.protocol, net::icmp) && r.ip_version == 6; })
          .rule("protocol", icmpv6_version,
                [](const Rule& r) { return is(r.protocol, net::icmpv6) && r.ip_version == 4; })
          .rule("notProtocol", icmp_version,
                [](const Rule& r) { return is(r.not_protocol, net::icmp) && r.ip_version == 6; })
          .rule("notProtocol", icmpv6_version,
                [](const Rule& r) { return is(r.not_protocol, net::icmpv6) && r.ip_version == 4; })
          .rule("http", "rules with HTTP match must have protocol TCP or unset",
                [](const Rule& r) { return r.http && r.protocol && !is(r.protocol, net::tcp); })
          .rule("http", "HTTP match is only valid on Allow rules",
                [](const Rule& r) { return r.http && r.action != Action::allow; })
          .rule("destination.services", "ports and notPorts cannot be specified with services", [](const Rule& r) {
            return r.destination.services && (!r.destination.ports.empty() || !r.destination.not_ports.empty());
          });
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
      report(at("ingress", i, "destination.services"), services->name, "not allowed in ingress rule destination");
    }
  }
  for (std::size_t i = 0; i < egress.size(); ++i) {
    if (const auto& services = egress[i].source.services) {
      report(at("egress", i, "source.services"), services->name, "not allowed in egress rule source");
    }
    if (const auto& http = egress[i].http)
      report(at("egress", i, "http"), value_of(*http), "not allowed in egress rules");
  }
}

}  // namespace weft::api
