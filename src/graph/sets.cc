#include "graph/sets.h"

#include <algorithm>
#include <iterator>

#include "graph/host_endpoints.h"
#include "policy/effective.h"

namespace weft::graph {
namespace {

constexpr std::string_view workload = "w", host = "h", network_set = "n", global_network_set = "g";

std::string key_of(std::string_view kind, std::string_view namespace_, std::string_view name) {
  std::string key(kind);
  key += '/';
  key += namespace_;
  key += '/';
  return key += name;
}

}  // namespace

std::size_t Sets::MemberHash::operator()(const plan::Member& member) const noexcept {
  const std::hash<net::Ip> hash;
  if (const auto* cidr = std::get_if<net::Cidr>(&member))
    return hash(cidr->ip()) ^ static_cast<std::size_t>(cidr->length());
  const auto& port = std::get<plan::IpPort>(member);
  return hash(port.ip) ^ (static_cast<std::size_t>(port.port) << 8 | port.protocol.number);
}

// Items.

absl::InlinedVector<net::Cidr, 1> Sets::nets(const std::vector<net::Cidr>& list) { return {list.begin(), list.end()}; }

void Sets::put_item(const std::string& key, const api::Labels& labels, const std::vector<std::string>& profiles,
                    Content content) {
  Item& item = items_[key];
  const auto before = index_.matches(item);  // a copy: the item may leave its group
  const bool moved = index_.put(item, labels, profiles);
  const auto& after = index_.matches(item);
  const bool same = item.content == content;
  if (same && !moved) return;
  std::vector<LabelIndex::Query*> gained = after;
  std::vector<LabelIndex::Query*> lost = before;
  if (same) {
    gained.clear();
    lost.clear();
    std::ranges::set_difference(after, before, std::back_inserter(gained));
    std::ranges::set_difference(before, after, std::back_inserter(lost));
  }
  const Content old = std::exchange(item.content, std::move(content));
  for (auto* query : gained) add(static_cast<MemberSet&>(*query), item.content);
  for (auto* query : lost) remove(static_cast<MemberSet&>(*query), old);
}

void Sets::drop_item(const std::string& key) {
  const auto it = items_.find(key);
  if (it == items_.end()) return;
  for (auto* query : index_.matches(it->second)) remove(static_cast<MemberSet&>(*query), it->second.content);
  index_.drop(it->second);
  items_.erase(it);
}

template <class Delta>
void Sets::drop_absent(const Delta& delta, std::string_view kind) {
  if (!delta.whole) return;
  std::vector<std::string> present;
  for (const auto& [key, row] : delta.rows) {
    if (row) present.push_back(key_of(kind, row->metadata.namespace_, row->metadata.name));
  }
  std::ranges::sort(present);
  std::vector<std::string> absent;
  for (const auto& [key, item] : items_) {
    if (key.starts_with(key_of(kind, "", "").substr(0, 2)) && !std::ranges::binary_search(present, key))
      absent.push_back(key);
  }
  for (const auto& key : absent) drop_item(key);
}

void Sets::on(const table::Delta<api::WorkloadEndpoint>& endpoints) {
  drop_absent(endpoints, workload);
  for (const auto& [key, endpoint] : endpoints.rows) {
    const std::string item = key_of(workload, key.first, key.second);
    if (!endpoint) {
      drop_item(item);
      continue;
    }
    Content content{nets(endpoint->spec.ip_networks), {}};
    for (const auto& port : endpoint->spec.ports) {
      if (!port.name.empty())
        content.ports.push_back({port.name, port.protocol.value, static_cast<std::uint16_t>(port.port)});
    }
    put_item(item, endpoint->metadata.labels, endpoint->spec.profiles, std::move(content));
  }
}

void Sets::on(const table::Delta<api::HostEndpoint>& endpoints) {
  drop_absent(endpoints, host);
  for (const auto& [name, endpoint] : endpoints.rows) {
    const std::string item = key_of(host, "", name);
    if (!endpoint) {
      drop_item(item);
      continue;
    }
    Content content;
    for (const auto& ip : addresses_of(*endpoint)) content.nets.push_back(net::Cidr::host(ip));
    for (const auto& port : endpoint->spec.ports)
      content.ports.push_back({port.name, port.protocol.value, static_cast<std::uint16_t>(port.port)});
    put_item(item, endpoint->metadata.labels, endpoint->spec.profiles, std::move(content));
  }
}

void Sets::on(const table::Delta<api::NetworkSet>& sets) {
  drop_absent(sets, network_set);
  for (const auto& [key, set] : sets.rows) {
    const std::string item = key_of(network_set, key.first, key.second);
    if (!set) {
      drop_item(item);
      continue;
    }
    api::Labels labels = set->metadata.labels;
    labels[std::string(policy::namespace_label)] = key.first;
    put_item(item, labels, {"kns." + key.first}, {nets(set->spec.nets), {}});
  }
}

void Sets::on(const table::Delta<api::GlobalNetworkSet>& sets) {
  drop_absent(sets, global_network_set);
  for (const auto& [name, set] : sets.rows) {
    const std::string item = key_of(global_network_set, "", name);
    if (set)
      put_item(item, set->metadata.labels, {}, {nets(set->spec.nets), {}});
    else
      drop_item(item);
  }
}

void Sets::on(const table::Delta<api::Profile>& profiles) { index_.on(profiles); }

// Sets.

void Sets::on(const table::Delta<Needs>& needs) {
  for (const auto& [owner, row] : needs.rows) {
    std::vector<plan::SetId> wanted;
    if (row) {
      for (const auto& [id, definition] : row->sets) {
        acquire(definition);
        wanted.push_back(id);
      }
    }
    const auto old = std::exchange(needs_[owner], std::move(wanted));
    for (const auto& id : old) release(id);
    if (needs_[owner].empty()) needs_.erase(owner);
  }
}

void Sets::acquire(const SetDefinition& definition) {
  MemberSet& set = sets_[definition.id];
  if (set.owners++ > 0) return;
  set.definition = definition;
  rows_.put({definition.id, definition.port ? plan::SetType::ip_port : plan::SetType::net, definition.note});
  if (!definition.selector) return;
  set.selector = *definition.selector;
  index_.add(set);
}

void Sets::release(const plan::SetId& id) {
  const auto it = sets_.find(id);
  if (--it->second.owners > 0) return;
  if (it->second.definition.selector) index_.remove(it->second);
  rows_.drop(id);
  sets_.erase(it);
}

void Sets::matched(LabelIndex::Query& query, LabelIndex::Item& item) {
  add(static_cast<MemberSet&>(query), static_cast<Item&>(item).content);
}
void Sets::unmatched(LabelIndex::Query& query, LabelIndex::Item& item) {
  remove(static_cast<MemberSet&>(query), static_cast<Item&>(item).content);
}

// Members.

template <class Use>
void Sets::each_member(const MemberSet& set, const Content& content, Use use) {
  const auto& wanted = set.definition.port;
  if (!wanted) {
    for (const auto& net : content.nets) use(plan::Member(net));
    return;
  }
  for (const auto& port : content.ports) {
    if (port.name != wanted->name || port.protocol != wanted->protocol) continue;
    for (const auto& net : content.nets) use(plan::Member(plan::IpPort{net.ip(), port.protocol, port.port}));
  }
}

// A member that comes back within a batch was there before it, one that goes again was not: both are no difference.

void Sets::add(MemberSet& set, const Content& content) {
  each_member(set, content, [&](const plan::Member& member) {
    if (set.members[member]++ > 0) return;
    ++members_;
    plan::SetMember row{set.definition.id, member};
    if (const auto it = changes_.rows.find(row.key()); it != changes_.rows.end())
      changes_.rows.erase(it);
    else
      changes_.put(std::move(row));
  });
}

void Sets::remove(MemberSet& set, const Content& content) {
  each_member(set, content, [&](const plan::Member& member) {
    const auto count = set.members.find(member);
    if (--count->second > 0) return;
    set.members.erase(count);
    --members_;
    const std::pair key(set.definition.id, member);
    if (const auto it = changes_.rows.find(key); it != changes_.rows.end())
      changes_.rows.erase(it);
    else
      changes_.drop(key);
  });
}

}  // namespace weft::graph
