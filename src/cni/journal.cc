#include "cni/journal.h"

#include <cstdio>

#include "base/file.h"
#include "base/log.h"
#include "schema/value.h"

namespace weft::cni {

namespace {

schema::Value to_value(const PendingRelease& release) {
  schema::Array handles;
  for (const std::string& handle : release.handles) handles.emplace_back(handle);
  return schema::Object{{"container", release.container},
                        {"interface", release.interface},
                        {"endpoint", release.endpoint},
                        {"handles", std::move(handles)}};
}

Result<std::vector<PendingRelease>> parse(std::string_view text) {
  const auto value = TRY(schema::parse_json(text));
  const schema::Value* list = value.at("releases");
  if (list == nullptr || list->as_array() == nullptr) return fail(Code::invalid, "releases: must be a list");
  std::vector<PendingRelease> entries;
  for (const schema::Value& each : *list->as_array()) {
    PendingRelease release{std::string(each.text("container")),
                           std::string(each.text("interface")),
                           std::string(each.text("endpoint")),
                           {}};
    const schema::Value* handles = each.at("handles");
    if (handles == nullptr || handles->as_array() == nullptr) return fail(Code::invalid, "handles: must be a list");
    for (const schema::Value& handle : *handles->as_array())
      if (handle.as_string() != nullptr) release.handles.push_back(*handle.as_string());
    entries.push_back(std::move(release));
  }
  return entries;
}

}  // namespace

Journal::Journal(std::string file) : file_(std::move(file)) {
  if (!file_exists(file_)) return;
  const auto text = read_file(file_);
  auto entries = text ? parse(*text) : std::unexpected(text.error());
  if (entries) {
    entries_ = std::move(*entries);
    return;
  }
  log::error("journal of releases cannot be read; it is kept aside",
             {{"file", file_}, {"error", entries.error().message}});
  std::rename(file_.c_str(), (file_ + ".bad").c_str());
}

Result<> Journal::add(const PendingRelease& release) {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [&](const auto& each) {
    return each.container == release.container && each.interface == release.interface;
  });
  entries_.push_back(release);
  return save();
}

Result<> Journal::drop(const std::string& container, const std::string& interface) {
  const std::lock_guard lock(mutex_);
  const auto gone = std::erase_if(
      entries_, [&](const auto& each) { return each.container == container && each.interface == interface; });
  return gone > 0 ? save() : Result<>{};
}

std::vector<PendingRelease> Journal::all() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

Result<> Journal::save() const {
  if (entries_.empty()) return remove_file(file_);
  schema::Array list;
  for (const PendingRelease& each : entries_) list.push_back(to_value(each));
  TRY(make_directories(file_.substr(0, file_.rfind('/'))));
  return write_file_atomic(file_, schema::to_json(schema::Object{{"releases", std::move(list)}}, 2) + "\n", 0600);
}

}  // namespace weft::cni
