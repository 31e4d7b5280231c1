#include "client/objects.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <iterator>
#include <optional>

#include <fmt/core.h>

#include "api/codec.h"
#include "api/ipam.h"
#include "api/profile.h"
#include "api/relations.h"
#include "base/strings.h"
#include "schema/document.h"
#include "schema/type.h"

namespace weft::client {
namespace {

constexpr std::string_view allow_profile = "projectcalico-default-allow";
constexpr int most_tries = 100;

std::string uuid() {  // version 4, RFC 9562
  std::array<std::uint8_t, 16> b;
  CHECK(::getrandom(b.data(), b.size(), 0) == static_cast<ssize_t>(b.size()));
  b[6] = static_cast<std::uint8_t>((b[6] & 0x0f) | 0x40);
  b[8] = static_cast<std::uint8_t>((b[8] & 0x3f) | 0x80);
  std::string text;
  for (std::size_t i = 0; i < b.size(); ++i)
    text += fmt::format("{}{:02x}", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
  return text;
}

std::string now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 32> text;
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

std::string title(const api::Object& object) {
  const auto& m = object.metadata();
  return client::title(*object.kind, m.name, m.namespace_);
}

/// Code and sentence of the store, about an object instead of a key.
Error about(const std::string& title, Error error) {
  switch (error.code) {
    // The sentences that scripts written for calicoctl look for.
    case Code::exists: return {Code::exists, "resource already exists: " + title};
    case Code::not_found: return {Code::not_found, "resource does not exist: " + title};
    case Code::conflict: return {Code::conflict, "update conflict: " + title};
    default: return std::move(error).within(title);
  }
}

/// 0: none is given. nullopt: it is no revision.
std::optional<store::Revision> revision_of(const api::Metadata& metadata) {
  store::Revision revision = 0;
  for (const char c : metadata.resource_version) {
    if (c < '0' || c > '9' || revision > (1ll << 58)) return std::nullopt;
    revision = revision * 10 + (c - '0');
  }
  return revision;
}

/// What a change demands of the revision; nullopt when it is kept.
std::optional<schema::Problem> broken_revision(api::Change change, const api::Metadata& metadata) {
  const std::string& given = metadata.resource_version;
  const auto broken = [](std::string value, std::string rule) {
    return schema::Problem{"metadata.resourceVersion", schema::type::shortened(std::move(value)), std::move(rule)};
  };
  if (change == api::Change::create) {
    if (given.empty()) return std::nullopt;
    return broken(schema::to_json(given), "must not be set for a create");
  }
  const auto revision = revision_of(metadata);
  if (!revision) return broken({}, fmt::format("\"{}\" is not a revision", given));
  if (*revision == 0) return broken({}, "must be set for an update");
  return std::nullopt;
}

bool is_virtual(const api::Kind& kind, std::string_view name) {
  return kind.name == "Profile" && name == allow_profile;
}

/// The profile that always exists and is never stored (datamodel 4.2).
api::Object virtual_profile(const api::Kind& kind) {
  const api::Object object{&kind, kind.make()};
  auto& profile = *static_cast<api::Profile*>(object.data.get());
  profile.metadata.name = allow_profile;
  profile.metadata.resource_version = "1";
  profile.spec.ingress = {api::Rule{.action = api::Action::allow}};
  profile.spec.egress = {api::Rule{.action = api::Action::allow}};
  return object;
}

Result<> changeable(const api::Object& object, std::string_view operation) {
  if (!is_virtual(*object.kind, object.metadata().name)) return {};
  return fail(Code::denied, fmt::format("operation {} is not supported on {}: it always exists and cannot be changed",
                                        operation, title(object)));
}

/// What is wrong with the object by itself, defaults filled in: what was left out is not a change from what defaults
/// gave it before.
std::vector<schema::Problem> own_problems(api::Change change, const api::Object& object,
                                          const api::Object* before = nullptr) {
  api::set_defaults(object);
  auto problems = api::validate(object);
  if (before) std::ranges::move(api::validate_update(*before, object), std::back_inserter(problems));
  if (auto broken = broken_revision(change, object.metadata())) problems.push_back(std::move(*broken));
  return problems;
}

Result<> none_of(const std::vector<schema::Problem>& problems, const api::Object& object) {
  if (problems.empty()) return {};
  return std::unexpected(schema::to_error(problems).within(title(object)));
}

Result<> keeps_own_rules(api::Change change, const api::Object& object) {
  TRY(changeable(object, "update"));
  return none_of(own_problems(change, object), object);
}

/// The objects of a store, for rules between objects.
class StoredOthers final : public api::Others {
 public:
  explicit StoredOthers(store::Store& store) : store_(store) {}

  Result<bool> has(const api::Kind& kind, std::string_view name) override {
    api::Metadata metadata;
    metadata.name = name;
    return TRY(store_.get(api::path_of(kind, metadata))).has_value();
  }
  Result<std::vector<api::Object>> list(const api::Kind& kind) override {
    return TRY(client::list(store_, kind)).items;
  }
  Result<std::vector<net::Cidr>> blocks() override {
    std::vector<net::Cidr> all;
    for (const auto& entry : TRY(store_.list(api::prefix_of<api::Block>())).entries) {
      if (const auto cidr = api::parse_block_key(entry.key)) all.push_back(*cidr);
    }
    return all;
  }

 private:
  store::Store& store_;
};

/// What is wrong between this object and others with the change.
Result<std::vector<schema::Problem>> disagreements(store::Store& store, api::Change change, const api::Object& object,
                                                   const api::Object* before = nullptr) {
  if (!api::has_relations(change, *object.kind)) return {};
  StoredOthers others(store);
  return within(api::check_relations(change, object, before, others), title(object));
}

/// That the object may be written: its own rules and those between it and others, all that is broken at once.
Result<> keeps_rules(store::Store& store, api::Change change, const api::Object& object,
                     const api::Object* before = nullptr) {
  TRY(changeable(object, "update"));
  auto problems = own_problems(change, object, before);
  auto more = disagreements(store, change, object, before);
  if (!more && problems.empty()) return std::unexpected(std::move(more.error()));
  if (more) std::ranges::move(*more, std::back_inserter(problems));
  return none_of(problems, object);
}

/// Of an object that keeps its rules.
store::Op creation_of(const api::Object& object) {
  auto& m = object.metadata();
  if (m.uid.empty()) m.uid = uuid();
  if (m.creation_timestamp.empty()) m.creation_timestamp = now();
  return {.kind = store::Op::Kind::create, .key = object.path(), .value = object.stored()};
}
store::Op change_of(const api::Object& object) {
  return {.kind = store::Op::Kind::update,
          .key = object.path(),
          .value = object.stored(),
          .expected = revision_of(object.metadata()).value()};
}

Result<> commit(store::Store& store, const api::Object& object, const store::Op& op) {
  const auto revision = store.commit({&op, 1});
  if (!revision) return std::unexpected(about(title(object), revision.error()));
  object.metadata().resource_version = std::to_string(*revision);
  return {};
}

/// An update changes labels and annotations of the metadata, and nothing else of them.
void take_identity(const api::Object& from, const api::Object& to) {
  auto& metadata = to.metadata();
  metadata.generate_name = from.metadata().generate_name;
  metadata.uid = from.metadata().uid;
  metadata.creation_timestamp = from.metadata().creation_timestamp;
  metadata.resource_version = from.metadata().resource_version;
  metadata.extra = from.metadata().extra;
}

/// Writes over what is there. With a revision given, only over that one.
Result<> write_over(store::Store& store, const api::Object& object, bool create_absent) {
  const std::string given = object.metadata().resource_version;
  for (int tries = 0; tries < most_tries; ++tries) {
    const auto there = get(store, *object.kind, object.metadata().name, object.metadata().namespace_);
    const bool nameless = object.metadata().name.empty();  // create() says so, with all else that is wrong
    if (!there && there.error().code == Code::not_found && (create_absent || nameless)) {
      // What was shown with its revision and deleted since is put back.
      object.metadata().resource_version.clear();
      auto created = create(store, object);
      if (created || created.error().code != Code::exists) return created;
      object.metadata().resource_version = given;
      continue;
    }
    if (!there) return std::unexpected(there.error());
    take_identity(*there, object);
    if (!given.empty()) object.metadata().resource_version = given;
    TRY(keeps_rules(store, api::Change::update, object, &*there));
    auto updated = commit(store, object, change_of(object));
    if (updated || !given.empty() ||
        (updated.error().code != Code::conflict && updated.error().code != Code::not_found))
      return updated;
    object.metadata().resource_version.clear();
  }
  return fail(Code::conflict,
              fmt::format("{}: changed by others {} times while it was written", title(object), most_tries));
}

}  // namespace

std::string title(const api::Kind& kind, std::string_view name, std::string_view namespace_) {
  return namespace_.empty() ? fmt::format("{}({})", kind.name, name)
                            : fmt::format("{}({}/{})", kind.name, namespace_, name);
}

Result<api::Object> get(store::Store& store, const api::Kind& kind, std::string_view name,
                        std::string_view namespace_) {
  if (is_virtual(kind, name)) return virtual_profile(kind);
  api::Metadata metadata;
  metadata.name = name;
  metadata.namespace_ = namespace_;
  auto entry = TRY(within(store.get(api::path_of(kind, metadata)), title(kind, name, namespace_)));
  if (!entry) return std::unexpected(about(title(kind, name, namespace_), {Code::not_found, {}}));
  return within(api::read_stored(kind, entry->value, std::to_string(entry->revision)), entry->key);
}

Result<ObjectList> list(store::Store& store, const api::Kind& kind, std::string_view namespace_) {
  std::string prefix = api::prefix_of(kind);
  if (!namespace_.empty()) prefix += std::string(namespace_) + '/';
  auto listing = TRY(within(store.list(prefix), kind.list_kind()));
  ObjectList all;
  all.revision = listing.revision;
  for (const auto& entry : listing.entries) {
    auto object = within(api::read_stored(kind, entry.value, std::to_string(entry.revision)), entry.key);
    if (object)
      all.items.push_back(std::move(*object));
    else
      all.undecodable.push_back(std::move(object.error()));
  }
  if (kind.name == "Profile") all.items.push_back(virtual_profile(kind));
  return all;
}

Result<store::Op> create_op(const api::Object& object) {
  TRY(keeps_own_rules(api::Change::create, object));
  return creation_of(object);
}

Result<store::Op> update_op(const api::Object& object) {
  TRY(keeps_own_rules(api::Change::update, object));
  return change_of(object);
}

Result<> create(store::Store& store, const api::Object& object) {
  TRY(keeps_rules(store, api::Change::create, object));
  return commit(store, object, creation_of(object));
}
Result<> update(store::Store& store, const api::Object& object) {
  TRY(keeps_rules(store, api::Change::update, object));
  return commit(store, object, change_of(object));
}
Result<> apply(store::Store& store, const api::Object& object) { return write_over(store, object, true); }
Result<> replace(store::Store& store, const api::Object& object) { return write_over(store, object, false); }

Result<> remove(store::Store& store, const api::Kind& kind, std::string_view name, std::string_view namespace_,
                store::Revision expected) {
  const api::Object object{&kind, kind.make()};
  object.metadata().name = name;
  object.metadata().namespace_ = namespace_;
  TRY(changeable(object, "delete"));
  std::vector<schema::Problem> missing;
  if (name.empty()) missing.push_back({"metadata.name", {}, "is required"});
  if (kind.namespaced && namespace_.empty()) missing.push_back({"metadata.namespace", {}, "is required"});
  TRY(none_of(missing, object));
  std::vector<std::string> reasons;
  for (const auto& problem : TRY(disagreements(store, api::Change::remove, object))) reasons.push_back(problem.rule);
  if (!reasons.empty())
    return fail(Code::denied,
                fmt::format("operation delete is not supported on {}: {}", title(object), join(reasons, "; ")));
  const auto removed = store.remove(object.path(), expected);
  if (!removed) return std::unexpected(about(title(object), removed.error()));
  return {};
}

}  // namespace weft::client
