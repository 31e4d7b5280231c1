#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

/// `weft node checksystem`: what this machine lacks to be a node.
namespace weft::node {

/// A chain of another program's that drops what no rule of its own accepts, where packets are forwarded.
struct DroppingChain {
  std::string where;  // "table ip filter chain FORWARD"
  bool operator==(const DroppingChain&) const = default;
};

/// What was found out, by asking the kernel in a throwaway network namespace, and by reading this one.
struct Facts {
  bool root = false;   // without root most cannot be asked
  std::string kernel;  // "6.1.0-18-amd64"
  Result<> veth;       // making a pair
  Result<> nftables;   // committing our table
  Result<> conntrack;  // talking to connection tracking
  bool ipv6 = false;   // the kernel has it
  std::optional<bool> forwarding_v4, forwarding_v6;
  std::vector<DroppingChain> dropping;
  std::string bird;  // "BIRD version 2.0.12"; empty: not there
  std::uint32_t mtu = 0;
  std::string mtu_of;  // interface with the smallest; empty: none fits
};

struct Finding {
  enum class Level { good, note, warning, missing };
  Level level = Level::good;
  std::string subject;
  std::string text;
  bool operator==(const Finding&) const = default;
};
std::vector<Finding> judge(const Facts& facts);

Facts gather_facts(const std::string& bird = "bird");

/// Interfaces whose MTU counts (FelixConfiguration mtuIfacePattern's default), and the MTU when there is none.
inline constexpr const char* mtu_pattern = "^((en|wl|ww|sl|ib)[Pcopsvx].*|(eth|wlan|wwan).*)";
inline constexpr std::uint32_t mtu_without_interface = 1460;

/// Prints the findings. @return  exit status: 1 when something is missing, 0 with notes and warnings
int check_system(const std::string& bird = "bird");

}  // namespace weft::node
