#include "cni/config.h"

#include <algorithm>

#include "base/strings.h"

namespace weft::cni {

namespace {

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// Walks members of a JSON object; the first problem is kept, so that the caller asks once, at the end.
class Reader {
 public:
  explicit Reader(const schema::Value& value) : value_(value) {}

  template <class... Path>
  void text(std::string& into, Path... path) {
    const schema::Value* member = find(path...);
    if (member == nullptr) return;
    if (const std::string* found = member->as_string())
      into = *found;
    else
      bad("must be a string", path...);
  }
  /// Calico writes some of them as "true" and "false".
  template <class... Path>
  void flag(bool& into, Path... path) {
    const schema::Value* member = find(path...);
    if (member == nullptr) return;
    const std::string* text = member->as_string();
    if (const bool* found = member->as_bool())
      into = *found;
    else if (text != nullptr && (to_lower(*text) == "true" || *text == "1"))
      into = true;
    else if (text != nullptr && (to_lower(*text) == "false" || *text == "0" || text->empty()))
      into = false;
    else
      bad("must be true or false", path...);
  }
  template <class... Path>
  void number(int& into, int most, Path... path) {
    const schema::Value* member = find(path...);
    if (member == nullptr) return;
    const std::int64_t* found = member->as_int();
    if (found != nullptr && *found >= 0 && *found <= most)
      into = static_cast<int>(*found);
    else
      bad("must be a number from 0 to " + std::to_string(most), path...);
  }
  template <class... Path>
  void texts(std::vector<std::string>& into, Path... path) {
    const schema::Value* member = find(path...);
    if (member == nullptr) return;
    const schema::Array* list = member->as_array();
    if (list == nullptr) return bad("must be a list of strings", path...);
    for (const schema::Value& each : *list) {
      if (each.as_string() == nullptr) return bad("must be a list of strings", path...);
      into.push_back(*each.as_string());
    }
  }
  template <class... Path>
  void bad(std::string_view rule, Path... path) {
    if (!error_.empty()) return;
    ((error_ += error_.empty() ? "" : ".", error_ += path), ...);
    error_ += ": ";
    error_ += rule;
  }
  template <class... Path>
  const schema::Value* find(Path... path) const {
    const schema::Value* member = value_.at(path...);
    return member == nullptr || member->is_null() ? nullptr : member;
  }
  const std::string& error() const { return error_; }

 private:
  const schema::Value& value_;
  std::string error_;
};

/// [{"key":"app","value":"web"}, …] as the CNI conventions have it, or {"app":"web"}.
void read_labels(Reader& reader, api::Labels& labels) {
  const schema::Value* member = reader.find("args", "cni", "labels");
  if (member == nullptr) return;
  if (const schema::Object* object = member->as_object()) {
    for (const auto& [name, value] : *object) {
      if (value.as_string() == nullptr) return reader.bad("values must be strings", "args", "cni", "labels");
      labels[name] = *value.as_string();
    }
  } else if (const schema::Array* list = member->as_array()) {
    for (const schema::Value& each : *list) {
      if (each.text("key").empty()) return reader.bad("each must have a key and a value", "args", "cni", "labels");
      labels[std::string(each.text("key"))] = each.text("value");
    }
  } else {
    reader.bad("must be a list of {key, value} or an object", "args", "cni", "labels");
  }
}

/// [{"name":"http","protocol":"TCP","port":80}, …]
void read_ports(Reader& reader, std::vector<api::EndpointPort>& ports) {
  const schema::Value* member = reader.find("args", "cni", "ports");
  if (member == nullptr) return;
  const schema::Array* list = member->as_array();
  if (list == nullptr) return reader.bad("must be a list", "args", "cni", "ports");
  for (const schema::Value& each : *list) {
    const schema::Value* number = each.at("port");
    const std::int64_t* port = number == nullptr ? nullptr : number->as_int();
    const auto protocol = net::Protocol::parse(each.text("protocol").empty() ? "TCP" : each.text("protocol"));
    if (each.text("name").empty() || port == nullptr || *port < 1 || *port > 65535 || !protocol)
      return reader.bad("each must have a name, a protocol and a port from 1 to 65535", "args", "cni", "ports");
    ports.push_back(
        {.name = std::string(each.text("name")), .protocol = {.value = *protocol}, .port = static_cast<int>(*port)});
  }
}

void read_attachments(Reader& reader, std::optional<std::vector<Attachment>>& attachments) {
  const schema::Value* member = reader.find("cni.dev/valid-attachments");
  if (member == nullptr) return;
  const schema::Array* list = member->as_array();
  if (list == nullptr) return reader.bad("must be a list", "cni.dev/valid-attachments");
  attachments.emplace();
  for (const schema::Value& each : *list) {
    if (each.text("containerID").empty())
      return reader.bad("each must have a containerID", "cni.dev/valid-attachments");
    attachments->push_back({std::string(each.text("containerID")), std::string(each.text("ifname"))});
  }
}

}  // namespace

bool is_network_name(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_word(c) || c == '_' || c == '.' || c == '-'; });
}

bool is_container_id(std::string_view id) { return is_network_name(id) && is_word(id.front()); }

bool is_interface_name(std::string_view name) {
  if (name.empty() || name.size() > 15 || name == "." || name == "..") return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < 127 && c != '/' && c != ':'; });
}

Result<NetworkConfig> NetworkConfig::parse(std::string_view json) {
  const auto value = TRY(schema::parse_json(json));
  if (value.as_object() == nullptr) return fail(Code::invalid, "must be an object");
  NetworkConfig config;
  Reader reader(value);
  reader.text(config.version, "cniVersion");
  reader.text(config.name, "name");
  reader.text(config.node_name, "kubernetes", "node_name");
  reader.text(config.node_name, "nodename");
  reader.text(config.node_name_file, "nodename_file");
  reader.text(config.host_name, "hostname");
  reader.text(config.ipam_type, "ipam", "type");
  reader.flag(config.assign_ipv4, "ipam", "assign_ipv4");
  reader.flag(config.assign_ipv6, "ipam", "assign_ipv6");
  reader.texts(config.ipv4_pools, "ipam", "ipv4_pools");
  reader.texts(config.ipv6_pools, "ipam", "ipv6_pools");
  reader.number(config.mtu, 65535, "mtu");
  std::string policy;
  reader.text(policy, "policy", "type");
  config.policy_from_pod = policy == "k8s";
  reader.flag(config.allow_ip_forwarding, "container_settings", "allow_ip_forwarding");
  reader.flag(config.include_default_routes, "include_default_routes");
  reader.number(config.policy_timeout, 3600, "policy_setup_timeout_seconds");
  read_labels(reader, config.labels);
  read_ports(reader, config.ports);
  reader.text(config.service_account, "args", "cni", "serviceAccount");
  if (const schema::Value* previous = reader.find("prevResult")) config.previous = *previous;
  read_attachments(reader, config.valid_attachments);
  if (!reader.error().empty()) return fail(Code::invalid, reader.error());
  if (config.version.empty()) config.version = "0.2.0";
  return config;
}

Result<PodArgs> PodArgs::parse(std::string_view text) {
  PodArgs args;
  for (const std::string& part : split(text, ';')) {
    if (part.empty()) continue;
    const auto equals = part.find('=');
    if (equals == std::string::npos) return fail(Code::invalid, "CNI_ARGS: " + part + ": must be name=value");
    const std::string name = part.substr(0, equals);
    const std::string value = part.substr(equals + 1);
    if (name == "K8S_POD_NAME") args.pod = value;
    if (name == "K8S_POD_NAMESPACE") args.namespace_ = value;
    if (name == "K8S_POD_INFRA_CONTAINER_ID") args.infra_container = value;
    if (name == "IP" && !value.empty()) args.ip = TRY(within(net::Ip::parse(value), "CNI_ARGS: IP"));
  }
  return args;
}

}  // namespace weft::cni
