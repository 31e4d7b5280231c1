#include "api/relations.h"

#include <fmt/core.h>

#include <algorithm>

#include "api/described.h"
#include "base/strings.h"

namespace weft::api {

namespace {

using Broken = Result<std::vector<schema::Problem>>;

/// About the relation's path.
schema::Problem problem(std::string rule) { return {{}, {}, std::move(rule)}; }

template <class T>
const T& as(const Object& object) {
  return *static_cast<const T*>(object.data.get());
}

const Kind& kind(std::string_view name) {
  const Kind* found = find_kind(name);
  CHECK(found != nullptr);
  return *found;
}

// Pools

Broken overlaps_another(const Object& object, const Object*, Others& others) {
  const auto& pool = as<IpPool>(object);
  std::vector<schema::Problem> problems;
  for (const Object& other : TRY(others.list(*object.kind))) {
    const auto& [metadata, spec, status, extra] = as<IpPool>(other);
    if (metadata.name == pool.metadata.name || spec.cidr.family() != pool.spec.cidr.family()) continue;
    if (spec.cidr.overlaps(pool.spec.cidr)) {
      problems.push_back(problem(fmt::format("IPPool({}) CIDR overlaps with IPPool({}) CIDR {}", pool.metadata.name,
                                             metadata.name, net::to_string(spec.cidr))));
    }
  }
  return problems;
}

Broken has_other_blocks(const Object& object, const Object*, Others& others) {
  const auto& spec = as<IpPool>(object).spec;
  std::vector<schema::Problem> problems;
  for (const net::Cidr& block : TRY(others.blocks())) {
    if (block.family() != spec.cidr.family() || !block.overlaps(spec.cidr) || block.length() == spec.block_size)
      continue;
    problems.push_back(problem(fmt::format(
        "IPPool blocksSize conflicts with existing allocations that use a different blockSize: block {} is there",
        net::to_string(block))));
  }
  return problems;
}

bool is_for_balancers(const Object& pool) {
  const auto& uses = as<IpPool>(pool).spec.allowed_uses;
  return std::find(uses.begin(), uses.end(), "LoadBalancer") != uses.end();
}

Broken leaves_balancers(const Object& object, const Object* before, Others&) {
  if (!before || !is_for_balancers(*before) || is_for_balancers(object)) return {};
  return std::vector{problem("IPPool allowed use cannot be changed from LoadBalacer to Workload or Tunnel")};
}

// Policies and tiers

template <class Policy>
Broken has_no_tier(const Object& object, const Object* before, Others& others) {
  const auto tier_of = [](const Object& policy) {
    const std::string& given = as<Policy>(policy).spec.tier;
    return given.empty() ? "default" : given;
  };
  const std::string tier = tier_of(object);
  if (before && tier_of(*before) == tier) return {};
  if (TRY(others.has(kind("Tier"), tier))) return {};
  return std::vector{problem(fmt::format("resource does not exist: Tier({})", tier))};
}

Broken is_built_in(const Object& object, const Object*, Others&) {
  const std::string& name = object.metadata().name;
  if (name != "default" && name != "kube-admin" && name != "kube-baseline") return {};
  return std::vector{problem(fmt::format("Cannot delete {} tier", name))};
}

template <class Policy>
Broken has_policy(const Object& object, const Object*, Others& others) {
  const Kind& policies = kind(schema::schema_of<Policy>().kind);
  std::vector<schema::Problem> problems;
  for (const Object& policy : TRY(others.list(policies))) {
    if (as<Policy>(policy).spec.tier != object.metadata().name) continue;
    const Metadata& m = policy.metadata();
    problems.push_back(problem(fmt::format("Cannot delete a non-empty tier: {}({}{}) is in it", policies.name,
                                           m.namespace_.empty() ? "" : m.namespace_ + "/", m.name)));
  }
  return problems;
}

// BGP

Broken has_unknown_filter(const Object& object, const Object*, Others& others) {
  const auto& filters = as<BgpPeer>(object).spec.filters;
  std::vector<schema::Problem> problems;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    if (TRY(others.has(kind("BGPFilter"), filters[i]))) continue;
    problems.push_back({fmt::format("spec.filters[{}]", i), schema::type::shortened(schema::to_json(filters[i])),
                        fmt::format("BGPFilter(s) not found: {}", filters[i])});
  }
  return problems;
}

}  // namespace

const std::vector<Relation>& relations() {
  constexpr std::string_view needs_tier = "a policy comes only into a tier that exists";
  constexpr std::string_view has_none = "a tier that has policies cannot be deleted";
  const std::vector<Change> written = {Change::create, Change::update};
  static const std::vector<Relation> all = {
      {"IPPool", {Change::create}, "spec.cidr", "may not overlap another pool", overlaps_another},
      {"IPPool", {Change::create}, "spec.blockSize", "may not differ from blocks that are there", has_other_blocks},
      {"IPPool", {Change::update}, "spec.allowedUses", "LoadBalancer cannot be changed", leaves_balancers},
      {"NetworkPolicy", written, "spec.tier", needs_tier, has_no_tier<NetworkPolicy>},
      {"GlobalNetworkPolicy", written, "spec.tier", needs_tier, has_no_tier<GlobalNetworkPolicy>},
      {"StagedNetworkPolicy", written, "spec.tier", needs_tier, has_no_tier<StagedNetworkPolicy>},
      {"StagedGlobalNetworkPolicy", written, "spec.tier", needs_tier, has_no_tier<StagedGlobalNetworkPolicy>},
      {"Tier", {Change::remove}, "metadata.name", "default, kube-admin and kube-baseline stay", is_built_in},
      {"Tier", {Change::remove}, "metadata.name", has_none, has_policy<GlobalNetworkPolicy>},
      {"Tier", {Change::remove}, "metadata.name", has_none, has_policy<NetworkPolicy>},
      {"Tier", {Change::remove}, "metadata.name", has_none, has_policy<StagedGlobalNetworkPolicy>},
      {"Tier", {Change::remove}, "metadata.name", has_none, has_policy<StagedNetworkPolicy>},
      {"BGPPeer", written, "spec.filters", "the filters must exist", has_unknown_filter},
  };
  return all;
}

namespace {
bool is_about(const Relation& relation, Change change, const Kind& kind) {
  return relation.kind == kind.name &&
         std::find(relation.changes.begin(), relation.changes.end(), change) != relation.changes.end();
}

std::string json_at(const schema::Value& value, std::string_view path) {
  const schema::Value* at = &value;
  for (const std::string& name : split(path, '.')) at = at ? at->at(name) : nullptr;
  return at ? schema::type::shortened(schema::to_json(*at)) : "";
}

constexpr std::size_t most_named = 10;
}  // namespace

bool has_relations(Change change, const Kind& kind) {
  return std::any_of(relations().begin(), relations().end(),
                     [&](const Relation& relation) { return is_about(relation, change, kind); });
}

Result<std::vector<schema::Problem>> check_relations(Change change, const Object& object, const Object* before,
                                                     Others& others) {
  std::vector<schema::Problem> problems;
  for (const Relation& relation : relations()) {
    if (!is_about(relation, change, *object.kind)) continue;
    auto broken = TRY(relation.broken(object, before, others));
    if (broken.size() > most_named) {
      broken[most_named - 1].rule += fmt::format(", and {} more", broken.size() - most_named);
      broken.resize(most_named);
    }
    for (schema::Problem& problem : broken) {
      if (problem.path.empty())
        problem = {std::string(relation.path), json_at(object.value(), relation.path), std::move(problem.rule)};
      problems.push_back(std::move(problem));
    }
  }
  return problems;
}

}  // namespace weft::api
