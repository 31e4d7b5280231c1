#include "dataplane/ruleset_sets.h"

#include <algorithm>

#include "dataplane/ruleset_names.h"
#include "kernel/nft_part.h"

namespace weft::dataplane {

namespace nft = kernel::nft;

// --- KernelSet

void KernelSet::turn(nft::Element element, bool wanted) {
  const auto [it, fresh] = different_.try_emplace(std::move(element), wanted);
  if (!fresh) different_.erase(it);  // back to what the kernel has
}

void KernelSet::found(const std::optional<Elements>& elements, const Elements& wanted) {
  exists_ = elements.has_value();
  size_ = elements ? elements->size() : 0;
  different_.clear();
  for (const auto& element : wanted) {
    if (!elements || !elements->contains(element)) different_.emplace_hint(different_.end(), element, true);
  }
  if (!elements) return;
  for (const auto& element : *elements) {
    if (!wanted.contains(element)) different_.emplace(element, false);
  }
}

KernelSet::Difference KernelSet::difference() const {
  Difference out;
  for (const auto& [element, wanted] : different_) (wanted ? out.fresh : out.gone).push_back(element);
  return out;
}

void KernelSet::done() {
  exists_ = true;
  for (const auto& [element, wanted] : different_) wanted ? ++size_ : --size_;
  different_.clear();
}

// --- Sets

namespace {

nft::Element element_of(const net::Cidr& cidr, bool prefixes) {
  return prefixes ? nft::interval(cidr) : nft::Element{.key = nft::key(cidr.ip())};
}

/// Whether another of the prefixes covers it.
bool covered(const Sets::Addresses& all, const net::Cidr& cidr) {
  for (int length = 0; length < cidr.length(); ++length) {
    if (all.contains(net::Cidr(cidr.ip(), length))) return true;
  }
  return false;
}

/// Those within `cidr`, itself left out, that no other one within it covers.
std::vector<net::Cidr> outermost_within(const Sets::Addresses& all, const net::Cidr& cidr) {
  std::vector<net::Cidr> out;
  for (auto it = all.lower_bound(cidr); it != all.end() && cidr.contains(*it); ++it) {
    if (*it == cidr || (!out.empty() && out.back().contains(*it))) continue;
    out.push_back(*it);
  }
  return out;
}

std::set<net::Cidr> outermost(const Sets::Addresses& all) {
  std::set<net::Cidr> out;
  for (const auto& cidr : nft::disjoint(std::vector(all.begin(), all.end()))) out.insert(out.end(), cidr);
  return out;
}

}  // namespace

Sets::Sets() = default;

void Sets::fixed(const nft::Set& definition) {
  dirty_.insert(definition.name);
  kernel_.try_emplace(definition.name, definition);
  fixed_.try_emplace(definition.name);
}

void Sets::put(const std::string& name, nft::Element element, bool wanted) {
  auto& all = fixed_.at(name);
  if (wanted ? !all.insert(element).second : all.erase(element) == 0) return;
  kernel_.at(name).turn(std::move(element), wanted);
  dirty_.insert(name);
}

void Sets::found(const std::string& name, const std::optional<KernelSet::Elements>& elements) {
  auto& set = kernel_.at(name);
  const auto fixed = fixed_.find(name);
  const auto half = [&]() -> const Half* {
    const auto it = entries_.find(owner(name));
    if (it == entries_.end()) return nullptr;
    for (const auto* half : {&it->second.v4, &it->second.v6}) {
      const auto family = half == &it->second.v4 ? net::Family::v4 : net::Family::v6;
      if (half->form != Form::none && set_name(it->first, family, half->form == Form::prefixes) == name) return half;
    }
    return nullptr;
  }();
  elements_ -= set.size();
  set.found(elements, fixed != fixed_.end() ? fixed->second : half ? elements_of(*half) : KernelSet::Elements());
  elements_ += set.size();
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
    elements_ -= it->second.size();
    if (it->second.retired()) {
      kernel_.erase(it);
      owners_.erase(name);
    } else {
      it->second.done();
      elements_ += it->second.size();
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

KernelSet& Sets::kernel_of(const plan::SetId& id, net::Family family, Form form) {
  const auto name = set_name(id, family, form == Form::prefixes);
  dirty_.insert(name);
  return kernel_.at(name);
}

/// The form that the half's members ask for, when so many more of them are there.
Sets::Form Sets::form_of(const Entry& entry, const Half& half, std::ptrdiff_t addresses, std::ptrdiff_t prefixes,
                         std::ptrdiff_t ports) {
  const auto some = [](std::size_t now, std::ptrdiff_t more) { return static_cast<std::ptrdiff_t>(now) + more > 0; };
  if (!entry.active()) return Form::none;
  if (entry.set->type == plan::SetType::ip_port) return some(half.ports.size(), ports) ? Form::hosts : Form::none;
  if (!some(half.addresses.size(), addresses)) return Form::none;
  return some(half.prefixes, prefixes) ? Form::prefixes : Form::hosts;
}

KernelSet::Elements Sets::elements_of(const Half& half) {
  KernelSet::Elements out;
  for (const auto& key : half.ports) out.insert(out.end(), {.key = key});
  if (half.form == Form::hosts) {
    for (const auto& cidr : half.addresses) out.insert(out.end(), element_of(cidr, false));
  } else if (half.form == Form::prefixes) {
    for (const auto& cidr : outermost(half.addresses)) out.insert(out.end(), element_of(cidr, true));
  }
  return out;
}

/// The kernel's set is not wanted in this form any more. Before the members change, so that it is known what is in it.
void Sets::leave(const plan::SetId& id, Half& half, net::Family family) {
  if (half.form == Form::none) return;
  const auto name = set_name(id, family, half.form == Form::prefixes);
  reshaped_.insert(id);
  dirty_.insert(name);
  const auto it = kernel_.find(name);
  if (it->second.exists()) {
    for (const auto& element : elements_of(half)) it->second.turn(element, false);
    it->second.retire(true);
  } else {
    kernel_.erase(it);
    owners_.erase(name);
  }
  half.form = Form::none;
}

/// The kernel's set takes this form, with all members.
void Sets::enter(const plan::SetId& id, Entry& entry, net::Family family, Form form) {
  auto& half = entry.half(family);
  half.form = form;
  if (form == Form::none) return;
  reshaped_.insert(id);
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
  kernel.retire(false);
  owners_.insert_or_assign(name, id);
  dirty_.insert(name);
  for (const auto& element : elements_of(half)) kernel.turn(element, true);
}

void Sets::reshape(const plan::SetId& id, Entry& entry, net::Family family) {
  auto& half = entry.half(family);
  const auto form = form_of(entry, half);
  if (form == half.form) return;
  leave(id, half, family);
  enter(id, entry, family, form);
}

void Sets::add(const plan::SetId& id, const plan::Member& member) {
  auto& entry = entries_[id];
  if (const auto* port = std::get_if<plan::IpPort>(&member)) {
    const auto family = port->ip.family();
    auto& half = entry.half(family);
    const auto key = nft::key(port->ip, port->protocol, port->port);
    if (!half.ports.insert(key).second) return;
    if (half.form == form_of(entry, half)) {
      if (half.form != Form::none) kernel_of(id, family, half.form).turn({.key = key}, true);
    } else {
      enter(id, entry, family, form_of(entry, half));
    }
    return;
  }
  const auto& cidr = std::get<net::Cidr>(member);
  const auto family = cidr.family();
  auto& half = entry.half(family);
  if (half.addresses.contains(cidr)) return;
  const auto form = form_of(entry, half, 1, cidr.is_host() ? 0 : 1);
  const bool same = form == half.form;
  if (!same) leave(id, half, family);
  half.addresses.insert(cidr);
  if (!cidr.is_host()) ++half.prefixes;
  if (!same) return enter(id, entry, family, form);
  if (form == Form::none) return;
  auto& kernel = kernel_of(id, family, form);
  if (form == Form::hosts) return kernel.turn(element_of(cidr, false), true);
  if (covered(half.addresses, cidr)) return;
  for (const auto& inner : outermost_within(half.addresses, cidr)) kernel.turn(element_of(inner, true), false);
  kernel.turn(element_of(cidr, true), true);
}

void Sets::remove(const plan::SetId& id, const plan::Member& member) {
  const auto it = entries_.find(id);
  if (it == entries_.end()) return;
  auto& entry = it->second;
  if (const auto* port = std::get_if<plan::IpPort>(&member)) {
    const auto family = port->ip.family();
    auto& half = entry.half(family);
    const auto key = nft::key(port->ip, port->protocol, port->port);
    if (!half.ports.contains(key)) return;
    const auto form = form_of(entry, half, 0, 0, -1);
    if (form != half.form) leave(id, half, family);
    half.ports.erase(key);
    if (half.form != Form::none) kernel_of(id, family, half.form).turn({.key = key}, false);
    return drop_if_unused(id);
  }
  const auto& cidr = std::get<net::Cidr>(member);
  const auto family = cidr.family();
  auto& half = entry.half(family);
  if (!half.addresses.contains(cidr)) return;
  const auto form = form_of(entry, half, -1, cidr.is_host() ? 0 : -1);
  const bool same = form == half.form;
  if (!same) leave(id, half, family);
  half.addresses.erase(cidr);
  if (!cidr.is_host()) --half.prefixes;
  if (!same) {
    enter(id, entry, family, form);
  } else if (form == Form::hosts) {
    kernel_of(id, family, form).turn(element_of(cidr, false), false);
  } else if (form == Form::prefixes && !covered(half.addresses, cidr)) {
    auto& kernel = kernel_of(id, family, form);
    kernel.turn(element_of(cidr, true), false);
    for (const auto& inner : outermost_within(half.addresses, cidr)) kernel.turn(element_of(inner, true), true);
  }
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
