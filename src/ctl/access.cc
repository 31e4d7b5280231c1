#include "ctl/access.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include <fmt/core.h>

#include "api/cluster_information.h"
#include "base/file.h"
#include "base/log.h"
#include "base/spelling.h"
#include "base/strings.h"
#include "client/resources.h"
#include "store/etcd/open.h"

namespace weft::ctl {
namespace {

/// The newest release whose data model we know.
constexpr std::pair<int, int> known_version{3, 33};

constexpr std::string_view no_file = "Error reading config file: ", no_client = "Failed to create Calico API client: ";
/// What calicoctl prints on the standard output although it is an error, by how it begins.
constexpr std::string_view on_standard_output[] = {no_file, no_client, "Error executing command: "};

/// "v3.31.2-0.dev" -> (3, 31); nullopt: not the version of a release.
std::optional<std::pair<int, int>> release(std::string_view text) {
  if (text.starts_with('v')) text.remove_prefix(1);
  std::pair<int, int> version;
  const auto major = std::from_chars(text.begin(), text.end(), version.first);
  if (major.ec != std::errc() || major.ptr == text.end() || *major.ptr != '.') return std::nullopt;
  const auto minor = std::from_chars(major.ptr + 1, text.end(), version.second);
  return minor.ec == std::errc() ? std::optional(version) : std::nullopt;
}

/// Of the program that is called as calicoctl.
struct Program {
  std::string log_level = "panic";
  std::string context;
  bool allow_version_mismatch = false;
};
Program& program() {
  static Program words;
  return words;
}

int set_log_level() {
  const std::string& word = program().log_level;
  log::Level level = log::Level::fatal;
  const std::string name = word == "warn" ? "warning" : word == "panic" ? "fatal" : word;
  if (!log::parse_level(name, level)) {
    return complain({Code::invalid, fmt::format("unknown log level: {}, expected one of: panic, fatal, error, warn, "
                                                "info, debug",
                                                word)});
  }
  log::set_level(level);
  return 0;
}

}  // namespace

void add_access_of_program(cli::Command& root) {
  root.flag("--allow-version-mismatch", program().allow_version_mismatch, "Work on a cluster of a newer version");
  root.option("--context", program().context, "Context of the kubeconfig");
  root.option("-l,--log-level", program().log_level, "What is logged (panic, fatal, error, warn, info, debug)");
  root.inherited();
  root.before(set_log_level);
}

void add_access(cli::Command& command, Access& access) {
  if (command.style() == cli::Style::cobra) {
    access.config = store::default_settings_file;
    access.as_calicoctl = true;
    command.option("-c,--config", access.config, "File that says where the datastore is, YAML or JSON.");
    return;
  }
  command.option("-c,--config", access.config, "file that says where the store is (/etc/calico/calicoctl.cfg)");
  command.option("--context", access.context, "context of a kubeconfig; etcd has none").hidden("--context");
  command.flag("--allow-version-mismatch", access.allow_version_mismatch,
               "work on a cluster whose Calico is newer than what weft knows");
}

Result<std::unique_ptr<store::Store>> open_store(const Access& access) {
  store::SettingsSources sources;
  if (!access.config.empty() && access.config != store::default_settings_file) sources.file = access.config;
  if (access.as_calicoctl && sources.file && !file_exists(*sources.file))
    return fail(Code::not_found, std::string(no_file) + *sources.file);
  auto store = [&]() -> Result<std::unique_ptr<store::Store>> {
    return store::open(TRY(store::load_settings(sources)));
  }();
  if (!store && access.as_calicoctl && access.on_resources) store.error().message.insert(0, no_client);
  if (!store || access.allow_version_mismatch || program().allow_version_mismatch) return store;
  const auto information = client::get<api::ClusterInformation>(**store, "default");
  // Whoever cannot be reached is complained about by what needs it.
  const std::string written = information ? information->spec.calico_version : "";
  const auto version = release(written);
  const bool is_none = access.as_calicoctl && !version && !written.empty();
  if (is_none || (version && *version > known_version)) {
    return fail(Code::unsupported, fmt::format("version mismatch.\nClient Version:   v{}.{}\nCluster Version:  {}\n"
                                               "Use --allow-version-mismatch to override",
                                               known_version.first, known_version.second, written));
  }
  return store;
}

int complain(const Error& error) {
  const auto begins = [&](std::string_view words) { return error.message.starts_with(words); };
  fmt::print(std::ranges::any_of(on_standard_output, begins) ? stdout : stderr, "{}\n", error.message);
  return 1;
}

Result<const api::Kind*> find_kind(const std::string& name) {
  if (const auto* kind = api::find_kind(name)) return kind;
  std::vector<std::string_view> names;
  std::string known;
  for (const auto& kind : api::kinds()) {
    names.insert(names.end(), {kind.name, kind.plural});
    known += (known.empty() ? "" : ", ") + std::string(kind.plural);
  }
  const auto meant = nearest(name, names);
  return fail(Code::invalid,
              fmt::format("resource type '{}' is not supported; {}", name,
                          meant.empty() ? "known are " + known : fmt::format("did you mean {}?", meant)));
}

std::vector<std::string> kind_words() {
  std::vector<std::string> words;
  for (const auto& kind : api::kinds()) words.push_back(to_lower(kind.name));
  return words;
}

}  // namespace weft::ctl
