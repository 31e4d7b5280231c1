#include "cni/plugin.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "cni/client.h"
#include "cni/delegate.h"
#include "cni/error.h"
#include "schema/value.h"

extern char** environ;  // NOLINT(readability-redundant-declaration)

namespace weft::cni {

namespace {

using Environment = std::map<std::string, std::string>;

constexpr std::string_view versions[] = {"0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"};
/// Longer than the agent takes for anything, shorter than runtimes wait.
constexpr auto answer_limit = std::chrono::seconds(100);

struct Verb {
  std::string_view name;
  std::string_view since;            // of the specification
  bool container, netns, interface;  // variables it needs
};
constexpr Verb verbs[] = {
    {"ADD", "0.1.0", true, true, true},       {"DEL", "0.1.0", true, false, true},
    {"CHECK", "0.4.0", true, true, true},     {"GC", "1.1.0", false, false, false},
    {"STATUS", "1.1.0", false, false, false},
};

/// One call being handled.
class Call {
 public:
  Call(std::string_view plugin, const Environment& environment, const std::string& config)
      : plugin_(plugin), environment_(environment), config_(config) {}

  Printed run() {
    const std::string command = env("CNI_COMMAND");
    if (command == "VERSION") return {0, version_json()};
    const auto* verb =
        std::find_if(std::begin(verbs), std::end(verbs), [&](const Verb& each) { return each.name == command; });
    if (verb == std::end(verbs))
      return error(invalid_environment,
                   command.empty() ? "CNI_COMMAND: required" : "CNI_COMMAND: unknown verb " + command);

    const auto parsed = schema::parse_json(config_);
    if (!parsed) return error(decoding_failure, "network configuration: " + parsed.error().message);
    if (parsed->as_object() == nullptr) return error(decoding_failure, "network configuration: must be an object");
    if (!parsed->text("cniVersion").empty()) version_ = parsed->text("cniVersion");
    if (!is_spec_version(version_)) {
      const std::string wanted = std::exchange(version_, "1.1.0");
      return error(incompatible_version, "cniVersion " + wanted + ": not supported", "0.1.0 to 1.1.0 are");
    }
    if (!at_least(version_, verb->since))
      return error(incompatible_version, command + ": cniVersion " + version_ + " does not have it");
    if (verb->container && env("CNI_CONTAINERID").empty())
      return error(invalid_environment, "CNI_CONTAINERID: required");
    if (verb->netns && env("CNI_NETNS").empty()) return error(invalid_environment, "CNI_NETNS: required");
    if (verb->interface && env("CNI_IFNAME").empty()) return error(invalid_environment, "CNI_IFNAME: required");

    socket_ = parsed->text("weft_socket");
    if (socket_.empty()) socket_ = env("WEFT_SOCKET");
    if (socket_.empty()) socket_ = default_socket;
    if (const schema::Value* ipam = parsed->at("ipam")) delegated_ = ipam->text("type");
    if (plugin_ == "ipam" || delegated_ == "calico-ipam" || delegated_ == "weft-ipam") delegated_.clear();
    return with_delegate(command);
  }

 private:
  Printed with_delegate(const std::string& command) {
    if (delegated_.empty()) return ask_agent(command, {});
    if (command == "DEL" || command == "GC") {
      const Printed printed = ask_agent(command, {});
      if (printed.status != 0) return printed;
      const auto released = delegate(delegated_, command, environment_, config_);
      return released ? printed : delegate_error(released.error());
    }
    const auto result = delegate(delegated_, command, environment_, config_);
    if (!result) return delegate_error(result.error());
    Printed printed = ask_agent(command, command == "ADD" ? *result : std::string());
    if (printed.status != 0 && command == "ADD") (void)delegate(delegated_, "DEL", environment_, config_);
    return printed;
  }

  Printed ask_agent(const std::string& command, std::string ipam) {
    Request request{.verb = command, .plugin = std::string(plugin_), .config = config_, .ipam = std::move(ipam)};
    for (const auto& [name, value] : environment_)
      if (name.starts_with("CNI_")) request.environment[name] = value;
    auto answer = ask(socket_, request, answer_limit);
    if (!answer) return error(try_again_later, "the agent of this node does not answer", answer.error().message);
    return {answer->code == 0 ? 0 : 1, std::move(answer->output)};
  }

  /// What another plug-in printed is an error in our name when it has the form of one.
  Printed delegate_error(const Error& failed) {
    const auto parsed = schema::parse_json(failed.message);
    if (parsed && parsed->at("code") != nullptr) return {1, failed.message};
    return error(own_error, "IPAM plug-in " + delegated_, failed.message);
  }

  Printed error(int code, std::string_view message, std::string_view details = {}) const {
    return {1, error_json(version_, code, message, details)};
  }

  std::string env(const std::string& name) const {
    const auto found = environment_.find(name);
    return found == environment_.end() ? std::string() : found->second;
  }

  static std::string version_json() {
    schema::Array supported;
    for (const std::string_view version : versions) supported.emplace_back(version);
    return schema::to_json(schema::Object{{"cniVersion", "1.1.0"}, {"supportedVersions", std::move(supported)}});
  }

  std::string_view plugin_;
  const Environment& environment_;
  const std::string& config_;
  std::string version_ = "0.2.0";
  std::string socket_;
  std::string delegated_;
};

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string read_all(int fd) {
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t got = read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || text.size() > max_document) return text;
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

constexpr std::string_view help =
    "A CNI plug-in of Weft: hands the request to the agent of this node.\n"
    "\n"
    "It is run by a container runtime, with CNI_COMMAND and the other variables of the\n"
    "CNI specification in the environment and the network configuration on standard input.\n"
    "\n"
    "  -v, --version   print the version\n"
    "  -h, --help      print this\n"
    "\n"
    "The agent is asked at /run/weft/agent.sock unless the configuration's weft_socket or\n"
    "the environment's WEFT_SOCKET names another socket.\n";

}  // namespace

std::span<const std::string_view> spec_versions() { return versions; }

bool is_spec_version(std::string_view version) {
  return std::find(std::begin(versions), std::end(versions), version) != std::end(versions);
}

bool at_least(std::string_view a, std::string_view b) {
  return std::find(std::begin(versions), std::end(versions), a) >=
         std::find(std::begin(versions), std::end(versions), b);
}

Printed call(std::string_view plugin, const Environment& environment, const std::string& config) {
  return Call(plugin, environment, config).run();
}

int plugin_main(int argc, char** argv, std::string_view plugin) {
  std::string_view name = argc > 0 ? argv[0] : "";
  name.remove_prefix(name.rfind('/') + 1);
  if (name == "weft-ipam" || name == "calico-ipam") plugin = "ipam";

  if (argc > 1) {
    const std::string_view flag = argv[1];
    if (flag == "-v" || flag == "--version") return write_all(1, "v" WEFT_VERSION "\n") ? 0 : 1;
    if (flag == "-h" || flag == "--help") return write_all(1, help) ? 0 : 1;
    write_all(2, "unknown argument " + std::string(flag) + "\n" + std::string(help));
    return 1;
  }
  Environment environment;
  for (char** each = environ; *each != nullptr; ++each) {
    const std::string_view text = *each;
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  if (!environment.contains("CNI_COMMAND")) {
    write_all(2, help);
    return 1;
  }
  const bool has_config = environment["CNI_COMMAND"] != "VERSION";
  const Printed printed = call(plugin, environment, has_config ? read_all(0) : std::string());
  return write_all(1, printed.text + "\n") ? printed.status : 1;
}

}  // namespace weft::cni
