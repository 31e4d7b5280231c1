#include "agent/status_files.h"

#include <dirent.h>

#include <filesystem>
#include <vector>

#include <fmt/core.h>

#include "base/file.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "schema/value.h"

namespace weft::agent {
namespace {

/// As Go's url.PathEscape: everything but unreserved characters and $&+:=@ of a path segment.
std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-_.~$&+:=@").find(c) != std::string_view::npos;
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  return out;
}

/// Empty: no files are wanted.
std::string folder_below(const std::string& prefix) {
  return prefix.empty() || prefix == "none" ? std::string() : prefix + "/endpoint-status";
}

}  // namespace

std::string status_file_name(const plan::EndpointId& id) {
  return escape(id.orchestrator) + ' ' + escape(id.workload) + ' ' + escape(id.endpoint);
}

std::string status_file_content(const plan::Endpoint& endpoint) {
  schema::Array v4, v6;
  for (const auto& address : endpoint.addresses)
    (address.family() == net::Family::v4 ? v4 : v6).emplace_back(net::to_string(address));
  schema::Object object = {{"ifaceName", endpoint.interface}};
  if (endpoint.mac) object.set("mac", net::to_string(*endpoint.mac));
  if (!v4.empty()) object.set("ipv4Nets", v4);
  if (!v6.empty()) object.set("ipv6Nets", v6);
  return schema::to_json(object);
}

bool has_status_files(const std::string& prefix) {
  std::error_code error;
  return std::filesystem::directory_iterator(folder_below(prefix), error) != std::filesystem::directory_iterator();
}

void StatusFiles::move_to(std::string prefix) {
  std::string folder = folder_below(prefix);
  if (folder == folder_) return;
  for (const auto& [name, content] : written_) (void)remove_file(folder_ + '/' + name);
  written_.clear();
  folder_ = std::move(folder);
  for (const auto& [id, endpoint] : endpoints_) refresh(id);
  if (complete_) remove_stale();
}

void StatusFiles::on(const table::Delta<plan::Endpoint>& endpoints) {
  table::apply(endpoints_, endpoints, [this](const auto& id, const auto*, const auto*) { refresh(id); });
}

void StatusFiles::on(const table::Delta<dataplane::EndpointStatus>& states) {
  table::apply(states_, states, [this](const auto& id, const auto*, const auto*) { refresh(id); });
}

void StatusFiles::refresh(const plan::EndpointId& id) {
  if (folder_.empty()) return;
  const auto endpoint = endpoints_.find(id);
  const auto state = states_.find(id);
  const bool up = endpoint != endpoints_.end() && state != states_.end() &&
                  state->second.state == dataplane::EndpointStatus::State::up;
  const std::string name = status_file_name(id), path = folder_ + '/' + name;
  Result<> done;
  if (up) {
    std::string content = status_file_content(endpoint->second);
    const auto there = written_.find(name);
    if (there != written_.end() && there->second == content) return;
    done = make_directories(folder_);
    if (done) done = write_file_atomic(path, content);
    if (done) written_[name] = std::move(content);
  } else {
    done = remove_file(path);
    if (done) written_.erase(name);
  }
  if (done) {
    failed_.erase(id);
    return;
  }
  static auto& errors =
      metrics::counter("weft_status_file_errors", "Endpoint status files that could not be written or removed.");
  errors.add();
  if (failed_.emplace(id, done.error().message).second)
    log::warning("endpoint status file not written; tried again",
                 {{"endpoint", plan::to_string(id)}, {"reason", done.error().message}});
}

void StatusFiles::remove_stale() {
  complete_ = true;
  if (folder_.empty()) return;
  DIR* folder = ::opendir(folder_.c_str());
  if (!folder) return;
  std::vector<std::string> stale;
  while (const dirent* entry = ::readdir(folder)) {
    if (entry->d_name[0] != '.' && !written_.contains(entry->d_name)) stale.emplace_back(entry->d_name);
  }
  ::closedir(folder);
  for (const auto& name : stale) (void)remove_file(folder_ + '/' + name);
}

void StatusFiles::retry() {
  const auto failed = failed_;
  for (const auto& [id, why] : failed) refresh(id);
}

}  // namespace weft::agent
