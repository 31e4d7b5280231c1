#include "node/settings.h"

#include <fmt/core.h>

#include <charconv>

#include "base/strings.h"

namespace weft::node {
namespace {

std::unexpected<Error> wrong(const std::string& name, const std::string& value, std::string_view rule) {
  return fail(Code::invalid, fmt::format("{}=\"{}\": {}", name, value, rule));
}

/// A set but empty variable counts as not set, as container manifests often set them so.
std::optional<std::string> value_of(const Environment& environment, const std::string& name) {
  auto value = environment(name);
  if (!value) return std::nullopt;
  std::string trimmed(trim(*value));
  if (trimmed.empty()) return std::nullopt;
  return trimmed;
}

Result<bool> read_bool(const Environment& environment, const std::string& name, bool otherwise) {
  const auto value = value_of(environment, name);
  if (!value) return otherwise;
  const std::string lower = to_lower(*value);
  for (const char* yes : {"true", "1", "t", "y", "yes", "on", "enabled"})
    if (lower == yes) return true;
  for (const char* no : {"false", "0", "f", "n", "no", "off", "disabled"})
    if (lower == no) return false;
  return wrong(name, *value, "must be true or false");
}

Result<std::optional<std::uint32_t>> read_as(const Environment& environment) {
  const auto value = value_of(environment, "AS");
  if (!value) return std::optional<std::uint32_t>();
  const auto number = [&](std::string_view text, std::uint32_t most) -> Result<std::uint32_t> {
    std::uint32_t out = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || end != text.data() + text.size() || out > most)
      return wrong("AS", *value, "must be an AS number: 1..4294967295, or two numbers up to 65535 with a dot between");
    return out;
  };
  const auto parts = split(*value, '.');
  if (parts.size() == 2) return TRY(number(parts[0], 65535)) << 16 | TRY(number(parts[1], 65535));
  return TRY(number(*value, 4294967295U));
}

Result<AddressSetting> read_address(const Environment& environment, net::Family family) {
  const std::string name = family == net::Family::v4 ? "IP" : "IP6";
  AddressSetting setting;
  if (const auto method = value_of(environment, name + "_AUTODETECTION_METHOD")) {
    setting.method = TRY(within(parse_method(*method), name + "_AUTODETECTION_METHOD"));
  }
  const auto value = value_of(environment, name);
  if (!value) return setting;
  if (to_lower(*value) == "none") {
    setting.kind = AddressSetting::Kind::none;
  } else if (to_lower(*value) == "autodetect") {
    setting.kind = AddressSetting::Kind::autodetect;
  } else {
    const auto address = net::Address::parse(*value);
    if (!address || address->ip.family() != family) {
      return wrong(name, *value,
                   fmt::format("must be autodetect, none, or an IPv{} address with or without its prefix length",
                               static_cast<int>(family)));
    }
    setting.kind = AddressSetting::Kind::given;
    setting.address = *address;
    setting.has_length = value->find('/') != std::string::npos;
  }
  return setting;
}

Result<Mode> read_mode(const Environment& environment, const std::string& name) {
  const auto value = value_of(environment, name);
  if (!value) return Mode::never;
  const std::string lower = to_lower(*value);
  if (lower == "always") return Mode::always;
  if (lower == "crosssubnet" || lower == "cross-subnet") return Mode::cross_subnet;
  if (lower == "never" || lower == "off") return Mode::never;
  return wrong(name, *value, "must be Never, Always or CrossSubnet");
}

Result<PoolSetting> read_pool(const Environment& environment, net::Family family) {
  const bool v4 = family == net::Family::v4;
  const std::string prefix = v4 ? "CALICO_IPV4POOL_" : "CALICO_IPV6POOL_";
  PoolSetting pool;
  if (const auto cidr = value_of(environment, prefix + "CIDR")) {
    if (to_lower(*cidr) == "none") {
      pool.wanted = false;
    } else {
      const auto parsed = net::Cidr::parse(*cidr);
      if (!parsed || parsed->family() != family)
        return wrong(prefix + "CIDR", *cidr,
                     fmt::format("must be none or an IPv{} CIDR with host bits zero", static_cast<int>(family)));
      pool.cidr = *parsed;
    }
  }
  if (const auto size = value_of(environment, prefix + "BLOCK_SIZE")) {
    const int least = v4 ? 20 : 116;
    const int most = v4 ? 32 : 128;
    const auto [end, error] = std::from_chars(size->data(), size->data() + size->size(), pool.block_size);
    if (error != std::errc() || end != size->data() + size->size() || pool.block_size < least || pool.block_size > most)
      return wrong(prefix + "BLOCK_SIZE", *size, fmt::format("must be in {}..{}", least, most));
  }
  pool.nat_outgoing = TRY(read_bool(environment, prefix + "NAT_OUTGOING", v4));
  pool.disable_bgp_export = TRY(read_bool(environment, prefix + "DISABLE_BGP_EXPORT", false));
  pool.node_selector = value_of(environment, prefix + "NODE_SELECTOR").value_or("all()");
  if (v4) pool.ipip = TRY(read_mode(environment, prefix + "IPIP"));
  pool.vxlan = TRY(read_mode(environment, prefix + "VXLAN"));
  if (pool.ipip != Mode::never && pool.vxlan != Mode::never)
    return fail(Code::invalid, fmt::format("{0}IPIP and {0}VXLAN: only one of them may be other than Never", prefix));
  return pool;
}

}  // namespace

Result<Method> parse_method(const std::string& text) {
  if (text == "first-found") return Method{};
  const auto at = text.find('=');
  const std::string name = text.substr(0, at);
  const std::string rest = at == std::string::npos ? "" : std::string(trim(text.substr(at + 1)));
  std::vector<std::string> items;
  for (const auto& item : split(rest, ','))
    if (!trim(item).empty()) items.emplace_back(trim(item));

  if (name == "kubernetes-internal-ip") return fail(Code::unsupported, "kubernetes-internal-ip is not supported yet");
  Method method;
  if (name == "interface")
    method.kind = Method::Kind::interface;
  else if (name == "skip-interface")
    method.kind = Method::Kind::skip_interface;
  else if (name == "cidr")
    method.kind = Method::Kind::cidr;
  else if (name == "can-reach")
    method.kind = Method::Kind::can_reach;
  else
    return fail(Code::invalid,
                fmt::format("\"{}\": must be first-found, interface=, skip-interface=, cidr= or can-reach=", text));
  if (items.empty()) return fail(Code::invalid, fmt::format("\"{}\": nothing after {}=", text, name));

  if (method.kind == Method::Kind::cidr) {
    for (const auto& item : items) method.cidrs.push_back(TRY(net::Cidr::parse_loose(item)));
  } else if (method.kind == Method::Kind::can_reach) {
    method.destination = rest;
  } else {
    method.patterns = std::move(items);
  }
  return method;
}

std::string to_string(const Method& method) {
  switch (method.kind) {
    case Method::Kind::first_found: return "first-found";
    case Method::Kind::interface: return "interface=" + join(method.patterns, ",");
    case Method::Kind::skip_interface: return "skip-interface=" + join(method.patterns, ",");
    case Method::Kind::can_reach: return "can-reach=" + method.destination;
    case Method::Kind::cidr: break;
  }
  std::vector<std::string> cidrs;
  for (const auto& cidr : method.cidrs) cidrs.push_back(net::to_string(cidr));
  return "cidr=" + join(cidrs, ",");
}

Result<Settings> read_settings(const Environment& environment) {
  Settings settings;
  settings.ipv4 = TRY(read_address(environment, net::Family::v4));
  settings.ipv6 = TRY(read_address(environment, net::Family::v6));
  settings.as_number = TRY(read_as(environment));
  settings.default_pools = !TRY(read_bool(environment, "NO_DEFAULT_POOLS", false));
  settings.pool_v4 = TRY(read_pool(environment, net::Family::v4));
  settings.pool_v6 = TRY(read_pool(environment, net::Family::v6));
  settings.check_address = !TRY(read_bool(environment, "DISABLE_NODE_IP_CHECK", false));
  settings.kubernetes_node = value_of(environment, "CALICO_K8S_NODE_REF").value_or("");
  for (const auto& type : split(value_of(environment, "CLUSTER_TYPE").value_or(""), ','))
    if (!trim(type).empty()) settings.cluster_types.emplace_back(trim(type));

  const std::string backend = value_of(environment, "CALICO_NETWORKING_BACKEND").value_or("bird");
  if (backend != "bird" && backend != "none")
    return wrong("CALICO_NETWORKING_BACKEND", backend, "must be bird or none (vxlan is not supported yet)");
  settings.bird = backend == "bird";
  return settings;
}

}  // namespace weft::node
