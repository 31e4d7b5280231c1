#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/node.h"
#include "base/result.h"
#include "node/autodetect.h"
#include "node/settings.h"
#include "store/store.h"

/// What a node writes into the store when it starts.
namespace weft::node {

/// What is asked of the machine; tests bring their own.
struct Machine {
  std::function<Result<std::vector<Interface>>()> interfaces = read_interfaces;
  std::function<Result<Found>(const Method&, net::Family)> find = autodetect_here;
};

/// The node's address of a family: by its setting, from what the store has of it, or from the machine.
/// @return  nullopt: it has none
Result<std::optional<net::Address>> resolve_address(const AddressSetting& setting, net::Family family,
                                                    const std::optional<net::Address>& stored, const Machine& machine);

/// Creates or updates this node: addresses, AS number, reference to a Kubernetes node. Everything else of a Node that
/// is there stays. Nothing is written when nothing changes.
/// @return  Code::exists when another node has the address already (unless `check_address` is off)
Result<api::Node> register_node(store::Store& store, const std::string& name, const Settings& settings,
                                const Machine& machine);

/// Creates the default pool of each family that has none: default-ipv4-ippool, and default-ipv6-ippool when the node
/// has an IPv6 address or a CIDR is given. An IPv4 CIDR that is not given is one of the private ranges that no network
/// of this machine overlaps, 192.168.0.0/16 first; an IPv6 one is a random /48 of fd00::/8.
/// @return  the names of those created
Result<std::vector<std::string>> create_default_pools(store::Store& store, const api::Node& node,
                                                      const Settings& settings, const Machine& machine);

/// Everything at start: what always exists, the cluster's types, the node, the pools. Says in the log what it did, and
/// which pools ask for an encapsulation that is not supported yet.
Result<api::Node> start_of_day(store::Store& store, const std::string& name, const Settings& settings,
                               const Machine& machine = {});

}  // namespace weft::node
