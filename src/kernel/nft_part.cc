#include "kernel/nft_part.h"

#include <fmt/core.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "kernel/nft_expression.h"

namespace weft::kernel::nft {

namespace {

constexpr std::uint32_t verdict_register = NFT_REG_VERDICT;
constexpr std::uint32_t type_nfproto_protocol = type_protocol;
constexpr std::uint32_t type_icmp = 14, type_icmpv6 = 29, type_icmp_code = 32, type_icmpv6_code = 33;

std::string_view equals(bool negated) { return negated ? "!= " : ""; }
std::string_view name(End end) { return end == End::source ? "saddr" : "daddr"; }
std::string_view header(net::Family family) { return family == net::Family::v4 ? "ip" : "ip6"; }
std::uint32_t size_of(net::Family family) { return family == net::Family::v4 ? 4 : 16; }
std::uint32_t address_offset(End end, net::Family family) {
  if (family == net::Family::v4) return end == End::source ? 12 : 16;
  return end == End::source ? 8 : 24;
}
std::uint32_t port_offset(End end) { return end == End::source ? 0 : 2; }

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }
Bytes one(std::uint8_t value) { return {value}; }
Bytes big(std::uint16_t value) { return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)}; }
Bytes host(std::uint32_t value) {
  Bytes out(sizeof value);
  std::memcpy(out.data(), &value, sizeof value);
  return out;
}
std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }
std::string padded(std::string text) {
  text.resize((text.size() + 3) / 4 * 4);
  return text;
}

std::string protocol_name(net::Protocol protocol) {
  switch (protocol.number) {
    case 1: return "icmp";
    case 6: return "tcp";
    case 17: return "udp";
    case 58: return "ipv6-icmp";
    case 132: return "sctp";
    case 136: return "udplite";
    default: return fmt::format("{}", protocol.number);
  }
}
std::string nft_text(const net::PortRange& range) {
  return range.first == range.last ? fmt::format("{}", range.first) : fmt::format("{}-{}", range.first, range.last);
}
std::string nft_text(const net::Cidr& cidr) {
  return cidr.is_host() ? net::to_string(cidr.ip()) : net::to_string(cidr);
}

template <class List, class Text>
std::string braces(const List& list, Text&& text) {
  std::string out = "{ ";
  bool first = true;
  for (const auto& item : list) {
    if (!first) out += ", ";
    first = false;
    out += text(item);
  }
  return out + " }";
}

Expression load_meta(std::uint32_t key, std::uint32_t to = NFT_REG_1) {
  return expression("meta", Meta{.dreg = Be32{to}, .key = Be32{key}});
}
Expression load_payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length, std::uint32_t to = NFT_REG_1) {
  return expression("payload", LoadPayload{Be32{to}, Be32{base}, Be32{offset}, Be32{length}});
}
Expression compare(Bytes value, bool negated = false) {
  return expression(
      "cmp", Compare{Be32{NFT_REG_1}, Be32{negated ? NFT_CMP_NEQ : NFT_CMP_EQ}, Data{.value = std::move(value)}});
}
Expression mask(Bytes bits, Bytes flip) {
  const auto length = static_cast<std::uint32_t>(bits.size());
  return expression("bitwise", Bitwise{Be32{NFT_REG_1}, Be32{NFT_REG_1}, Be32{length}, Data{.value = std::move(bits)},
                                       Data{.value = std::move(flip)}});
}
Expression in_set(const std::string& set, bool negated = false) {
  return expression("lookup", Lookup{.set = set,
                                     .sreg = Be32{NFT_REG_1},
                                     .flags = negated ? std::optional(Be32{NFT_LOOKUP_F_INV}) : std::nullopt});
}
Expression in_set(AnonymousSet set, bool negated = false) {
  auto out = in_set(std::string(), negated);
  out.set = std::make_shared<const AnonymousSet>(std::move(set));
  return out;
}
Expression immediate(std::uint32_t to, Bytes value) {
  return expression("immediate", Immediate{Be32{to}, Data{.value = std::move(value)}});
}
Part verdict(std::string text, std::int32_t code, const std::string& chain = {}) {
  Data data{.verdict = VerdictData{Be32{static_cast<std::uint32_t>(code)}, chain}};
  return {std::move(text), {expression("immediate", Immediate{Be32{verdict_register}, std::move(data)})}};
}

}  // namespace

std::string key(const net::Ip& ip) { return {ip.bytes().begin(), ip.bytes().end()}; }

std::string key(std::string_view interface) {
  std::string out(interface.substr(0, IFNAMSIZ - 1));
  out.resize(IFNAMSIZ);
  return out;
}

std::string key(std::string_view interface, const net::Ip& ip) { return key(interface) + key(ip); }

std::string key(const net::Ip& ip, net::Protocol protocol, std::uint16_t port) {
  return key(ip) + padded(text_of(one(protocol.number))) + padded(text_of(big(port)));
}

Element interval(const net::Cidr& cidr) {
  const auto end = cidr.last().plus(1);
  return {.key = key(cidr.ip()), .until = end <= cidr.last() ? std::string() : key(end)};  // wrapped: to the end
}

std::vector<net::Cidr> disjoint(std::vector<net::Cidr> cidrs) {
  std::ranges::sort(cidrs);
  std::vector<net::Cidr> out;
  for (const auto& cidr : cidrs) {
    if (out.empty() || !out.back().contains(cidr)) out.push_back(cidr);
  }
  return out;
}

std::vector<net::PortRange> disjoint(std::vector<net::PortRange> ranges) {
  std::ranges::sort(ranges);
  std::vector<net::PortRange> out;
  for (const auto& range : ranges) {
    if (range.first > range.last) continue;
    if (!out.empty() && range.first <= static_cast<std::uint32_t>(out.back().last) + 1) {
      out.back().last = std::max(out.back().last, range.last);
    } else {
      out.push_back(range);
    }
  }
  return out;
}

Part interface(Way way, std::string_view pattern) {
  const bool prefix = pattern.ends_with('*') || pattern.ends_with('+');
  if (prefix) pattern.remove_suffix(1);
  Part out{fmt::format("{} \"{}{}\"", way == Way::in ? "iifname" : "oifname", pattern, prefix ? "*" : ""), {}};
  if (prefix && pattern.empty()) return out;
  out.expressions = {load_meta(way == Way::in ? NFT_META_IIFNAME : NFT_META_OIFNAME),
                     compare(prefix ? bytes_of(pattern.substr(0, IFNAMSIZ - 1)) : bytes_of(key(pattern)))};
  return out;
}

Part family(net::Family family, bool shown) {
  const bool v4 = family == net::Family::v4;
  return {shown ? fmt::format("meta nfproto {}", v4 ? "ipv4" : "ipv6") : "",
          {load_meta(NFT_META_NFPROTO), compare(one(v4 ? NFPROTO_IPV4 : NFPROTO_IPV6))}};
}

Part protocol(net::Protocol protocol, bool negated, bool shown) {
  return {shown ? fmt::format("meta l4proto {}{}", equals(negated), protocol_name(protocol)) : "",
          {load_meta(NFT_META_L4PROTO), compare(one(protocol.number), negated)}};
}

Part protocols(std::span<const net::Protocol> protocols, bool negated, bool shown) {
  AnonymousSet set{.key_type = type_nfproto_protocol, .key_length = 1};
  for (const auto& protocol : protocols) set.elements.push_back({.key = text_of(one(protocol.number))});
  return {shown ? fmt::format("meta l4proto {}{}", equals(negated), braces(protocols, protocol_name)) : "",
          {load_meta(NFT_META_L4PROTO), in_set(std::move(set), negated)}};
}

Part address(End end, std::span<const net::Cidr> cidrs, bool negated) {
  const auto list = disjoint(std::vector(cidrs.begin(), cidrs.end()));
  CHECK(!list.empty());
  const auto family = list.front().family();
  const auto offset = address_offset(end, family);
  const auto text = fmt::format("{} {} {}", header(family), name(end), equals(negated));
  if (list.size() == 1) {
    const auto& cidr = list.front();
    const auto bytes = cidr.ip().bytes();
    const auto whole = static_cast<std::size_t>(cidr.length()) / 8;
    Part out{text + nft_text(cidr), {}};
    if (cidr.length() % 8 == 0 && whole > 0) {
      out.expressions = {load_payload(NFT_PAYLOAD_NETWORK_HEADER, offset, static_cast<std::uint32_t>(whole)),
                         compare({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(whole)}, negated)};
      return out;
    }
    Bytes bits(bytes.size());
    for (int i = 0; i < cidr.length(); ++i) {
      bits[static_cast<std::size_t>(i) / 8] |= static_cast<std::uint8_t>(0x80 >> i % 8);
    }
    out.expressions = {load_payload(NFT_PAYLOAD_NETWORK_HEADER, offset, size_of(family)),
                       mask(std::move(bits), Bytes(bytes.size())), compare({bytes.begin(), bytes.end()}, negated)};
    return out;
  }
  AnonymousSet set{.key_type = type_of(family), .key_length = size_of(family)};
  set.interval = !std::ranges::all_of(list, &net::Cidr::is_host);
  for (const auto& cidr : list) set.elements.push_back(set.interval ? interval(cidr) : Element{.key = key(cidr.ip())});
  return {text + braces(list, [](const auto& cidr) { return nft_text(cidr); }),
          {load_payload(NFT_PAYLOAD_NETWORK_HEADER, offset, size_of(family)), in_set(std::move(set), negated)}};
}

Part address_set(End end, net::Family family, const std::string& set, bool negated) {
  return {
      fmt::format("{} {} {}@{}", header(family), name(end), equals(negated), set),
      {load_payload(NFT_PAYLOAD_NETWORK_HEADER, address_offset(end, family), size_of(family)), in_set(set, negated)}};
}

Part ports(End end, std::span<const net::PortRange> ranges, std::string_view header, bool negated) {
  const auto list = disjoint(std::vector(ranges.begin(), ranges.end()));
  CHECK(!list.empty());
  const auto text = fmt::format("{} {} {}", header, end == End::source ? "sport" : "dport", equals(negated));
  const auto load = load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, port_offset(end), 2);
  if (list.size() == 1) {
    const auto [first, last] = list.front();
    Part out{text + nft_text(list.front()), {load}};
    if (first == last) {
      out.expressions.push_back(compare(big(first), negated));
    } else {
      out.expressions.push_back(expression("range", Range{Be32{NFT_REG_1}, Be32{negated ? NFT_RANGE_NEQ : NFT_RANGE_EQ},
                                                          Data{.value = big(first)}, Data{.value = big(last)}}));
    }
    return out;
  }
  AnonymousSet set{.key_type = type_service, .key_length = 2};
  set.interval = !std::ranges::all_of(list, [](const auto& range) { return range.first == range.last; });
  for (const auto& range : list) {
    Element element{.key = text_of(big(range.first))};
    if (set.interval && range.last != 0xffff) element.until = text_of(big(static_cast<std::uint16_t>(range.last + 1)));
    set.elements.push_back(std::move(element));
  }
  return {text + braces(list, [](const auto& range) { return nft_text(range); }),
          {load, in_set(std::move(set), negated)}};
}

Part port_set(End end, net::Family family, const std::string& set, bool negated) {
  const auto next = NFT_REG32_00 + size_of(family) / 4;
  return {fmt::format("{} {} . meta l4proto . th {} {}@{}", header(family), name(end),
                      end == End::source ? "sport" : "dport", equals(negated), set),
          {load_payload(NFT_PAYLOAD_NETWORK_HEADER, address_offset(end, family), size_of(family)),
           load_meta(NFT_META_L4PROTO, next), load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, port_offset(end), 2, next + 1),
           in_set(set, negated)}};
}

Part icmp(net::Family family, std::uint8_t type, std::optional<std::uint8_t> code, bool negated) {
  const std::string_view header = family == net::Family::v4 ? "icmp" : "icmpv6";
  if (!code) {
    return {fmt::format("{} type {}{}", header, equals(negated), type),
            {load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1), compare(one(type), negated)}};
  }
  if (!negated) {
    return {fmt::format("{} type {} {} code {}", header, type, header, *code),
            {load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2), compare({type, *code})}};
  }
  // As a concatenation, because two inequalities would read, and in some versions of nft mean, something else.
  AnonymousSet set{
      .key_type = family == net::Family::v4 ? concat(type_icmp, type_icmp_code) : concat(type_icmpv6, type_icmpv6_code),
      .key_length = 8,
      .elements = {{.key = padded(text_of(one(type))) + padded(text_of(one(*code)))}}};
  return {fmt::format("{} type . {} code != {{ {} . {} }}", header, header, type, *code),
          {load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1),
           load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, 1, 1, NFT_REG32_01), in_set(std::move(set), true)}};
}

Part icmp_types(net::Family family, std::span<const std::uint8_t> types) {
  const bool v4 = family == net::Family::v4;
  AnonymousSet set{.key_type = v4 ? type_icmp : type_icmpv6, .key_length = 1};
  for (const auto type : types) set.elements.push_back({.key = text_of(one(type))});
  return {fmt::format("{} type {}", v4 ? "icmp" : "icmpv6",
                      braces(types, [](auto type) { return fmt::format("{}", type); })),
          {load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1), in_set(std::move(set))}};
}

Part ct_state(std::uint32_t bits) {
  static constexpr std::pair<std::uint32_t, std::string_view> names[] = {
      {1, "invalid"}, {2, "established"}, {4, "related"}, {8, "new"}, {64, "untracked"}};
  std::string text = "ct state";
  char separator = ' ';
  for (const auto& [bit, name] : names) {
    if ((bits & bit) == 0) continue;
    text += separator;
    text += name;
    separator = ',';
  }
  return {text,
          {expression("ct", Conntrack{Be32{NFT_REG_1}, Be32{NFT_CT_STATE}}), mask(host(bits), host(0)),
           compare(host(0), true)}};
}

Part mark_has(std::uint32_t bit) {
  return {fmt::format("meta mark & {0:#010x} != 0x00000000", bit),
          {load_meta(NFT_META_MARK), mask(host(bit), host(0)), compare(host(0), true)}};
}

Part interface_source(net::Family family, const std::string& set) {
  return {fmt::format("iifname . {} saddr @{}", header(family), set),
          {load_meta(NFT_META_IIFNAME),
           load_payload(NFT_PAYLOAD_NETWORK_HEADER, address_offset(End::source, family), size_of(family), NFT_REG_2),
           in_set(set)}};
}

Part accept() { return verdict("accept", NF_ACCEPT); }
Part drop() { return verdict("drop", NF_DROP); }
Part return_() { return verdict("return", NFT_RETURN); }
Part jump(const std::string& chain) { return verdict("jump " + chain, NFT_JUMP, chain); }
Part goto_(const std::string& chain) { return verdict("goto " + chain, NFT_GOTO, chain); }

Part interface_map(Way way, const std::string& map) {
  return {fmt::format("{} vmap @{}", way == Way::in ? "iifname" : "oifname", map),
          {load_meta(way == Way::in ? NFT_META_IIFNAME : NFT_META_OIFNAME),
           expression("lookup", Lookup{.set = map, .sreg = Be32{NFT_REG_1}, .dreg = Be32{verdict_register}})}};
}

Part reject() {
  return {"reject",
          {expression("reject", Reject{Be32{NFT_REJECT_ICMPX_UNREACH}, std::uint8_t{NFT_REJECT_ICMPX_PORT_UNREACH}})}};
}

namespace {
Expression store_mark() { return expression("meta", Meta{.key = Be32{NFT_META_MARK}, .sreg = Be32{NFT_REG_1}}); }
}  // namespace

Part mark_set(std::uint32_t bit) {
  return {fmt::format("meta mark set meta mark | {:#010x}", bit),
          {load_meta(NFT_META_MARK), mask(host(~bit), host(bit)), store_mark()}};
}
Part mark_clear(std::uint32_t bit) {
  return {fmt::format("meta mark set meta mark & {:#010x}", ~bit),
          {load_meta(NFT_META_MARK), mask(host(~bit), host(0)), store_mark()}};
}

Part limit(std::uint64_t rate, std::uint64_t unit_seconds, std::uint32_t burst) {
  const std::string_view unit = unit_seconds == 1      ? "second"
                                : unit_seconds == 60   ? "minute"
                                : unit_seconds == 3600 ? "hour"
                                                       : "day";
  const auto tail = burst == 5 ? std::string() : fmt::format(" burst {} packets", burst);  // nft leaves out its default
  return {fmt::format("limit rate {}/{}{}", rate, unit, tail),
          {expression("limit", Limit{Be64{rate}, Be64{unit_seconds}, Be32{burst}, Be32{NFT_LIMIT_PKTS}, Be32{0}})}};
}

Part log(std::string_view prefix) {
  constexpr std::uint32_t level_info = 6;
  const std::string cut(prefix.substr(0, 127));
  return {fmt::format("log prefix \"{}\" level info", cut), {expression("log", Log{cut, Be32{level_info}})}};
}

Part masquerade(std::optional<net::PortRange> ports) {
  if (!ports)
    return {"masquerade fully-random",
            {expression("masq", Masquerade{.flags = Be32{NF_NAT_RANGE_PROTO_RANDOM_FULLY}})}};
  return {fmt::format("masquerade to :{} fully-random", nft_text(*ports)),
          {immediate(NFT_REG_1, big(ports->first)), immediate(NFT_REG_2, big(ports->last)),
           expression("masq", Masquerade{Be32{NF_NAT_RANGE_PROTO_RANDOM_FULLY | NF_NAT_RANGE_PROTO_SPECIFIED},
                                         Be32{NFT_REG_1}, Be32{NFT_REG_2}})}};
}

Part snat(const net::Ip& to, std::optional<net::PortRange> ports) {
  const auto family = to.family();
  Nat nat{.type = Be32{NFT_NAT_SNAT},
          .family = Be32{family == net::Family::v4 ? NFPROTO_IPV4 : NFPROTO_IPV6},
          .address_min = Be32{NFT_REG_1},
          .address_max = Be32{NFT_REG_1},
          .flags = Be32{NF_NAT_RANGE_PROTO_RANDOM_FULLY}};
  Part out{fmt::format("snat {} to {}", header(family), net::to_string(to)), {immediate(NFT_REG_1, bytes_of(key(to)))}};
  if (ports) {
    out.text = fmt::format("snat {} to {}{}{}:{}", header(family), family == net::Family::v6 ? "[" : "",
                           net::to_string(to), family == net::Family::v6 ? "]" : "", nft_text(*ports));
    out.expressions.push_back(immediate(NFT_REG_2, big(ports->first)));
    out.expressions.push_back(immediate(NFT_REG_3, big(ports->last)));
    nat.port_min = Be32{NFT_REG_2};
    nat.port_max = Be32{NFT_REG_3};
  }
  out.text += " fully-random";
  out.expressions.push_back(expression("nat", nat));
  return out;
}

}  // namespace weft::kernel::nft
