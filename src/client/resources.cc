#include "client/resources.h"

#include <sys/random.h>

#include <array>
#include <ctime>
#include <utility>

#include <fmt/core.h>

#include "api/bgp.h"
#include "api/cluster_information.h"
#include "api/felix_configuration.h"
#include "api/ip_pool.h"
#include "api/ipam.h"
#include "api/network_set.h"
#include "api/node.h"
#include "api/policy.h"
#include "api/profile.h"
#include "api/tier.h"
#include "api/workload_endpoint.h"
#include "schema/describe.h"

namespace weft::client {
namespace {

constexpr std::string_view allow_profile = "projectcalico-default-allow";
constexpr int most_tries = 100;

std::string uuid() {  // version 4, RFC 9562
  std::array<std::uint8_t, 16> b;
  CHECK(::getrandom(b.data(), b.size(), 0) == static_cast<ssize_t>(b.size()));
  b[6] = static_cast<std::uint8_t>((b[6] & 0x0f) | 0x40);
  b[8] = static_cast<std::uint8_t>((b[8] & 0x3f) | 0x80);
  return fmt::format("{:02x}{:02x}{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}-{:02x}{:02x}{:02x}{:02x}{:02x}{:02x}", b[0], b[1], b[2],
                     b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

std::string now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 32> text;
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

template <class T>
std::string kind() {
  return std::string(schema::schema_of<T>().kind);
}

template <class T>
std::string title(const T& object) {
  const auto& m = object.metadata;
  return m.namespace_.empty() ? fmt::format("{} {}", kind<T>(), m.name) : fmt::format("{} {}/{}", kind<T>(), m.namespace_, m.name);
}

template <class T>
std::string path(std::string_view name, std::string_view namespace_) {
  T object;
  object.metadata.name = name;
  object.metadata.namespace_ = namespace_;
  return api::path_of(object);
}

/// Code and sentence of the store, about an object instead of a key.
template <class T>
Error about(const T& object, Error error) {
  switch (error.code) {
    case Code::exists: return {Code::exists, title(object) + " exists already"};
    case Code::not_found: return {Code::not_found, title(object) + " does not exist"};
    case Code::conflict: return {Code::conflict, title(object) + " was changed by somebody else in between"};
    default: return std::move(error).within(title(object));
  }
}

template <class T>
Result<T> decode(const store::Entry& entry) {
  auto object = TRY(within(api::from_json<T>(entry.value), entry.key));
  object.metadata.resource_version = std::to_string(entry.revision);
  return object;
}

Result<store::Revision> revision_of(const api::Metadata& metadata) {
  store::Revision revision = 0;
  for (const char c : metadata.resource_version) {
    if (c < '0' || c > '9' || revision > (1ll << 58)) return fail(Code::invalid, fmt::format("metadata.resourceVersion: \"{}\" is not a revision", metadata.resource_version));
    revision = revision * 10 + (c - '0');
  }
  if (revision == 0) return fail(Code::invalid, "metadata.resourceVersion: must be set for an update");
  return revision;
}

/// The profile that always exists and is never stored (datamodel 4.2).
api::Profile virtual_profile() {
  api::Profile profile;
  profile.metadata.name = allow_profile;
  profile.metadata.resource_version = "1";
  profile.spec.ingress = {api::Rule{.action = api::Action::allow}};
  profile.spec.egress = {api::Rule{.action = api::Action::allow}};
  return profile;
}

template <class T>
Result<> writable(const T& object) {
  if constexpr (std::is_same_v<T, api::Profile>) {
    if (object.metadata.name == allow_profile) return fail(Code::denied, title(object) + " always exists and cannot be changed");
  }
  if (object.metadata.name.empty()) return fail(Code::invalid, kind<T>() + ": metadata.name: must be set");
  return {};
}

}  // namespace

template <class T>
Result<T> get(store::Store& store, std::string_view name, std::string_view namespace_) {
  if constexpr (std::is_same_v<T, api::Profile>) {
    if (name == allow_profile) return virtual_profile();
  }
  auto entry = TRY(store.get(path<T>(name, namespace_)));
  if (!entry) {
    T object;
    object.metadata.name = name;
    object.metadata.namespace_ = namespace_;
    return std::unexpected(about(object, {Code::not_found, {}}));
  }
  return decode<T>(*entry);
}

template <class T>
Result<List<T>> list(store::Store& store, std::string_view namespace_) {
  std::string prefix = api::prefix_of<T>();
  if (!namespace_.empty()) prefix += std::string(namespace_) + '/';
  auto listing = TRY(store.list(prefix));
  List<T> all;
  all.revision = listing.revision;
  for (const auto& entry : listing.entries) {
    if (auto object = decode<T>(entry)) all.items.push_back(std::move(*object));
    else all.undecodable.push_back(std::move(object.error()));
  }
  if constexpr (std::is_same_v<T, api::Profile>) all.items.push_back(virtual_profile());
  return all;
}

template <class T>
store::Op create_op(T& object) {
  api::set_defaults(object);
  if (object.metadata.uid.empty()) object.metadata.uid = uuid();
  if (object.metadata.creation_timestamp.empty()) object.metadata.creation_timestamp = now();
  return {.kind = store::Op::Kind::create, .key = api::path_of(object), .value = api::to_json(object)};
}

template <class T>
store::Op update_op(T& object) {
  api::set_defaults(object);
  return {.kind = store::Op::Kind::update, .key = api::path_of(object), .value = api::to_json(object), .expected = revision_of(object.metadata).value_or(0)};
}

template <class T>
Result<> create(store::Store& store, T& object) {
  TRY(writable(object));
  if (!object.metadata.resource_version.empty()) return fail(Code::invalid, title(object) + ": metadata.resourceVersion: must not be set for a create");
  const auto op = create_op(object);
  const auto revision = store.commit({&op, 1});
  if (!revision) return std::unexpected(about(object, revision.error()));
  object.metadata.resource_version = std::to_string(*revision);
  return {};
}

template <class T>
Result<> update(store::Store& store, T& object) {
  TRY(writable(object));
  TRY(within(revision_of(object.metadata), title(object)));
  const auto op = update_op(object);
  const auto revision = store.commit({&op, 1});
  if (!revision) return std::unexpected(about(object, revision.error()));
  object.metadata.resource_version = std::to_string(*revision);
  return {};
}

template <class T>
Result<> apply(store::Store& store, T& object) {
  for (int tries = 0; tries < most_tries; ++tries) {
    object.metadata.resource_version.clear();
    T fresh = object;
    const auto created = create(store, fresh);
    if (created) {
      object = std::move(fresh);
      return {};
    }
    if (created.error().code != Code::exists) return created;
    const auto there = get<T>(store, object.metadata.name, object.metadata.namespace_);
    if (!there && there.error().code == Code::not_found) continue;
    if (!there) return std::unexpected(there.error());
    object.metadata.uid = there->metadata.uid;
    object.metadata.creation_timestamp = there->metadata.creation_timestamp;
    object.metadata.resource_version = there->metadata.resource_version;
    const auto updated = update(store, object);
    if (updated || (updated.error().code != Code::conflict && updated.error().code != Code::not_found)) return updated;
  }
  return fail(Code::conflict, fmt::format("{}: changed by others {} times while it was written", title(object), most_tries));
}

template <class T>
Result<T> modify(store::Store& store, std::string_view name, const std::function<Result<>(T&)>& change, std::string_view namespace_) {
  for (int tries = 0; tries < most_tries; ++tries) {
    T object = TRY(get<T>(store, name, namespace_));
    const T before = object;
    TRY(within(change(object), title(object)));
    if (object == before) return object;
    const auto updated = update(store, object);
    if (updated) return object;
    if (updated.error().code != Code::conflict) return std::unexpected(updated.error());
  }
  return fail(Code::conflict, fmt::format("{} {}: changed by others {} times while it was written", kind<T>(), name, most_tries));
}

template <class T>
Result<> remove(store::Store& store, std::string_view name, std::string_view namespace_, store::Revision expected) {
  T object;
  object.metadata.name = name;
  object.metadata.namespace_ = namespace_;
  TRY(writable(object));
  const auto removed = store.remove(api::path_of(object), expected);
  if (!removed) return std::unexpected(about(object, removed.error()));
  return {};
}

#define WEFT_CLIENT_KIND(T)                                                                                          \
  template Result<T> get(store::Store&, std::string_view, std::string_view);                                         \
  template Result<List<T>> list(store::Store&, std::string_view);                                                    \
  template Result<> create(store::Store&, T&);                                                                       \
  template Result<> update(store::Store&, T&);                                                                       \
  template Result<> apply(store::Store&, T&);                                                                        \
  template Result<T> modify(store::Store&, std::string_view, const std::function<Result<>(T&)>&, std::string_view); \
  template Result<> remove<T>(store::Store&, std::string_view, std::string_view, store::Revision);                   \
  template store::Op create_op(T&);                                                                                  \
  template store::Op update_op(T&);

WEFT_CLIENT_KIND(api::Node)
WEFT_CLIENT_KIND(api::IpPool)
WEFT_CLIENT_KIND(api::BgpConfiguration)
WEFT_CLIENT_KIND(api::BgpPeer)
WEFT_CLIENT_KIND(api::Tier)
WEFT_CLIENT_KIND(api::GlobalNetworkPolicy)
WEFT_CLIENT_KIND(api::NetworkPolicy)
WEFT_CLIENT_KIND(api::GlobalNetworkSet)
WEFT_CLIENT_KIND(api::NetworkSet)
WEFT_CLIENT_KIND(api::Profile)
WEFT_CLIENT_KIND(api::WorkloadEndpoint)
WEFT_CLIENT_KIND(api::FelixConfiguration)
WEFT_CLIENT_KIND(api::ClusterInformation)
WEFT_CLIENT_KIND(api::IpamConfiguration)
#undef WEFT_CLIENT_KIND

Result<> ensure_initialized(store::Store& store) {
  const auto ensure = [&](auto object) -> Result<> {
    // A look first: mostly they are there, and a refused create costs the store more than a read.
    if (auto there = get<decltype(object)>(store, object.metadata.name); there || there.error().code != Code::not_found) {
      return there ? Result<>() : std::unexpected(there.error());
    }
    auto made = create(store, object);
    if (!made && made.error().code == Code::exists) return {};
    return made;
  };
  struct BuiltIn {
    const char* name;
    double order;
    api::Action action;
  };
  for (const auto& [name, order, action] : {BuiltIn{"kube-admin", 1000, api::Action::pass}, BuiltIn{"default", 1000000, api::Action::deny},
                                            BuiltIn{"kube-baseline", 10000000, api::Action::pass}}) {
    api::Tier tier;
    tier.metadata.name = name;
    tier.spec.order = order;
    tier.spec.default_action = action;
    TRY(ensure(tier));
  }
  api::ClusterInformation information;
  information.metadata.name = "default";
  std::array<std::uint8_t, 16> guid;
  CHECK(::getrandom(guid.data(), guid.size(), 0) == static_cast<ssize_t>(guid.size()));
  for (const auto byte : guid) information.spec.cluster_guid += fmt::format("{:02x}", byte);
  information.spec.datastore_ready = true;
  return ensure(information);
}

}  // namespace weft::client
