#include "agent/status_keys.h"

#include <fmt/core.h>

#include <ctime>

#include "api/key.h"
#include "base/log.h"
#include "metrics/metrics.h"
#include "schema/value.h"

namespace weft::agent {
namespace {

std::string host_prefix(const StatusKeys::Options& options, std::string_view host) {
  return fmt::format("/calico/felix/v2/{}/host/{}/", options.region.empty() ? "no-region" : "region-" + options.region,
                     host);
}

std::string_view text_of(dataplane::EndpointStatus::State state) {
  switch (state) {
    case dataplane::EndpointStatus::State::up: return "up";
    case dataplane::EndpointStatus::State::down: return "down";
    case dataplane::EndpointStatus::State::error: return "error";
  }
  return "error";
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text;
}

}  // namespace

StatusKeys::StatusKeys(store::Store& store, std::string host)
    : store_(store), host_(std::move(host)), thread_([this] { run(); }) {}

StatusKeys::~StatusKeys() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void StatusKeys::set(const Options& options) {
  {
    const std::lock_guard lock(mutex_);
    if (options_ == options) return;
    options_ = options;
    dirty_ = true;
  }
  changed_.notify_all();
}

void StatusKeys::on(const table::Delta<dataplane::EndpointStatus>& states) {
  {
    const std::lock_guard lock(mutex_);
    table::apply(wanted_, states, [this](const auto&, const auto*, const auto*) { dirty_ = true; });
  }
  changed_.notify_all();
}

void StatusKeys::run() {
  using Clock = std::chrono::steady_clock;
  auto next_report = Clock::now();
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (options_.enabled) {
      changed_.wait_until(lock, next_report, [this] { return stopping_ || dirty_; });
      if (stopping_) return;
      changed_.wait_for(lock, options_.delay, [this] { return stopping_; });
      if (stopping_) return;
    } else if (written_.empty()) {
      changed_.wait(lock, [this] { return stopping_ || options_.enabled; });
      next_report = Clock::now();
      continue;
    }
    dirty_ = false;
    const Options options = options_;
    lock.unlock();
    auto done = write_endpoints(options);
    if (done && options.enabled && Clock::now() >= next_report) {
      done = write_report(options);
      if (done) next_report = Clock::now() + options.interval;
    }
    lock.lock();
    if (!done) {
      static auto& errors = metrics::counter("weft_status_key_errors", "Status reports that the store did not take.");
      errors.add();
      log::warning("status not reported; tried again", {{"reason", done.error().message}});
      listed_.clear();
      changed_.wait_for(lock, std::chrono::seconds(1), [this] { return stopping_; });
      dirty_ = true;
    }
  }
}

Result<> StatusKeys::write_endpoints(const Options& options) {
  const std::string prefix = host_prefix(options, host_) + "workload/";
  std::map<std::string, std::string> wanted;
  if (options.enabled) {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, status] : wanted_) {
      wanted[fmt::format("{}{}/{}/endpoint/{}", prefix, api::escape_segment(id.orchestrator),
                         api::escape_segment(id.workload), api::escape_segment(id.endpoint))] =
          schema::to_json(schema::Object{{"status", text_of(status.state)}});
    }
  }
  if (listed_ != prefix) {
    const auto listing = TRY(store_.list(prefix));
    std::erase_if(written_, [&](const auto& entry) { return entry.first.starts_with(prefix); });
    for (const auto& entry : listing.entries) written_[entry.key] = entry.value;
    listed_ = prefix;
  }
  std::vector<store::Op> ops;
  const auto flush = [&]() -> Result<> {
    if (ops.empty()) return {};
    (void)TRY(store_.commit(ops));
    for (const auto& op : ops) {
      if (op.kind == store::Op::Kind::remove)
        written_.erase(op.key);
      else
        written_[op.key] = op.value;
    }
    ops.clear();
    return {};
  };
  const auto add = [&](store::Op op) -> Result<> {
    ops.push_back(std::move(op));
    if (ops.size() >= 100) TRY(flush());  // etcd takes 128 operations in one transaction
    return {};
  };
  for (const auto& [key, value] : wanted) {
    const auto there = written_.find(key);
    if (there == written_.end() || there->second != value)
      TRY(add({.kind = store::Op::Kind::put, .key = key, .value = value}));
  }
  const auto before = written_;
  for (const auto& [key, value] : before) {
    if (!wanted.contains(key)) TRY(add({.kind = store::Op::Kind::remove, .key = key}));
  }
  return flush();
}

Result<> StatusKeys::write_report(const Options& options) {
  const double uptime = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
  const std::string value =
      schema::to_json(schema::Object{{"time", now_text()}, {"uptime", uptime}, {"first_update", first_}});
  const std::string prefix = host_prefix(options, host_);
  const auto lease = TRY(store_.grant(options.ttl));
  (void)TRY(store_.put(prefix + "status", value, lease));
  (void)TRY(store_.put(prefix + "last_reported_status", value));
  first_ = false;
  return {};
}

}  // namespace weft::agent
