#include "cni/install.h"

#include <sys/stat.h>

#include "base/file.h"
#include "cni/config.h"
#include "schema/value.h"

namespace weft::cni {

namespace {

struct Placeholder {
  std::string_view name;
  std::string_view variable;     // of the environment
  std::string_view alternative;  // another one, when the first is not set
  std::string_view otherwise;
};
/// Those of Calico's installer. __KUBERNETES_NODE_NAME__ and __KUBECONFIG_FILEPATH__ have values of their own.
constexpr Placeholder placeholders[] = {
    {"__ETCD_ENDPOINTS__", "ETCD_ENDPOINTS", "", ""},
    {"__ETCD_DISCOVERY_SRV__", "ETCD_DISCOVERY_SRV", "", ""},
    {"__ETCD_KEY_FILE__", "CNI_CONF_ETCD_KEY", "ETCD_KEY_FILE", ""},
    {"__ETCD_CERT_FILE__", "CNI_CONF_ETCD_CERT", "ETCD_CERT_FILE", ""},
    {"__ETCD_CA_CERT_FILE__", "CNI_CONF_ETCD_CA", "ETCD_CA_CERT_FILE", ""},
    {"__KUBERNETES_SERVICE_HOST__", "KUBERNETES_SERVICE_HOST", "", ""},
    {"__KUBERNETES_SERVICE_PORT__", "KUBERNETES_SERVICE_PORT", "", ""},
    {"__KUBECONFIG_FILENAME__", "KUBECONFIG_FILENAME", "", "calico-kubeconfig"},
    {"__SERVICEACCOUNT_TOKEN__", "SERVICEACCOUNT_TOKEN", "", ""},
    {"__CNI_MTU__", "CNI_MTU", "", "0"},
    {"__LOG_LEVEL__", "LOG_LEVEL", "", "info"},
    {"__LOG_FILE_PATH__", "LOG_FILE_PATH", "", "/var/log/calico/cni/cni.log"},
    {"__LOG_FILE_MAX_SIZE__", "LOG_FILE_MAX_SIZE", "", "100"},
    {"__LOG_FILE_MAX_AGE__", "LOG_FILE_MAX_AGE", "", "30"},
    {"__LOG_FILE_MAX_COUNT__", "LOG_FILE_MAX_COUNT", "", "10"},
};

std::string variable(const InstallOptions& options, std::string_view name, std::string otherwise = {}) {
  const auto found = options.environment.find(std::string(name));
  return found == options.environment.end() || found->second.empty() ? otherwise : found->second;
}

std::string config_name(const InstallOptions& options) {
  return variable(options, "CNI_CONF_NAME", "10-calico.conflist");
}

/// As it may stand between the quotes of a JSON string.
std::string escaped(const std::string& value) {
  const std::string quoted = schema::to_json(schema::Value(value));
  return quoted.substr(1, quoted.size() - 2);
}

std::string value_of(const InstallOptions& options, std::string_view name) {
  if (name == "__KUBERNETES_NODE_NAME__") return variable(options, "KUBERNETES_NODE_NAME", options.node);
  if (name == "__KUBECONFIG_FILEPATH__")
    return options.config_folder + "/" + variable(options, "KUBECONFIG_FILENAME", "calico-kubeconfig");
  for (const Placeholder& each : placeholders)
    if (each.name == name)
      return variable(options, each.variable, variable(options, each.alternative, std::string(each.otherwise)));
  return {};
}

bool is_known(std::string_view name) {
  if (name == "__KUBERNETES_NODE_NAME__" || name == "__KUBECONFIG_FILEPATH__") return true;
  for (const Placeholder& each : placeholders)
    if (each.name == name) return true;
  return false;
}

/// The placeholder at the beginning of a text: "__", capitals and single underscores, "__". Empty: none.
std::string_view placeholder_at(std::string_view text) {
  if (!text.starts_with("__")) return {};
  for (std::size_t i = 2; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '_' && i > 2 && text.substr(i).starts_with("__")) return text.substr(0, i + 2);
    if (c != '_' && (c < 'A' || c > 'Z') && (c < '0' || c > '9')) return {};
  }
  return {};
}

Result<std::string> fill_in(const InstallOptions& options, std::string_view text) {
  std::string filled;
  while (!text.empty()) {
    const std::string_view name = placeholder_at(text);
    if (name.empty()) {
      filled += text.front();
      text.remove_prefix(1);
      continue;
    }
    if (!is_known(name)) return fail(Code::invalid, std::string(name) + ": unknown placeholder");
    filled += escaped(value_of(options, name));
    text.remove_prefix(name.size());
  }
  return filled;
}

Result<std::string> read_template(const InstallOptions& options) {
  if (std::string text = variable(options, "CNI_NETWORK_CONFIG"); !text.empty()) return text;
  if (const std::string file = variable(options, "CNI_NETWORK_CONFIG_FILE"); !file.empty()) return read_file(file);
  return std::string(default_template());
}

Result<> check(const std::string& text, const std::string& name) {
  const auto value = TRY(schema::parse_json(text));
  if (!is_network_name(value.text("name"))) return fail(Code::invalid, "name: must match [a-zA-Z0-9_.-]+");
  const schema::Value* plugins = value.at("plugins");
  const bool is_list = plugins != nullptr && plugins->as_array() != nullptr;
  if (name.ends_with(".conflist") && !is_list) return fail(Code::invalid, "plugins: required in a .conflist");
  if (!is_list && value.text("type").empty()) return fail(Code::invalid, "type: required");
  return {};
}

/// True when the file was written: it was not there, or another.
Result<bool> put(const std::string& path, const std::string& content, unsigned mode) {
  struct stat info{};
  const bool same_mode = stat(path.c_str(), &info) == 0 && (info.st_mode & 0777) == mode;
  if (same_mode && info.st_size == static_cast<off_t>(content.size())) {
    const auto present = read_file(path);
    if (present && *present == content) return false;
  }
  TRY(write_file_atomic(path, content, mode));
  return true;
}

}  // namespace

std::string_view default_template() {
  return R"({
  "name": "k8s-pod-network",
  "cniVersion": "1.0.0",
  "plugins": [
    {
      "type": "calico",
      "datastore_type": "etcdv3",
      "etcd_endpoints": "__ETCD_ENDPOINTS__",
      "etcd_key_file": "__ETCD_KEY_FILE__",
      "etcd_cert_file": "__ETCD_CERT_FILE__",
      "etcd_ca_cert_file": "__ETCD_CA_CERT_FILE__",
      "nodename": "__KUBERNETES_NODE_NAME__",
      "mtu": __CNI_MTU__,
      "log_level": "__LOG_LEVEL__",
      "ipam": { "type": "calico-ipam" },
      "policy": { "type": "k8s" }
    }
  ]
}
)";
}

Result<std::string> render_config(const InstallOptions& options) {
  const std::string name = config_name(options);
  if (name.find('/') != std::string::npos) return fail(Code::invalid, "CNI_CONF_NAME: must be a file name");
  const std::string text =
      TRY(within(fill_in(options, TRY(within(read_template(options), "network configuration"))), name));
  TRY(within(check(text, name), name));
  return text;
}

Result<std::vector<std::string>> install(const InstallOptions& options) {
  const std::string config = TRY(render_config(options));
  std::vector<std::string> written;
  TRY(make_directories(options.bin_folder));
  TRY(make_directories(options.config_folder));
  for (const auto& [program, names] :
       {std::pair{"weft-cni", std::pair{"weft-cni", "calico"}}, {"weft-ipam", {"weft-ipam", "calico-ipam"}}}) {
    const std::string content = TRY(read_file(options.programs + "/" + program));
    for (const char* name : {names.first, names.second}) {
      const std::string path = options.bin_folder + "/" + name;
      if (TRY(within(put(path, content, 0755), path))) written.push_back(path);
    }
  }
  const std::string path = options.config_folder + "/" + config_name(options);
  if (TRY(within(put(path, config, 0644), path))) written.push_back(path);
  const std::string old = variable(options, "CNI_OLD_CONF_NAME");
  if (!old.empty() && old != config_name(options) && old.find('/') == std::string::npos)
    TRY(remove_file(options.config_folder + "/" + old));
  return written;
}

}  // namespace weft::cni
