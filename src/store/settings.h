#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/env.h"
#include "base/result.h"

/// Where the store is and how to get in: from a file, the environment and flags, with calicoctl's names.
namespace weft::store {

/// A text somebody set, and where, for messages: "ETCD_ENDPOINTS", "--etcd-endpoints",
/// "/etc/calico/calicoctl.cfg: spec.etcdEndpoints".
struct Setting {
  std::string value;
  std::string from;

  bool is_set() const { return !value.empty(); }
  bool operator==(const Setting&) const = default;
};

struct Settings {
  Setting datastore_type;  // etcdv3; empty: etcdv3
  Setting etcd_endpoints;  // comma list
  Setting etcd_discovery_srv;
  Setting etcd_username, etcd_password;
  Setting etcd_ca_cert_file, etcd_cert_file, etcd_key_file;  // PEM files
  Setting etcd_ca_cert, etcd_cert, etcd_key;                 // PEM texts

  bool operator==(const Settings&) const = default;

  /// Whether somebody said where the store is. If not, `weft lab` and `weft node --standalone` run one of their own.
  bool has_endpoint() const { return etcd_endpoints.is_set() || etcd_discovery_srv.is_set(); }
};

/// One setting under all its names.
struct SettingName {
  Setting Settings::* setting;
  std::string_view member;       // of CalicoAPIConfig's spec
  std::string_view environment;  // also with CALICO_ in front, which wins
  std::string_view felix;        // FELIX_ variable in upper case, any case is taken; empty: none
  std::string_view help;
};
std::span<const SettingName> setting_names();

inline constexpr std::string_view default_settings_file = "/etc/calico/calicoctl.cfg";

struct SettingsSources {
  Settings flags;                   // win over everything
  bool felix_environment = false;   // FELIX_ variables too: they win over the others
  std::optional<std::string> file;  // must be there; nullopt: the default one, if it is there
  std::string default_file = std::string(default_settings_file);
  std::vector<std::string> environment = weft::environment();  // "NAME=value"
};

/// Flags over environment over file, each setting by itself.
/// @return  Code::invalid naming variable, member or flag: not a CalicoAPIConfig, a member that is not known, a file
/// and
///          an inline form mixed, endpoints and a discovery domain together
Result<Settings> load_settings(const SettingsSources& sources = {});

/// The spec of a CalicoAPIConfig document. `name` is for messages.
Result<Settings> parse_settings(std::string_view yaml, std::string_view name);

}  // namespace weft::store
