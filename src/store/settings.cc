#include "store/settings.h"

#include <fmt/core.h>

#include "base/file.h"
#include "base/strings.h"
#include "schema/value.h"

namespace weft::store {

namespace {

constexpr SettingName names[] = {
    {&Settings::datastore_type, "datastoreType", "DATASTORE_TYPE", "FELIX_DATASTORETYPE", "etcdv3."},
    {&Settings::etcd_endpoints, "etcdEndpoints", "ETCD_ENDPOINTS", "FELIX_ETCDENDPOINTS",
     "Servers of the store, separated by commas: http://10.0.0.1:2379,http://10.0.0.2:2379."},
    {&Settings::etcd_discovery_srv, "etcdDiscoverySrv", "ETCD_DISCOVERY_SRV", "", "Not supported yet."},
    {&Settings::etcd_username, "etcdUsername", "ETCD_USERNAME", "", "User, when etcd asks for one."},
    {&Settings::etcd_password, "etcdPassword", "ETCD_PASSWORD", "", "The user's password."},
    {&Settings::etcd_ca_cert_file, "etcdCACertFile", "ETCD_CA_CERT_FILE", "FELIX_ETCDCAFILE",
     "PEM file of the CA that signed the servers' certificates."},
    {&Settings::etcd_cert_file, "etcdCertFile", "ETCD_CERT_FILE", "FELIX_ETCDCERTFILE", "PEM file of our certificate."},
    {&Settings::etcd_key_file, "etcdKeyFile", "ETCD_KEY_FILE", "FELIX_ETCDKEYFILE", "PEM file of its key."},
    {&Settings::etcd_ca_cert, "etcdCACert", "ETCD_CA_CERT", "", "The same as PEM text."},
    {&Settings::etcd_cert, "etcdCert", "ETCD_CERT", "", "The same as PEM text."},
    {&Settings::etcd_key, "etcdKey", "ETCD_KEY", "", "The same as PEM text."},
};

// A file form and the inline form of the same thing.
constexpr std::pair<Setting Settings::*, Setting Settings::*> forms[] = {
    {&Settings::etcd_ca_cert_file, &Settings::etcd_ca_cert},
    {&Settings::etcd_cert_file, &Settings::etcd_cert},
    {&Settings::etcd_key_file, &Settings::etcd_key},
};

/// Lays `over` on `under`. An inline form also replaces the file form of the same thing below it, and the other way
/// round.
void lay(Settings& under, const Settings& over) {
  for (const auto& [file, text] : forms) {
    if ((over.*file).is_set()) under.*text = {};
    if ((over.*text).is_set()) under.*file = {};
  }
  for (const auto& name : names) {
    if ((over.*name.setting).is_set()) under.*name.setting = over.*name.setting;
  }
}

/// Of an environment, what `matches(variable)` names.
template <class Matches>
Settings from_environment(const std::vector<std::string>& environment, Matches matches) {
  Settings settings;
  for (const auto& entry : environment) {
    const auto equals = entry.find('=');
    if (equals == entry.npos) continue;
    const std::string variable = entry.substr(0, equals);
    for (const auto& name : names) {
      if (matches(name, variable)) settings.*name.setting = {entry.substr(equals + 1), variable};
    }
  }
  return settings;
}

/// FELIX_ETCDADDR and FELIX_ETCDSCHEME are an older way to say FELIX_ETCDENDPOINTS.
Settings from_felix(const std::vector<std::string>& environment) {
  const auto upper_is = [](std::string_view variable, std::string_view name) {
    return to_lower(variable) == to_lower(name);
  };
  Settings settings = from_environment(environment, [&](const SettingName& name, const std::string& variable) {
    return !name.felix.empty() && upper_is(variable, name.felix);
  });
  if (settings.etcd_endpoints.is_set()) return settings;
  std::string scheme = "http";
  for (const auto& entry : environment) {
    const auto equals = entry.find('=');
    if (upper_is(entry.substr(0, equals), "FELIX_ETCDSCHEME")) scheme = entry.substr(equals + 1);
  }
  for (const auto& entry : environment) {
    const auto equals = entry.find('=');
    if (!upper_is(entry.substr(0, equals), "FELIX_ETCDADDR") || equals + 1 >= entry.size()) continue;
    settings.etcd_endpoints = {scheme + "://" + entry.substr(equals + 1), entry.substr(0, equals)};
  }
  return settings;
}

Result<> check(const Settings& settings) {
  if (settings.etcd_endpoints.is_set() && settings.etcd_discovery_srv.is_set()) {
    return fail(Code::invalid, fmt::format("{} and {}: only one of them may be set", settings.etcd_endpoints.from,
                                           settings.etcd_discovery_srv.from));
  }
  for (const auto& [file, text] : forms) {
    for (const auto& [other_file, other_text] : forms) {
      if (!(settings.*file).is_set() || !(settings.*other_text).is_set()) continue;
      return fail(Code::invalid,
                  fmt::format("{} and {}: certificates and keys are given either as files or inline, not mixed",
                              (settings.*file).from, (settings.*other_text).from));
    }
  }
  return {};
}

}  // namespace

std::span<const SettingName> setting_names() { return names; }

Result<Settings> parse_settings(std::string_view yaml, std::string_view name) {
  const auto wrong = [&](std::string_view member, std::string_view why) {
    return fail(Code::invalid, fmt::format("{}: {}: {}", name, member, why));
  };
  const auto documents = TRY(within(schema::parse_yaml(yaml), name));
  if (documents.size() != 1 || documents[0].as_object() == nullptr) {
    return fail(Code::invalid, fmt::format("{}: one document of kind CalicoAPIConfig is expected", name));
  }
  const auto& document = documents[0];
  if (document.text("kind") != "CalicoAPIConfig") return wrong("kind", "must be CalicoAPIConfig");
  if (document.text("apiVersion") != "projectcalico.org/v3") return wrong("apiVersion", "must be projectcalico.org/v3");
  Settings settings;
  const auto* spec = document.at("spec");
  if (spec == nullptr || spec->is_null()) return settings;
  if (spec->as_object() == nullptr) return wrong("spec", "must be an object");
  for (const auto& [member, value] : *spec->as_object()) {
    const std::string path = "spec." + member;
    if (member.starts_with("k8s") || member.starts_with("kube")) continue;  // for the datastore type kubernetes
    const SettingName* known = nullptr;
    for (const auto& candidate : names) {
      if (candidate.member == member) known = &candidate;
    }
    if (known == nullptr) return wrong(path, "no such member");
    if (value.is_null()) continue;
    if (value.as_string() == nullptr) return wrong(path, "must be a text");
    settings.*known->setting = {*value.as_string(), fmt::format("{}: {}", name, path)};
  }
  TRY(check(settings));
  return settings;
}

Result<Settings> load_settings(const SettingsSources& sources) {
  Settings settings;
  const std::string file = sources.file.value_or(sources.default_file);
  if (sources.file || file_exists(file)) settings = TRY(parse_settings(TRY(read_file(file)), file));
  lay(settings, from_environment(sources.environment, [](const SettingName& name, const std::string& variable) {
        return variable == name.environment;
      }));
  lay(settings, from_environment(sources.environment, [](const SettingName& name, const std::string& variable) {
        return variable.starts_with("CALICO_") && std::string_view(variable).substr(7) == name.environment;
      }));
  if (sources.felix_environment) lay(settings, from_felix(sources.environment));
  lay(settings, sources.flags);
  TRY(check(settings));
  return settings;
}

}  // namespace weft::store
