#include "dataplane/ruleset_wanted.h"

#include <fmt/core.h>

#include <algorithm>

#include "kernel/nft_part.h"

namespace weft::dataplane {

namespace nft = kernel::nft;

namespace {

constexpr Direction both[] = {Direction::ingress, Direction::egress};

const std::vector<plan::TierPolicies>& tiers(const plan::Endpoint& endpoint, Direction direction) {
  return direction == Direction::ingress ? endpoint.ingress : endpoint.egress;
}

template <class Row>
const std::vector<plan::Rule>& rules(const Row& row, Direction direction) {
  return direction == Direction::ingress ? row.ingress : row.egress;
}

template <class Map, class Key>
const auto* look(const Map& map, const Key& key) {
  const auto it = map.find(key);
  return it == map.end() ? nullptr : &it->second;
}

bool may_spoof(const plan::Endpoint& endpoint) {
  return !endpoint.spoof_allowed.empty() || !std::ranges::all_of(endpoint.addresses, &net::Cidr::is_host);
}

std::string name_of(const plan::Endpoint& endpoint) { return "WorkloadEndpoint " + plan::to_string(endpoint.id); }

}  // namespace

WantedTable::WantedTable() {
  for (const auto& name : base_chains()) use(name, {.kind = Kind::base});
  for (const auto& set : {sources_v4, sources_v6, spoofers, from_workload, to_workload}) sets_.fixed(set);
  sets_.define({nat_pools, plan::SetType::net, "IP pools"});
  sets_.define({nat_masquerade, plan::SetType::net, "IP pools with NAT outgoing"});
  sets_.define({nat_hosts, plan::SetType::net, "addresses of the cluster's nodes"});
  for (const auto& id : {nat_pools, nat_masquerade, nat_hosts}) mentions_[id].insert("postrouting");
}

void WantedTable::touch(const std::string& chain) {
  dirty_.insert(chain);
  refused_.erase(chain);
}

void WantedTable::use(const std::string& name, Chain chain) {
  const auto [it, fresh] = chains_.try_emplace(name, std::move(chain));
  if (it->second.uses++ > 0) return;
  touch(name);
  if (!fresh || it->second.kind != Kind::tier) return;
  const auto direction = it->second.direction;
  for (const auto& id : std::vector(it->second.tier.policies)) {
    tiers_of_[id].insert(name);
    use(policy_chain(direction, id), {.kind = Kind::policy, .direction = direction, .policy = id});
  }
}

void WantedTable::unuse(const std::string& name) {
  const auto it = chains_.find(name);
  if (it == chains_.end() || --it->second.uses > 0) return;
  const auto chain = std::move(chains_.extract(it).mapped());
  touch(name);
  broken_.erase(name);
  if (chain.kind != Kind::tier) return;
  for (const auto& id : chain.tier.policies) {
    const auto listed = tiers_of_.find(id);
    if (listed != tiers_of_.end()) {
      listed->second.erase(name);
      if (listed->second.empty()) tiers_of_.erase(listed);
    }
    unuse(policy_chain(chain.direction, id));
  }
}

void WantedTable::elements(const plan::Endpoint& endpoint, bool wanted) {
  const auto put = [&](const nft::Set& set, nft::Element element) { sets_.put(set.name, std::move(element), wanted); };
  for (const auto& cidr : endpoint.addresses) {
    if (!cidr.is_host()) continue;
    put(cidr.family() == net::Family::v4 ? sources_v4 : sources_v6, {.key = nft::key(endpoint.interface, cidr.ip())});
  }
  const auto key = nft::key(endpoint.interface);
  put(from_workload, {.key = key, .until = {}, .chain = endpoint_chain(Direction::egress, endpoint.interface)});
  put(to_workload, {.key = key, .until = {}, .chain = endpoint_chain(Direction::ingress, endpoint.interface)});
  if (may_spoof(endpoint)) put(spoofers, {.key = key, .until = {}, .chain = spoof_chain(endpoint.interface)});
}

void WantedTable::acquire(const plan::Endpoint& endpoint) {
  if (endpoint.interface.empty() || endpoint.interface.size() > 15) {
    unusable_.insert_or_assign(name_of(endpoint), Error{Code::invalid, "interface \"" + endpoint.interface +
                                                                           "\": not a name of 1 to 15 characters"});
    return;
  }
  if (const auto it = interfaces_.find(endpoint.interface); it != interfaces_.end() && it->second != endpoint.id) {
    if (const auto* other = look(endpoints_, it->second)) release(*other);
  }
  interfaces_.insert_or_assign(endpoint.interface, endpoint.id);
  for (const auto direction : both) {
    use(endpoint_chain(direction, endpoint.interface),
        {.kind = Kind::endpoint, .direction = direction, .endpoint = endpoint.id});
    for (const auto& tier : tiers(endpoint, direction)) {
      use(tier_chain(direction, tier), {.kind = Kind::tier, .direction = direction, .tier = tier});
    }
    for (const auto& profile : endpoint.profiles) {
      use(profile_chain(direction, profile), {.kind = Kind::profile, .direction = direction, .profile = profile});
    }
  }
  if (may_spoof(endpoint)) use(spoof_chain(endpoint.interface), {.kind = Kind::spoof, .endpoint = endpoint.id});
  elements(endpoint, true);
}

void WantedTable::release(const plan::Endpoint& endpoint) {
  unusable_.erase(name_of(endpoint));
  const auto it = interfaces_.find(endpoint.interface);
  if (it == interfaces_.end() || it->second != endpoint.id) return;  // somebody else has the interface now
  interfaces_.erase(it);
  for (const auto direction : both) {
    unuse(endpoint_chain(direction, endpoint.interface));
    for (const auto& tier : tiers(endpoint, direction)) unuse(tier_chain(direction, tier));
    for (const auto& profile : endpoint.profiles) unuse(profile_chain(direction, profile));
  }
  if (may_spoof(endpoint)) unuse(spoof_chain(endpoint.interface));
  elements(endpoint, false);
}

void WantedTable::changed(const plan::PolicyId& id, const plan::Policy* before, const plan::Policy* after) {
  for (const auto direction : both) {
    touch(policy_chain(direction, id));
    const bool passed = before != nullptr && has_pass(rules(*before, direction));
    const bool passes = after != nullptr && has_pass(rules(*after, direction));
    if (passed == passes) continue;
    if (const auto* listed = look(tiers_of_, id)) {
      for (const auto& chain : *listed) touch(chain);
    }
  }
}

void WantedTable::on(const plan::Changes& changes) {
  if (changes.settings && *changes.settings != settings_) {
    settings_ = *changes.settings;
    refused_.clear();
    for (const auto& [name, chain] : chains_) dirty_.insert(name);
  }

  for (const auto& [id, set] : changes.sets.rows) {
    if (set)
      sets_.define(*set);
    else
      sets_.forget(id);
  }
  if (changes.sets.whole) {
    for (const auto& id : sets_.defined_ids()) {
      if (!changes.sets.rows.contains(id) && id != nat_pools && id != nat_masquerade && id != nat_hosts)
        sets_.forget(id);
    }
  }
  if (changes.members.whole) {
    std::set<std::pair<plan::SetId, plan::Member>> keys;
    for (const auto& [key, row] : changes.members.rows) keys.insert(key);
    for (const auto& [cidr, pool] : pools_) {
      keys.insert({nat_pools, cidr});
      keys.insert({nat_masquerade, cidr});
    }
    for (const auto& [ip, host] : hosts_) keys.insert({nat_hosts, net::Cidr::host(ip)});
    sets_.keep_only(keys);
  }
  for (const auto& [key, row] : changes.members.rows) {
    if (row)
      sets_.add(key.first, key.second);
    else
      sets_.remove(key.first, key.second);
  }

  table::apply(policies_, changes.policies,
               [&](const auto& id, const auto* before, const auto* after) { changed(id, before, after); });
  table::apply(profiles_, changes.profiles, [&](const auto& name, const auto*, const auto*) {
    for (const auto direction : both) touch(profile_chain(direction, name));
  });

  // Those that go first: an interface may pass from one endpoint to another.
  std::vector<plan::Endpoint> gone, come;
  table::apply(endpoints_, changes.endpoints, [&](const auto&, const auto* before, const auto* after) {
    if (before) gone.push_back(*before);
    if (after) come.push_back(*after);
  });
  for (const auto& endpoint : gone) release(endpoint);
  for (const auto& endpoint : come) {
    acquire(endpoint);
    for (const auto direction : both) touch(endpoint_chain(direction, endpoint.interface));
    touch(spoof_chain(endpoint.interface));
  }

  table::apply(pools_, changes.pools, [&](const auto& cidr, const auto*, const auto* after) {
    if (after)
      sets_.add(nat_pools, cidr);
    else
      sets_.remove(nat_pools, cidr);
    if (after && after->masquerade)
      sets_.add(nat_masquerade, cidr);
    else
      sets_.remove(nat_masquerade, cidr);
  });
  table::apply(hosts_, changes.hosts, [&](const auto& ip, const auto*, const auto* after) {
    if (after)
      sets_.add(nat_hosts, net::Cidr::host(ip));
    else
      sets_.remove(nat_hosts, net::Cidr::host(ip));
  });
}

void WantedTable::all_dirty() {
  for (const auto& [name, chain] : chains_) dirty_.insert(name);
  sets_.all_dirty();
}

void WantedTable::follow_sets() {
  for (const auto& id : sets_.take_reshaped()) {
    const auto it = mentions_.find(id);
    if (it == mentions_.end()) continue;
    for (const auto& chain : it->second) dirty_.insert(chain);
    if (!sets_.known(id)) mentions_.erase(it);
  }
}

FindSet WantedTable::finder() const {
  return [this](const plan::SetId& id, net::Family family) { return sets_.find(id, family); };
}

template <class Row>
nft::Chain WantedTable::render_rules(const std::string& name, const Chain& chain, const Row* row,
                                     const std::string& object) {
  broken_.erase(name);
  if (row == nullptr) return render_closed(name, object + " is missing", settings_);
  for (const auto& id : sets_of(rules(*row, chain.direction))) {
    mentions_[id].insert(name);
    if (!sets_.defined(id) && !refused_.contains(name)) {
      broken_.insert_or_assign(name, Error{Code::not_found, "mentions the set " + id + ", which is not in force"});
    }
  }
  if (broken_.contains(name)) return render_closed(name, object + " mentions a set that is not in force", settings_);
  if constexpr (std::is_same_v<Row, plan::Policy>)
    return render_policy(chain.direction, *row, settings_, finder());
  else
    return render_profile(chain.direction, *row, settings_, finder());
}

nft::Chain WantedTable::render(const std::string& name) {
  const auto& chain = chains_.at(name);
  const auto object = object_of(chain, name);
  if (refused_.contains(name)) return render_closed(name, object + ": the kernel refuses it", settings_);
  switch (chain.kind) {
    case Kind::base: return render_base(name, settings_, finder());
    case Kind::policy: return render_rules(name, chain, look(policies_, chain.policy), object);
    case Kind::profile: return render_rules(name, chain, look(profiles_, chain.profile), object);
    case Kind::tier:
      return render_tier(chain.direction, chain.tier, settings_, [&](const plan::PolicyId& id) {
        const auto* policy = look(policies_, id);
        return policy != nullptr && has_pass(rules(*policy, chain.direction));
      });
    case Kind::endpoint:
    case Kind::spoof: break;
  }
  const auto* endpoint = look(endpoints_, chain.endpoint);
  CHECK(endpoint != nullptr);
  return chain.kind == Kind::spoof ? render_spoof(*endpoint) : render_endpoint(chain.direction, *endpoint, settings_);
}

std::string WantedTable::object_of(const Chain& chain, const std::string& name) const {
  switch (chain.kind) {
    case Kind::policy: return plan::to_string(chain.policy);
    case Kind::profile: return "Profile/" + chain.profile;
    case Kind::endpoint:
    case Kind::spoof: return "WorkloadEndpoint " + plan::to_string(chain.endpoint);
    case Kind::tier: return "Tier/" + chain.tier.tier;
    case Kind::base: break;
  }
  return "chain " + name;
}

bool WantedTable::close(const std::string& chain, Error error) {
  const auto it = chains_.find(chain);
  if (it == chains_.end() || it->second.kind == Kind::base) return false;
  dirty_.insert(chain);
  return refused_.try_emplace(chain, std::move(error)).second;
}

bool WantedTable::close_set(const std::string& kernel_name, Error error) {
  const auto id = sets_.owner(kernel_name);
  if (id.empty() || id == nat_pools || id == nat_masquerade || id == nat_hosts) return false;
  if (!refused_sets_.try_emplace(id, sets_.describe(kernel_name), std::move(error)).second) return false;
  sets_.suspend(id);
  return true;
}

void WantedTable::retry() {
  for (const auto& [chain, error] : refused_) dirty_.insert(chain);
  refused_.clear();
  refused_sets_.clear();
  sets_.resume_all();
}

std::map<std::string, Error> WantedTable::refused() const {
  std::map<std::string, Error> out = unusable_;
  for (const auto* list : {&refused_, &broken_}) {
    for (const auto& [name, error] : *list) {
      if (const auto* chain = look(chains_, name)) out.try_emplace(object_of(*chain, name), error);
    }
  }
  for (const auto& [id, refusal] : refused_sets_) out.try_emplace(refusal.first, refusal.second);
  for (const auto& [interface, id] : interfaces_) {
    const bool ours = std::ranges::any_of(settings_.interface_prefixes,
                                          [&](const auto& prefix) { return interface.starts_with(prefix); });
    if (!ours) {
      out.try_emplace("WorkloadEndpoint " + plan::to_string(id),
                      Error{Code::invalid, "interface " + interface +
                                               ": its name has no prefix of ours, so no policy can be applied to it"});
    }
  }
  return out;
}

}  // namespace weft::dataplane
