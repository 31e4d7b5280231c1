#include "ctl/write.h"

#include <fmt/core.h>

#include <charconv>
#include <map>
#include <utility>

#include "client/objects.h"
#include "client/resources.h"
#include "ctl/clean_up.h"
#include "ctl/staged_store.h"

namespace weft::ctl {
namespace {

std::string title(const api::Object& object) {
  const auto& m = object.metadata();
  return client::title(*object.kind, m.name, m.namespace_);
}

std::unexpected<Error> not_supported(const api::Object& object, Verb verb, std::string_view reason) {
  // calicoctl's words: an apply creates first.
  std::string_view operation = "apply or replace";
  if (verb == Verb::create || verb == Verb::apply) operation = "create or apply";
  if (verb == Verb::remove) operation = "delete";
  return fail(Code::denied, fmt::format("operation {} is not supported on {}: {}", operation, title(object), reason));
}

bool needs_clean_up(const api::Kind& kind) { return kind.name == "Node" || kind.name == "IPPool"; }

/// Deletes an object, and what cannot stay without it. With a resourceVersion only at that one.
Result<> remove(store::Store& store, const api::Object& object, const WriteOptions& options) {
  const auto& m = object.metadata();
  if (needs_clean_up(*object.kind) && !options.dry_run) {
    if (!m.resource_version.empty()) {
      const auto there = TRY(client::get(store, *object.kind, m.name, m.namespace_));
      if (there.metadata().resource_version != m.resource_version)
        return fail(Code::conflict, "update conflict: " + title(object));
    }
    return object.kind->name == "Node" ? delete_node(store, m.name) : delete_pool(store, m.name);
  }
  store::Revision expected = 0;
  const auto [end, error] =
      std::from_chars(m.resource_version.data(), m.resource_version.data() + m.resource_version.size(), expected);
  if (!m.resource_version.empty() && (error != std::errc() || *end != '\0'))
    return fail(Code::invalid, fmt::format("{}: metadata.resourceVersion: \"{}\" is not a revision", title(object),
                                           m.resource_version));
  return client::remove(store, *object.kind, m.name, m.namespace_, expected);
}

Result<> write_one(store::Store& store, Verb verb, const api::Object& object, const WriteOptions& options) {
  if (!options.controller) TRY(may_write(object, verb));
  switch (verb) {
    case Verb::create: {
      auto created = client::create(store, object);
      if (!created && created.error().code == Code::exists && options.skip_exists) return {};
      return created;
    }
    case Verb::apply: return client::apply(store, object);
    case Verb::replace: return client::replace(store, object);
    case Verb::remove: {
      auto removed = remove(store, object, options);
      if (!removed && removed.error().code == Code::not_found && options.skip_not_exists) return {};
      return removed;
    }
    case Verb::validate:
    case Verb::patch: break;
  }
  return {};
}

/// From how many of a kind on it pays to list the kind first instead of asking for each.
constexpr std::size_t many = 32;

/// Kinds of which there are many, listed at once.
Result<> read_ahead(StagedStore& staged, const std::vector<Document>& documents) {
  std::map<const api::Kind*, std::size_t> counts;
  for (const auto& document : documents) ++counts[document.object.kind];
  for (const auto& [kind, count] : counts) {
    if (count >= many) TRY(staged.list(api::prefix_of(*kind)));
  }
  return {};
}

}  // namespace

Result<> may_write(const api::Object& object, Verb verb) {
  const auto& name = object.metadata().name;
  if (object.kind->is_protected) return not_supported(object, verb, "it is written by the nodes, not by users");
  if (object.kind->name == "NetworkPolicy" && name.starts_with("knp.default."))
    return not_supported(object, verb, "kubernetes network policies must be managed through the kubernetes API");
  if (verb == Verb::remove && object.kind->name == "Tier" &&
      (name == "default" || name == "kube-admin" || name == "kube-baseline"))
    return not_supported(object, verb, fmt::format("Cannot delete {} tier", name));
  return {};
}

std::vector<Outcome> write(store::Store& store, Verb verb, const std::vector<Document>& documents,
                           const WriteOptions& options) {
  std::vector<Outcome> outcomes;
  outcomes.reserve(documents.size());
  for (const auto& document : documents) outcomes.push_back({document.where, document.object, {}});

  const bool staging = options.dry_run || documents.size() >= many;
  StagedStore staged(store);
  staged.may_flush(!options.dry_run);
  const auto prepared = [&]() -> Result<> {
    // Who may write some kinds only cannot make what always exists; then what needs it complains.
    if (verb != Verb::remove) {
      auto& target = options.dry_run ? static_cast<store::Store&>(staged) : store;
      if (auto ready = client::ensure_initialized(target); !ready && ready.error().code != Code::denied) return ready;
    }
    return staging ? read_ahead(staged, documents) : Result<>();
  }();

  int phase = 0;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const auto& document = documents[i];
    // Of one that breaks a rule of its own those between it and others are told too.
    if (!document.is_readable || !prepared) {
      outcomes[i].result = std::unexpected(document.problem ? *document.problem : prepared.error());
      continue;
    }
    if (i == 0 || documents[i - 1].object.kind != document.object.kind) ++phase;
    staged.begin(i, phase);
    outcomes[i].result =
        write_one(staging ? static_cast<store::Store&>(staged) : store, verb, document.object, options);
  }
  if (!staging || options.dry_run) return outcomes;
  for (auto& [i, error] : staged.flush(options.progress)) {
    // Somebody else writes too: this one by itself, against what is there now.
    const bool again = error.code == Code::conflict || error.code == Code::exists || error.code == Code::not_found;
    outcomes[i].result = again ? write_one(store, verb, documents[i].object, options)
                               : std::unexpected(std::move(error).within(title(documents[i].object)));
  }
  return outcomes;
}

}  // namespace weft::ctl
