#include "graph/rule_check.h"

#include <algorithm>
#include <string_view>

namespace weft::graph {
namespace {

std::unexpected<Error> wrong(std::string_view field, std::string problem) {
  return std::unexpected(Error{Code::invalid, std::move(problem)}.within(field));
}

Result<> check_ports(const api::Rule& rule, const std::vector<api::Port>& ports, std::string_view field) {
  const bool numbered = std::ranges::any_of(ports, [](const api::Port& port) { return !port.is_named(); });
  if (rule.protocol ? !ports.empty() && !rule.protocol->value.has_ports() : numbered) {
    return wrong(field, "ports need protocol TCP, UDP or SCTP");
  }
  for (const auto& port : ports) {
    if (!port.is_named() && port.range.first > port.range.last) return wrong(field, "the range ends before it starts");
  }
  return {};
}

Result<> check_icmp(const std::optional<api::Icmp>& icmp, std::string_view field) {
  if (!icmp) return {};
  if (icmp->code && !icmp->type) return wrong(field, "code needs type");
  if (icmp->type && (*icmp->type < 0 || *icmp->type > 254)) return wrong(field, "type must be in 0..254");
  if (icmp->code && (*icmp->code < 0 || *icmp->code > 255)) return wrong(field, "code must be in 0..255");
  return {};
}

Result<> check_services(const api::EntityRule& side, bool with_ports, std::string_view field) {
  if (!side.services) return {};
  if (side.services->name.empty()) return wrong(field, "services needs a name");
  const bool more = !side.selector.empty() || !side.not_selector.empty() || !side.namespace_selector.empty() ||
                    !side.nets.empty() || !side.not_nets.empty() || side.service_accounts;
  if (more) return wrong(field, "services excludes selectors, nets and service accounts");
  if (with_ports && !(side.ports.empty() && side.not_ports.empty())) return wrong(field, "services excludes ports");
  return {};
}

}  // namespace

Result<> check(const api::Rule& rule) {
  TRY(check_ports(rule, rule.source.ports, "source.ports"));
  TRY(check_ports(rule, rule.source.not_ports, "source.notPorts"));
  TRY(check_ports(rule, rule.destination.ports, "destination.ports"));
  TRY(check_ports(rule, rule.destination.not_ports, "destination.notPorts"));
  TRY(check_icmp(rule.icmp, "icmp"));
  TRY(check_icmp(rule.not_icmp, "notICMP"));
  const bool is_icmp = rule.protocol && (rule.protocol->value == net::icmp || rule.protocol->value == net::icmpv6);
  if (rule.icmp && !is_icmp) return fail(Code::invalid, "icmp: needs protocol ICMP or ICMPv6");
  if (rule.ip_version && *rule.ip_version != 4 && *rule.ip_version != 6)
    return fail(Code::invalid, "ipVersion: must be 4 or 6");
  TRY(check_services(rule.source, false, "source"));
  TRY(check_services(rule.destination, true, "destination"));
  return {};
}

}  // namespace weft::graph
