#include "ctl/write.h"

#include <fmt/core.h>

#include "api/policy.h"
#include "api/tier.h"
#include "client/objects.h"
#include "client/resources.h"

namespace weft::ctl {
namespace {

std::string_view past(Verb verb) {
  switch (verb) {
    case Verb::create: return "created";
    case Verb::apply: return "applied";
    case Verb::replace: return "replaced";
    case Verb::remove: return "deleted";
  }
  return "";
}

/// What calicoctl does not let users write (datamodel 4.2, 4.4).
Result<> may_write(const api::Object& object, const WriteOptions& options, Verb verb) {
  if (options.controller) return {};
  const auto& m = object.metadata();
  const std::string title = client::title(*object.kind, m.name, m.namespace_);
  if (object.kind->is_protected) return fail(Code::denied, title + ": is written by the nodes, not by users");
  if (object.kind->name == "NetworkPolicy" && m.name.starts_with("knp.default."))
    return fail(Code::denied,
                title + ": names that begin with knp.default. are those of policies copied from Kubernetes");
  if (verb == Verb::remove && object.kind->name == "Tier" &&
      (m.name == "default" || m.name == "kube-admin" || m.name == "kube-baseline")) {
    return fail(Code::denied, title + ": always exists and cannot be deleted");
  }
  return {};
}

template <class Policy>
Result<> no_policy_in(store::Store& store, const std::string& tier) {
  for (const auto& policy : TRY(client::list<Policy>(store)).items) {
    if (policy.spec.tier != tier) continue;
    return fail(Code::denied, fmt::format("Tier {}: is not empty: {} is in it", tier,
                                          client::title(*api::find_kind(schema::schema_of<Policy>().kind),
                                                        policy.metadata.name, policy.metadata.namespace_)));
  }
  return {};
}

/// A tier that has policies cannot be deleted (datamodel 4.2).
Result<> may_remove(store::Store& store, const api::Object& object) {
  if (object.kind->name != "Tier") return {};
  TRY(no_policy_in<api::GlobalNetworkPolicy>(store, object.metadata().name));
  return no_policy_in<api::NetworkPolicy>(store, object.metadata().name);
}

/// A policy may only be put into a tier that exists.
Result<> tier_exists(store::Store& store, const api::Object& object) {
  std::string tier;
  if (object.kind->name == "NetworkPolicy")
    tier = static_cast<const api::NetworkPolicy*>(object.data.get())->spec.tier;
  else if (object.kind->name == "GlobalNetworkPolicy")
    tier = static_cast<const api::GlobalNetworkPolicy*>(object.data.get())->spec.tier;
  else
    return {};
  if (tier.empty()) tier = "default";
  const auto found = client::get(store, *api::find_kind("Tier"), tier);
  if (found) return {};
  if (found.error().code != Code::not_found) return std::unexpected(found.error());
  const auto& m = object.metadata();
  return fail(Code::invalid, fmt::format("{}: spec.tier: tier {} does not exist",
                                         client::title(*object.kind, m.name, m.namespace_), tier));
}

Result<> write_one(store::Store& store, Verb verb, const api::Object& object, const WriteOptions& options) {
  TRY(may_write(object, options, verb));
  if (verb != Verb::remove) TRY(tier_exists(store, object));
  switch (verb) {
    case Verb::create: {
      auto created = client::create(store, object);
      if (!created && created.error().code == Code::exists && options.skip_exists) return {};
      return created;
    }
    case Verb::apply: return client::apply(store, object);
    case Verb::replace: return client::replace(store, object);
    case Verb::remove: {
      TRY(may_remove(store, object));
      const auto& m = object.metadata();
      auto removed = client::remove(store, *object.kind, m.name, m.namespace_);
      if (!removed && removed.error().code == Code::not_found && options.skip_not_exists) return {};
      return removed;
    }
  }
  return {};
}

}  // namespace

Written write(store::Store& store, Verb verb, const std::vector<Document>& documents, const WriteOptions& options) {
  Written written;
  if (auto ready = client::ensure_initialized(store); !ready) {
    written.failed.push_back(std::move(ready.error()));
    return written;
  }
  for (const auto& document : documents) {
    auto outcome = write_one(store, verb, document.object, options);
    const auto& m = document.object.metadata();
    if (outcome)
      written.done.push_back(client::title(*document.object.kind, m.name, m.namespace_));
    else if (document.where.empty())
      written.failed.push_back(std::move(outcome.error()));
    else
      written.failed.push_back(std::move(outcome.error()).within(document.where));
  }
  return written;
}

std::string summary(Verb verb, const std::vector<std::string>& done) {
  const auto kind = [](const std::string& title) { return title.substr(0, title.find(' ')); };
  for (const auto& title : done) {
    if (kind(title) != kind(done.front()))
      return fmt::format("Successfully {} {} resource(s)", past(verb), done.size());
  }
  if (done.empty()) return {};
  return fmt::format("Successfully {} {} '{}' resource(s)", past(verb), done.size(), kind(done.front()));
}

}  // namespace weft::ctl
