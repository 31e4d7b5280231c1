#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "confd/render.h"

namespace weft::confd {

/// confd's settings.
struct Settings {
  std::string backend = "etcdv3";  // etcdv3, calico
  std::string confdir;             // has conf.d and templates; empty: /etc/confd, of backend calico Weft's own
  std::string prefix;
  std::vector<std::string> nodes;  // endpoints; empty: as calicoctl finds them, else http://127.0.0.1:2379
  std::chrono::seconds interval{600};
  std::string log_level;
  bool watch = false;
  bool onetime = false;
  bool version = false;
  bool help = false;
  RenderOptions render;
  std::string client_ca_keys, client_cert, client_key;  // PEM files
  std::string username, password;
  std::string calico_config;  // CalicoAPIConfig file; empty: the default one, if it is there
  std::string node_name;      // of backend calico; empty: NODENAME, the nodename file, the host's name

  bool operator==(const Settings&) const = default;
};

/// Flags as Go programs take them ("-flag", "--flag=x", "-flag x"; a boolean needs no value), over the configuration
/// file
/// (-config-file, else /etc/confd/confd.toml if it is there), over defaults.
/// @return  Code::invalid naming the flag, or file and member
Result<Settings> parse_flags(std::span<const std::string> arguments);

std::string usage();

}  // namespace weft::confd
