#include <fmt/core.h>

#include "base/strings.h"
#include "ctl/explain.h"
#include "schema/value.h"

namespace weft::ctl {
namespace {

using policy::Journey;
using policy::Step;
using Where = Journey::Place::Where;

std::string_view answer(bool allowed) { return allowed ? "allowed" : "denied"; }

std::string_view word(Where where) {
  switch (where) {
    case Where::source_check: return "source check";
    case Where::egress: return "egress";
    case Where::to_node: return "to its node";
    case Where::ingress: return "ingress";
  }
  return "";
}

std::string place_title(const Flow& flow, const Journey::Place& place) {
  switch (place.where) {
    case Where::source_check: return "source address of " + flow.from.title;
    case Where::egress: return "egress of " + flow.from.title;
    case Where::to_node: return flow.from.title + " to its node";
    case Where::ingress: return "ingress of " + flow.to.title;
  }
  return "";
}

std::string end_title(const End& end, const net::Ip& ip) {
  if (end.title == net::to_string(ip)) return fmt::format("{} (outside the cluster)", end.title);
  if (end.party.kind == policy::Party::Kind::node) return fmt::format("{} ({})", end.title, net::to_string(ip));
  return fmt::format("{} ({}, node {})", end.title, net::to_string(ip), end.party.node);
}

std::string packet_title(const policy::Packet& packet) {
  const auto protocol = net::to_string(packet.protocol);
  if (packet.protocol.has_ports()) return fmt::format("{} port {}", protocol, packet.destination_port);
  if (packet.protocol == net::icmp || packet.protocol == net::icmpv6)
    return fmt::format("{} type {} code {}", protocol, packet.type, packet.code);
  return "protocol " + protocol;
}

std::string_view word(Step::What what) {
  using enum Step::What;
  switch (what) {
    case source_check: return "sourceCheck";
    case closed: return "closed";
    case established: return "established";
    case invalid: return "invalid";
    case tunnel: return "tunnel";
    case discovery: return "neighbourDiscovery";
    case rule: return "rule";
    case tier_default: return "tierDefault";
    case bad_profile: return "badProfile";
    case no_profile: return "noProfile";
    case host_action: return "endpointToHost";
    case not_asked: return "notAsked";
  }
  return "";
}

std::string_view word(api::Action action) {
  switch (action) {
    case api::Action::allow: return "Allow";
    case api::Action::deny: return "Deny";
    case api::Action::log: return "Log";
    case api::Action::pass: return "Pass";
  }
  return "";
}

schema::Value to_value(const Step& step) {
  schema::Object out{{"by", word(step.what)}, {"action", word(step.action)}};
  if (!step.tier.empty()) out.set("tier", step.tier);
  if (!step.kind.empty()) out.set("kind", step.kind);
  if (!step.namespace_.empty()) out.set("namespace", step.namespace_);
  if (!step.name.empty()) out.set("name", step.name);
  if (step.rule >= 0) out.set("rule", step.rule);
  if (!step.asked.empty()) {
    schema::Array asked(step.asked.begin(), step.asked.end());
    out.set("asked", std::move(asked));
  }
  out.set("text", policy::to_string(step));
  return out;
}

schema::Value to_value(const End& end, const net::Ip& ip) {
  using Kind = policy::Party::Kind;
  const bool pod = end.party.kind == Kind::endpoint, node = end.party.kind == Kind::node;
  schema::Object out{{"kind", pod ? "endpoint" : node ? "node" : "outside"}, {"address", net::to_string(ip)}};
  if (pod) out.set("namespace", end.party.endpoint->metadata.namespace_);
  if (pod) out.set("name", end.title.substr(end.title.find('/') + 1));
  if (!end.party.node.empty()) out.set("node", end.party.node);
  return out;
}

schema::Value to_value(const Flow& flow) {
  const auto& packet = flow.packet;
  schema::Object out{{"from", to_value(flow.from, packet.source)},
                     {"to", to_value(flow.to, packet.destination)},
                     {"protocol", net::to_string(packet.protocol)}};
  if (packet.protocol.has_ports()) {
    out.set("sourcePort", int{packet.source_port});
    out.set("port", int{packet.destination_port});
  } else if (packet.protocol == net::icmp || packet.protocol == net::icmpv6) {
    out.set("type", int{packet.type});
    out.set("code", int{packet.code});
  }
  out.set("allowed", flow.journey.allowed());
  schema::Array places;
  for (const auto& place : flow.journey.places) {
    schema::Array steps;
    for (const auto& step : place.verdict.steps) steps.push_back(to_value(step));
    places.push_back(schema::Object{
        {"where", word(place.where)}, {"allowed", place.verdict.allowed}, {"steps", schema::Value(std::move(steps))}});
  }
  out.set("asked", std::move(places));
  out.set("masqueraded", flow.journey.masqueraded);
  return out;
}

}  // namespace

std::string explain_text(const std::vector<Flow>& flows) {
  std::string out;
  for (const auto& flow : flows) {
    const auto& packet = flow.packet;
    if (!out.empty()) out += '\n';
    const auto line = [&](const std::string& text) {
      out += printable(text) + '\n';  // names may be anything that a store holds
    };
    line(fmt::format("{} to {}, {}: {}", end_title(flow.from, packet.source), end_title(flow.to, packet.destination),
                     packet_title(packet), answer(flow.journey.allowed())));
    for (const auto& place : flow.journey.places) {
      out += '\n';
      line(fmt::format("{}: {}", place_title(flow, place), answer(place.verdict.allowed)));
      for (const auto& step : place.verdict.steps) line("  " + policy::to_string(step));
    }
    if (flow.journey.places.empty()) out += "\nNo policy is asked: no end is a pod of this cluster.\n";
    if (flow.journey.masqueraded && flow.journey.allowed())
      out += fmt::format("\nIt leaves with an address of node {}: its pool has natOutgoing.\n",
                         printable(flow.from.party.node));
  }
  return out;
}

std::string explain_json(const std::vector<Flow>& flows) {
  schema::Array list;
  for (const auto& flow : flows) list.push_back(to_value(flow));
  return schema::to_json(schema::Object{{"allowed", allowed(flows)}, {"flows", schema::Value(std::move(list))}}, 2) +
         "\n";
}

}  // namespace weft::ctl
