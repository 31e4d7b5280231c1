#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/cidr.h"

/// What calico/node's environment variables say, checked.
namespace weft::node {

/// Reads a variable; nullopt when it is not set. getenv(3), or a test's.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// How an address is found (IP_AUTODETECTION_METHOD, IP6_AUTODETECTION_METHOD).
struct Method {
  enum class Kind { first_found, interface, skip_interface, cidr, can_reach };
  Kind kind = Kind::first_found;
  std::vector<std::string> patterns;  // interface, skip_interface: regular expressions, found anywhere in a name
  std::vector<net::Cidr> cidrs;       // cidr
  std::string destination;            // can_reach: an address or a host name

  bool operator==(const Method&) const = default;
};
/// "first-found", "interface=eth.*,ens.*", "skip-interface=…", "cidr=10.0.0.0/8,…", "can-reach=192.0.2.1".
Result<Method> parse_method(const std::string& text);
std::string to_string(const Method& method);

/// Where a family's address of the node comes from.
struct AddressSetting {
  enum class Kind {
    stored,      // the Node's own, if it has one; else found by `method` (IPv4), else none (IPv6)
    autodetect,  // found by `method` at each start
    none,        // none, whatever the Node says
    given,       // `address`
  };
  Kind kind = Kind::stored;
  net::Address address;
  bool has_length = false;  // `address` came with a prefix length; else it is that of its interface
  Method method;

  bool operator==(const AddressSetting&) const = default;
};

/// Encapsulation a pool asks for, as its resource spells it.
enum class Mode { never, always, cross_subnet };

/// A default pool of one family.
struct PoolSetting {
  bool wanted = true;             // false: CALICO_IPV4POOL_CIDR=none
  std::optional<net::Cidr> cidr;  // nullopt: chosen (IPv4), random (IPv6)
  int block_size = 0;             // 0: the default of the family
  bool nat_outgoing = false;
  bool disable_bgp_export = false;
  std::string node_selector = "all()";
  Mode ipip = Mode::never;
  Mode vxlan = Mode::never;

  bool operator==(const PoolSetting&) const = default;
};

struct Settings {
  AddressSetting ipv4;
  AddressSetting ipv6;
  std::optional<std::uint32_t> as_number;  // AS
  bool default_pools = true;               // NO_DEFAULT_POOLS
  PoolSetting pool_v4;
  PoolSetting pool_v6;
  std::vector<std::string> cluster_types;  // CLUSTER_TYPE, a comma list
  bool bird = true;                        // CALICO_NETWORKING_BACKEND: bird, or none: no confd and no bird
  bool check_address = true;               // DISABLE_NODE_IP_CHECK: whether another node's same address is an error
  std::string kubernetes_node;             // CALICO_K8S_NODE_REF

  bool operator==(const Settings&) const = default;
};

/// @return  Code::invalid, naming the variable and its value
Result<Settings> read_settings(const Environment& environment);

}  // namespace weft::node
