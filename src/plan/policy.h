#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "net/cidr.h"
#include "net/port.h"

/// What a node should look like: plain rows, made by the graph, put into the kernel by the dataplane.
namespace weft::plan {

enum class Action { allow, deny, log, pass };

/// Id of a set of addresses (datamodel 5.3): "s:…" for a selector, "n:…" for a named port.
using SetId = std::string;

/// One side of a rule. Ports and named ports are ORed with each other; everything else is ANDed.
struct Side {
  std::vector<net::Cidr> nets;  // any of them; empty: no condition
  std::vector<net::Cidr> not_nets;
  std::vector<SetId> sets;  // each of them (address sets)
  std::vector<SetId> not_sets;
  std::vector<net::PortRange> ports;
  std::vector<net::PortRange> not_ports;
  std::vector<SetId> named_ports;  // sets of (address, protocol, port), matched on this side's address and port
  std::vector<SetId> not_named_ports;
  auto operator<=>(const Side&) const = default;
};

struct IcmpMatch {
  std::uint8_t type = 0;
  std::optional<std::uint8_t> code;
  auto operator<=>(const IcmpMatch&) const = default;
};

struct Rule {
  Action action = Action::allow;
  std::optional<net::Family> family;  // nullopt: both
  std::optional<net::Protocol> protocol;
  std::optional<net::Protocol> not_protocol;
  std::optional<IcmpMatch> icmp;
  std::optional<IcmpMatch> not_icmp;  // NOT (type AND code)
  Side source;
  Side destination;
  auto operator<=>(const Rule&) const = default;
};

/// "NetworkPolicy", "default", "allow-db". Namespace is empty for global kinds.
struct PolicyId {
  std::string kind;
  std::string namespace_;
  std::string name;
  auto operator<=>(const PolicyId&) const = default;
};
std::string to_string(const PolicyId& id);  // "NetworkPolicy/default/allow-db", "GlobalNetworkPolicy//x"

/// A policy that applies to some local endpoint. Rules keep their index in the resource.
struct Policy {
  PolicyId id;
  std::string tier;
  std::vector<Rule> ingress;
  std::vector<Rule> egress;
  auto key() const { return id; }
  bool operator==(const Policy&) const = default;
};

/// A profile that some local endpoint uses. A missing profile denies both ways (dataplane 1.2).
struct Profile {
  std::string name;
  std::vector<Rule> ingress;
  std::vector<Rule> egress;
  auto key() const { return name; }
  bool operator==(const Profile&) const = default;
};

enum class SetType { net, ip_port };

/// A set that some policy or profile here mentions.
struct Set {
  SetId id;
  SetType type = SetType::net;
  std::string note;  // the selector, for people
  auto key() const { return id; }
  bool operator==(const Set&) const = default;
};

struct IpPort {
  net::Ip ip;
  net::Protocol protocol;
  std::uint16_t port = 0;
  auto operator<=>(const IpPort&) const = default;
};
using Member = std::variant<net::Cidr, IpPort>;
std::string to_string(const Member& member);  // "10.0.0.1/32", "10.0.0.1,tcp:80"

/// One member of a set. A member stands once however many endpoints have it. Prefixes of one set may overlap.
struct SetMember {
  SetId set;
  Member member;
  auto key() const { return std::pair(set, member); }
  bool operator==(const SetMember&) const = default;
};

}  // namespace weft::plan
