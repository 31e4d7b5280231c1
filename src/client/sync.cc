#include "client/sync.h"
#include "client/snapshot.h"

#include <fmt/core.h>

#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "api/codec.h"
#include "base/log.h"
#include "metrics/metrics.h"

namespace weft::client {

namespace {

using store::Event;

constexpr std::string_view root = "/calico/";

/// What a key is about, when it is about something in api::Changes.
struct Subject {
  std::string_view kind;  // of the table below
  std::string namespace_, name;
  std::optional<net::Cidr> cidr;
  std::string host;
};

/// The row without its content, which has its key.
template <class T>
T named(const Subject& subject) {
  T row;
  if constexpr (std::is_same_v<T, api::Block>) {
    row.cidr = *subject.cidr;
  } else if constexpr (std::is_same_v<T, api::BlockAffinity>) {
    row.host = subject.host;
    row.cidr = *subject.cidr;
  } else {
    row.metadata.namespace_ = subject.namespace_;
    row.metadata.name = subject.name;
  }
  return row;
}

template <class T>
Result<T> decode(const Subject& subject, const Event& event) {
  T row = TRY(api::from_json<T>(*event.value));
  // The key says which object it is, whatever the value says.
  if constexpr (std::is_same_v<T, api::Block>) {
    if (row.cidr != *subject.cidr) return fail(Code::invalid, fmt::format("cidr: is {}", net::to_string(row.cidr)));
  } else if constexpr (std::is_same_v<T, api::BlockAffinity>) {
    row.host = subject.host;
    row.cidr = *subject.cidr;
  } else {
    row.metadata.namespace_ = subject.namespace_;
    row.metadata.name = subject.name;
    row.metadata.resource_version = std::to_string(event.revision);
  }
  return row;
}

/// Puts an event into the changes; an undecodable one as absent, with the reason returned.
template <auto table>
Result<> put(api::Changes& changes, const Subject& subject, const Event& event) {
  using Delta = std::remove_reference_t<decltype(changes.*table)>;
  using Row = typename decltype(Delta::rows)::mapped_type::value_type;
  if (event.value) {
    auto row = decode<Row>(subject, event);
    if (row) {
      (changes.*table).put(*std::move(row));
      return {};
    }
    (changes.*table).drop(named<Row>(subject).key());
    return std::unexpected(std::move(row.error()));
  }
  (changes.*table).drop(named<Row>(subject).key());
  return {};
}

/// The table is all there is.
template <auto table>
void complete(api::Changes& changes) {
  (changes.*table).whole = true;
}

struct Kind {
  std::string_view name;
  Result<> (*put)(api::Changes&, const Subject&, const Event&);
  void (*complete)(api::Changes&);
};
template <auto table>
constexpr Kind kind(std::string_view name) {
  return {name, put<table>, complete<table>};
}

constexpr std::string_view block = "IPAMBlock";
constexpr std::string_view affinity = "BlockAffinity";

constexpr Kind kinds[] = {
    kind<&api::Changes::nodes>("Node"),
    kind<&api::Changes::pools>("IPPool"),
    kind<&api::Changes::tiers>("Tier"),
    kind<&api::Changes::global_policies>("GlobalNetworkPolicy"),
    kind<&api::Changes::policies>("NetworkPolicy"),
    kind<&api::Changes::staged_global_policies>("StagedGlobalNetworkPolicy"),
    kind<&api::Changes::staged_policies>("StagedNetworkPolicy"),
    kind<&api::Changes::staged_kubernetes_policies>("StagedKubernetesNetworkPolicy"),
    kind<&api::Changes::global_network_sets>("GlobalNetworkSet"),
    kind<&api::Changes::network_sets>("NetworkSet"),
    kind<&api::Changes::profiles>("Profile"),
    kind<&api::Changes::endpoints>("WorkloadEndpoint"),
    kind<&api::Changes::host_endpoints>("HostEndpoint"),
    kind<&api::Changes::felix_configurations>("FelixConfiguration"),
    kind<&api::Changes::cluster_information>("ClusterInformation"),
    kind<&api::Changes::bgp_configurations>("BGPConfiguration"),
    kind<&api::Changes::bgp_peers>("BGPPeer"),
    kind<&api::Changes::bgp_filters>("BGPFilter"),
    kind<&api::Changes::blocks>(block),
    kind<&api::Changes::affinities>(affinity),
};

const Kind* kind_of(std::string_view name) {
  for (const auto& kind : kinds) {
    if (kind.name == name) return &kind;
  }
  return nullptr;
}

/// nullopt: nothing that api::Changes has.
std::optional<Subject> subject_of(std::string_view key) {
  if (key.starts_with("/calico/resources/")) {
    auto resource = api::parse_resource_key(key);
    if (!resource) return {};
    const Kind* kind = kind_of(resource->kind);
    // Real affinities lie elsewhere; a resource of that kind is another driver's.
    if (kind == nullptr || kind->name == affinity) return {};
    return Subject{
        .kind = kind->name, .namespace_ = std::move(resource->namespace_), .name = std::move(resource->name)};
  }
  if (!key.starts_with("/calico/ipam/v2/")) return {};
  if (auto cidr = api::parse_block_key(key)) return Subject{.kind = block, .cidr = cidr};
  if (auto claim = api::parse_affinity_key(key)) {
    return Subject{.kind = affinity, .cidr = claim->second, .host = std::move(claim->first)};
  }
  return {};
}

}  // namespace

Result<Snapshot> snapshot(store::Store& store) {
  auto listing = TRY(store.list(root));
  Snapshot out;
  for (const auto& kind : kinds) kind.complete(out.tables);
  for (auto& entry : listing.entries) {
    const auto subject = subject_of(entry.key);
    if (!subject) continue;
    const Event event{std::move(entry.key), std::move(entry.value), entry.revision};
    const auto done = kind_of(subject->kind)->put(out.tables, *subject, event);
    if (!done) out.bad.emplace(event.key, done.error().message);
  }
  out.tables.revision = listing.revision;
  out.tables.in_sync = true;
  return out;
}

struct Sync::Inner {
  Inner(std::set<std::string_view> kinds, OnChanges on_changes)
      : wanted(std::move(kinds)), send(std::move(on_changes)) {
    for (const auto kind : wanted) CHECK(kind_of(kind) != nullptr);
  }

  const std::set<std::string_view> wanted;
  const OnChanges send;
  metrics::Gauge& undecodable =
      metrics::gauge("weft_sync_undecodable", "Keys of the store that hold something we cannot read.");
  mutable std::mutex mutex;
  BadKeys bad;
  std::optional<store::Mirror> mirror;  // last: its threads use the rest

  bool wants(std::string_view key) const {
    const auto subject = subject_of(key);
    return subject && wanted.contains(subject->kind);
  }

  void take(std::span<const Event> events, store::Revision revision, bool in_sync) {
    api::Changes changes;
    changes.revision = revision;
    changes.in_sync = in_sync;
    if (!events.empty()) changes.passage.received = std::chrono::steady_clock::now();
    for (const auto& event : events) {
      const auto subject = subject_of(event.key);
      if (!subject) continue;
      const auto done = kind_of(subject->kind)->put(changes, *subject, event);
      note(event, done ? std::nullopt : std::optional(done.error().message));
    }
    if (changes.passage.set()) changes.passage.decoded = std::chrono::steady_clock::now();
    send(std::move(changes));
  }

  void note(const Event& event, std::optional<std::string> trouble) {
    const std::lock_guard lock(mutex);
    if (!trouble) {
      if (bad.empty() || bad.erase(event.key) == 0) return;
      log::info(event.value ? "key can be read again" : "key that could not be read is gone", {{"key", event.key}});
    } else {
      auto& known = bad[event.key];
      if (known == *trouble) return;
      log::warning("key cannot be read and is left out", {{"key", event.key}, {"reason", *trouble}});
      known = *std::move(trouble);
    }
    undecodable.set(static_cast<double>(bad.size()));
  }
};

const std::set<std::string_view>& Sync::all_kinds() {
  static const std::set<std::string_view> all = [] {
    std::set<std::string_view> names;
    for (const auto& kind : kinds) names.insert(kind.name);
    return names;
  }();
  return all;
}

Sync::Sync(store::Store& store, std::set<std::string_view> kinds, OnChanges on_changes)
    : inner_(std::make_unique<Inner>(std::move(kinds), std::move(on_changes))) {
  Inner* inner = inner_.get();
  inner->mirror.emplace(store,
                        store::MirrorOptions{.prefix = std::string(root),
                                             .wanted = [inner](std::string_view key) { return inner->wants(key); }},
                        [inner](std::span<const Event> events, store::Revision revision, bool in_sync) {
                          inner->take(events, revision, in_sync);
                        });
}

Sync::~Sync() = default;

void Sync::request_progress() { inner_->mirror->request_progress(); }
Result<store::Revision> Sync::catch_up(std::chrono::milliseconds timeout) { return inner_->mirror->catch_up(timeout); }
store::Mirror::State Sync::state() const { return inner_->mirror->state(); }

BadKeys Sync::bad_keys() const {
  const std::lock_guard lock(inner_->mutex);
  return inner_->bad;
}

}  // namespace weft::client
