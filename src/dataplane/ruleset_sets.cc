#include "dataplane/ruleset_sets.h"

#include <algorithm>

#include "dataplane/ruleset_names.h"
#include "kernel/nft_part.h"

namespace weft::dataplane {

namespace nft = kernel::nft;

// --- KernelSet

void KernelSet::compare(const nft::Element& element) {
  if (wanted_.contains(element) == present_.contains(element))
    different_.erase(element);
  else
    different_.insert(element);
}

void KernelSet::want(nft::Element element) {
  wanted_.insert(element);
  compare(element);
}

void KernelSet::unwant(const nft::Element& element) {
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): it may be the one in the set
  const nft::Element copy = element;
  wanted_.erase(copy);
  compare(copy);
}

void KernelSet::retire(bool retired) {
  retired_ = retired;
  wanted_.clear();
  different_ = present_;
}

void KernelSet::found(std::optional<std::set<nft::Element>> elements) {
  exists_ = elements.has_value();
  present_ = elements ? std::move(*elements) : std::set<nft::Element>();
  different_.clear();
  std::ranges::set_symmetric_difference(wanted_, present_, std::inserter(different_, different_.end()));
}

KernelSet::Difference KernelSet::difference() const {
  Difference out;
  for (const auto& element : different_) (wanted_.contains(element) ? out.fresh : out.gone).push_back(element);
  return out;
}

void KernelSet::done() {
  exists_ = true;
  for (const auto& element : different_) {
    if (wanted_.contains(element))
      present_.insert(element);
    else
      present_.erase(element);
  }
  different_.clear();
}

// --- Sets

namespace {

nft::Element element_of(const net::Cidr& cidr, bool prefixes) {
  return prefixes ? nft::interval(cidr) : nft::Element{.key = nft::key(cidr.ip())};
}

/// Whether another of the prefixes covers it.
bool covered(const std::set<net::Cidr>& all, const net::Cidr& cidr) {
  for (int length = 0; length < cidr.length(); ++length) {
    if (all.contains(net::Cidr(cidr.ip(), length))) return true;
  }
  return false;
}

/// Those within `cidr`, itself left out, that no other one within it covers.
std::vector<net::Cidr> outermost_within(const std::set<net::Cidr>& all, const net::Cidr& cidr) {
  std::vector<net::Cidr> out;
  for (auto it = all.lower_bound(cidr); it != all.end() && cidr.contains(*it); ++it) {
    if (*it == cidr || (!out.empty() && out.back().contains(*it))) continue;
    out.push_back(*it);
  }
  return out;
}

std::set<net::Cidr> outermost(const std::set<net::Cidr>& all) {
  std::set<net::Cidr> out;
  for (const auto& cidr : nft::disjoint(std::vector(all.begin(), all.end()))) out.insert(out.end(), cidr);
  return out;
}

}  // namespace

Sets::Sets() = default;

KernelSet& Sets::fixed(const nft::Set& definition) {
  dirty_.insert(definition.name);
  return kernel_.try_emplace(definition.name, definition).first->second;
}

void Sets::define(const plan::Set& set) {
  auto& entry = entries_[set.id];
  if (entry.set && entry.set->type != set.type) forget(set.id);
  auto& again = entries_[set.id];
  again.set = set;
  reshaped_.insert(set.id);
  for (const auto family : {net::Family::v4, net::Family::v6}) reshape(set.id, again, family);
}

void Sets::forget(const plan::SetId& id) {
  const auto it = entries_.find(id);
  if (it == entries_.end()) return;
  it->second.set.reset();
  reshaped_.insert(id);
  for (const auto family : {net::Family::v4, net::Family::v6}) reshape(id, it->second, family);
  drop_if_unused(id);
}

bool Sets::defined(const plan::SetId& id) const {
  const auto it = entries_.find(id);
  return it != entries_.end() && it->second.active();
}

std::vector<plan::SetId> Sets::defined_ids() const {
  std::vector<plan::SetId> out;
  for (const auto& [id, entry] : entries_) {
    if (entry.set) out.push_back(id);
  }
  return out;
}

void Sets::suspend(const plan::SetId& id) {
  const auto it = entries_.find(id);
  if (it == entries_.end()) return;
  it->second.suspended = true;
  reshaped_.insert(id);
  for (const auto family : {net::Family::v4, net::Family::v6}) reshape(id, it->second, family);
}

void Sets::resume_all() {
  for (auto& [id, entry] : entries_) {
    if (!std::exchange(entry.suspended, false)) continue;
    reshaped_.insert(id);
    for (const auto family : {net::Family::v4, net::Family::v6}) reshape(id, entry, family);
  }
}

void Sets::done() {
  for (const auto& name : dirty_) {
    const auto it = kernel_.find(name);
    if (it == kernel_.end()) continue;
    if (it->second.retired()) {
      kernel_.erase(it);
      owners_.erase(name);
    } else {
      it->second.done();
    }
  }
  dirty_.clear();
}

void Sets::drop_if_unused(const plan::SetId& id) {
  const auto it = entries_.find(id);
  if (it == entries_.end() || it->second.set) return;
  const auto empty = [](const Half& half) { return half.addresses.empty() && half.ports.empty(); };
  if (empty(it->second.v4) && empty(it->second.v6)) entries_.erase(it);
}

KernelSet* Sets::kernel_of(const plan::SetId& id, net::Family family, Form form) {
  if (form == Form::none) return nullptr;
  const auto name = set_name(id, family, form == Form::prefixes);
  const auto it = kernel_.find(name);
  if (it == kernel_.end()) return nullptr;
  dirty_.insert(name);
  return &it->second;
}

void Sets::drop_kernel(const std::string& name) {
  const auto it = kernel_.find(name);
  if (it == kernel_.end()) return;
  dirty_.insert(name);
  if (it->second.exists()) {
    it->second.retire(true);
    return;
  }
  kernel_.erase(it);
  owners_.erase(name);
}

/// Gives the half the form that its members ask for; builds the kernel's set anew when that is another form.
void Sets::reshape(const plan::SetId& id, Entry& entry, net::Family family) {
  auto& half = entry.half(family);
  Form form = Form::none;
  if (entry.active() && entry.set->type == plan::SetType::ip_port) {
    if (!half.ports.empty()) form = Form::hosts;
  } else if (entry.active() && !half.addresses.empty()) {
    form = half.prefixes == 0 ? Form::hosts : Form::prefixes;
  }
  if (form == half.form) return;
  if (half.form != Form::none) drop_kernel(set_name(id, family, half.form == Form::prefixes));
  half.form = form;
  reshaped_.insert(id);
  if (form == Form::none) return;

  nft::Set definition{.name = set_name(id, family, form == Form::prefixes),
                      .key_type = nft::type_of(family),
                      .key_length = static_cast<std::uint32_t>(net::bits_of(family) / 8),
                      .interval = form == Form::prefixes,
                      .comment = entry.set->note};
  if (entry.set->type == plan::SetType::ip_port) {
    definition.key_type = nft::concat(nft::concat(definition.key_type, nft::type_protocol), nft::type_service);
    definition.key_length += 8;
  }
  const auto name = definition.name;
  auto& kernel = kernel_.try_emplace(name, std::move(definition)).first->second;
  if (kernel.retired()) kernel.retire(false);
  owners_.insert_or_assign(name, id);
  dirty_.insert(name);
  if (entry.set->type == plan::SetType::ip_port) {
    for (const auto& key : half.ports) kernel.want({.key = key});
  } else if (form == Form::hosts) {
    for (const auto& cidr : half.addresses) kernel.want(element_of(cidr, false));
  } else {
    for (const auto& cidr : outermost(half.addresses)) kernel.want(element_of(cidr, true));
  }
}

void Sets::add(const plan::SetId& id, const plan::Member& member) {
  auto& entry = entries_[id];
  if (const auto* port = std::get_if<plan::IpPort>(&member)) {
    const auto family = port->ip.family();
    auto& half = entry.half(family);
    const auto key = nft::key(port->ip, port->protocol, port->port);
    if (!half.ports.insert(key).second) return;
    if (auto* kernel = kernel_of(id, family, half.form))
      kernel->want({.key = key});
    else
      reshape(id, entry, family);
    return;
  }
  const auto& cidr = std::get<net::Cidr>(member);
  auto& half = entry.half(cidr.family());
  if (!half.addresses.insert(cidr).second) return;
  if (!cidr.is_host()) ++half.prefixes;
  const bool same_form = half.form == (half.prefixes == 0 ? Form::hosts : Form::prefixes);
  auto* kernel = same_form ? kernel_of(id, cidr.family(), half.form) : nullptr;
  if (kernel == nullptr) return reshape(id, entry, cidr.family());
  if (half.form == Form::hosts) return kernel->want(element_of(cidr, false));
  if (covered(half.addresses, cidr)) return;
  for (const auto& inner : outermost_within(half.addresses, cidr)) kernel->unwant(element_of(inner, true));
  kernel->want(element_of(cidr, true));
}

void Sets::remove(const plan::SetId& id, const plan::Member& member) {
  const auto it = entries_.find(id);
  if (it == entries_.end()) return;
  auto& entry = it->second;
  if (const auto* port = std::get_if<plan::IpPort>(&member)) {
    auto& half = entry.half(port->ip.family());
    const auto key = nft::key(port->ip, port->protocol, port->port);
    if (half.ports.erase(key) == 0) return;
    if (auto* kernel = kernel_of(id, port->ip.family(), half.form)) kernel->unwant({.key = key});
    reshape(id, entry, port->ip.family());
    return drop_if_unused(id);
  }
  const auto& cidr = std::get<net::Cidr>(member);
  auto& half = entry.half(cidr.family());
  if (half.addresses.erase(cidr) == 0) return;
  if (!cidr.is_host()) --half.prefixes;
  if (auto* kernel = kernel_of(id, cidr.family(), half.form); kernel == nullptr) {
    // not in the kernel: nobody defined it
  } else if (half.form == Form::hosts) {
    kernel->unwant(element_of(cidr, false));
  } else if (!covered(half.addresses, cidr)) {
    kernel->unwant(element_of(cidr, true));
    for (const auto& inner : outermost_within(half.addresses, cidr)) kernel->want(element_of(inner, true));
  }
  reshape(id, entry, cidr.family());
  drop_if_unused(id);
}

void Sets::keep_only(const std::set<std::pair<plan::SetId, plan::Member>>& members) {
  std::vector<std::pair<plan::SetId, plan::Member>> gone;
  for (const auto& [id, entry] : entries_) {
    for (const auto family : {net::Family::v4, net::Family::v6}) {
      const auto& half = entry.half(family);
      for (const auto& cidr : half.addresses) {
        if (!members.contains({id, cidr})) gone.emplace_back(id, cidr);
      }
      for (const auto& key : half.ports) {
        const auto size = static_cast<std::size_t>(net::bits_of(family) / 8);
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(key.data());
        const plan::IpPort port{net::Ip::from_bytes({bytes, size}),
                                {bytes[size]},
                                static_cast<std::uint16_t>(bytes[size + 4] << 8 | bytes[size + 5])};
        if (!members.contains({id, port})) gone.emplace_back(id, port);
      }
    }
  }
  for (const auto& [id, member] : gone) remove(id, member);
}

std::optional<std::string> Sets::find(const plan::SetId& id, net::Family family) const {
  const auto it = entries_.find(id);
  if (it == entries_.end()) return std::nullopt;
  const auto form = it->second.half(family).form;
  if (form == Form::none) return std::nullopt;
  return set_name(id, family, form == Form::prefixes);
}

void Sets::all_dirty() {
  for (const auto& [name, set] : kernel_) dirty_.insert(name);
}

plan::SetId Sets::owner(const std::string& kernel_name) const {
  const auto it = owners_.find(kernel_name);
  return it == owners_.end() ? plan::SetId() : it->second;
}

std::string Sets::describe(const std::string& kernel_name) const {
  const auto id = owner(kernel_name);
  if (id.empty()) return "set " + kernel_name;
  const auto it = entries_.find(id);
  const auto note = it != entries_.end() && it->second.set ? it->second.set->note : std::string();
  return "set " + id + (note.empty() ? "" : " (" + note + ")");
}

}  // namespace weft::dataplane
