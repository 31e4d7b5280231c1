#include "confd/flags.h"

#include <fmt/core.h>

#include <charconv>
#include <functional>
#include <optional>
#include <string_view>

#include "base/env.h"
#include "base/file.h"
#include "confd/toml.h"

namespace weft::confd {
namespace {

constexpr std::string_view default_config_file = "/etc/confd/confd.toml";

/// One flag. `member` is its name in the configuration file, empty: it has none there.
struct Flag {
  std::string_view name;
  std::string_view member;
  bool boolean;
  std::string_view help;
  std::function<bool(Settings&, std::string_view value)> set;  // false: the value is no good
};

bool parse_bool(std::string_view text, bool& out) {
  for (const std::string_view word : {"1", "t", "T", "true", "TRUE", "True"}) {
    if (text == word) return out = true, true;
  }
  for (const std::string_view word : {"0", "f", "F", "false", "FALSE", "False"}) {
    if (text == word) return out = false, true;
  }
  return false;
}

auto text(std::string Settings::* member) {
  return [member](Settings& s, std::string_view value) { return s.*member = value, true; };
}
auto truth(bool Settings::* member) {
  return [member](Settings& s, std::string_view value) { return parse_bool(value, s.*member); };
}
auto truth(bool RenderOptions::* member) {
  return [member](Settings& s, std::string_view value) { return parse_bool(value, s.render.*member); };
}
bool set_interval(Settings& s, std::string_view value) {
  int number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  s.interval = std::chrono::seconds(number);
  return error == std::errc() && end == value.data() + value.size() && number > 0;
}
bool ignore(Settings&, std::string_view) { return true; }

const std::vector<Flag>& flags() {
  static const std::vector<Flag> list = {
      {"backend", "backend", false, "where keys come from: etcdv3, calico (etcdv3)", text(&Settings::backend)},
      {"calicoconfig", "", false, "CalicoAPIConfig file (/etc/calico/calicoctl.cfg)", text(&Settings::calico_config)},
      {"client-ca-keys", "client_cakeys", false, "file with the CA of the backend's servers",
       text(&Settings::client_ca_keys)},
      {"client-cert", "client_cert", false, "file with our certificate", text(&Settings::client_cert)},
      {"client-key", "client_key", false, "file with its key", text(&Settings::client_key)},
      {"confdir", "confdir", false, "folder with conf.d and templates (/etc/confd; backend calico: Weft's own)",
       text(&Settings::confdir)},
      {"config-file", "", false, "configuration file (/etc/confd/confd.toml)", ignore},
      {"help", "", true, "print this", truth(&Settings::help)},
      {"h", "", true, "print this", truth(&Settings::help)},
      {"interval", "interval", false, "seconds between two looks at the backend without -watch (600)", set_interval},
      {"keep-stage-file", "keep-stage-file", true, "keep staged files", truth(&RenderOptions::keep_stage_file)},
      {"log-level", "log-level", false, "debug, info, warning, error (info)", text(&Settings::log_level)},
      {"node", "nodes", false, "endpoint of the backend; may be given several times",
       [](Settings& s, std::string_view value) { return s.nodes.emplace_back(value), true; }},
      {"node-name", "", false, "name of this node in backend calico", text(&Settings::node_name)},
      {"noop", "noop", true, "only show what would change", truth(&RenderOptions::noop)},
      {"onetime", "", true, "run once and exit", truth(&Settings::onetime)},
      {"password", "password", false, "password at the backend", text(&Settings::password)},
      {"prefix", "prefix", false, "prefix of keys, instead of that of the resources", text(&Settings::prefix)},
      {"sync-only", "sync-only", true, "neither check nor reload", truth(&RenderOptions::sync_only)},
      {"username", "username", false, "user at the backend", text(&Settings::username)},
      {"version", "", true, "print the version and exit", truth(&Settings::version)},
      {"watch", "watch", true, "follow changes", truth(&Settings::watch)},
      {"basic-auth", "basic_auth", true, "accepted; user and password are used when they are given", ignore},
      {"scheme", "scheme", false, "accepted; endpoints say it themselves", ignore},
  };
  return list;
}

const Flag* find_flag(std::string_view name) {
  for (const auto& flag : flags()) {
    if (flag.name == name) return &flag;
  }
  return nullptr;
}

struct Given {
  const Flag* flag;
  std::string value;
};

std::unexpected<Error> bad_value(std::string_view where, std::string_view value) {
  return fail(Code::invalid, fmt::format("{}: \"{}\" is no value for it", where, value));
}

Result<std::vector<Given>> read_arguments(std::span<const std::string> arguments) {
  std::vector<Given> given;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    if (argument == "--") break;
    if (argument.size() < 2 || argument[0] != '-') return fail(Code::invalid, fmt::format("what is \"{}\"?", argument));
    argument.remove_prefix(argument.starts_with("--") ? 2 : 1);
    const auto equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    const Flag* flag = find_flag(name);
    if (!flag) return fail(Code::invalid, fmt::format("flag provided but not defined: -{}", name));
    std::string value;
    if (equals != argument.npos)
      value = argument.substr(equals + 1);
    else if (flag->boolean)
      value = "true";
    else if (i + 1 < arguments.size())
      value = arguments[++i];
    else
      return fail(Code::invalid, fmt::format("flag needs an argument: -{}", name));
    given.push_back({flag, std::move(value)});
  }
  return given;
}

Result<> read_config(const std::string& path, Settings& settings) {
  const std::string content = TRY(read_file(path));
  const schema::Value document = TRY(within(parse_toml(content), path));
  for (const auto& [name, value] : *document.as_object()) {
    const Flag* flag = nullptr;
    for (const auto& one : flags()) {
      if (!one.member.empty() && one.member == name) flag = &one;
    }
    if (!flag) continue;  // settings of backends that we do not have
    schema::Array values;
    if (const auto* list = value.as_array())
      values = *list;
    else
      values.push_back(value);
    for (const auto& one : values) {
      const std::string written = one.as_string() ? *one.as_string() : schema::to_json(one);
      if (!flag->set(settings, written)) return bad_value(path + ": " + name, written);
    }
  }
  return {};
}

}  // namespace

Result<Settings> parse_flags(std::span<const std::string> arguments) {
  const auto given = TRY(read_arguments(arguments));
  Settings settings;
  std::optional<std::string> config;
  for (const auto& one : given) {
    if (one.flag->name == "config-file") config = one.value;
  }
  if (config)
    TRY(read_config(*config, settings));
  else if (file_exists(std::string(default_config_file)))
    TRY(read_config(std::string(default_config_file), settings));

  bool first_node = true;
  for (const auto& [flag, value] : given) {
    if (flag->name == "node" && std::exchange(first_node, false)) settings.nodes.clear();
    if (!flag->set(settings, value)) return bad_value(fmt::format("-{}", flag->name), value);
  }
  const auto otherwise = [](std::string& setting, const char* variable) {
    if (setting.empty()) setting = env_or(variable, "");
  };
  otherwise(settings.client_ca_keys, "CONFD_CLIENT_CAKEYS");
  otherwise(settings.client_cert, "CONFD_CLIENT_CERT");
  otherwise(settings.client_key, "CONFD_CLIENT_KEY");
  if (settings.backend != "etcdv3" && settings.backend != "calico") {
    return fail(Code::unsupported,
                fmt::format("-backend: \"{}\" is not supported; there are etcdv3 and calico", settings.backend));
  }
  return settings;
}

std::string usage() {
  std::string out =
      "Usage: weft confd [flags]\n\nKeeps files in step with keys: renders templates, checks and replaces files, "
      "reloads their readers.\n\n";
  for (const auto& flag : flags()) {
    if (flag.name != "h") out += fmt::format("  -{:<18} {}\n", flag.name, flag.help);
  }
  return out;
}

}  // namespace weft::confd
