#include "api/formats.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "api/selector.h"
#include "base/strings.h"
#include "net/cidr.h"
#include "net/mac.h"

namespace weft::api {

namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_or_digit(char c) { return is_lower(c) || is_digit(c); }

bool is_label(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most && is_lower_or_digit(text.front()) && is_lower_or_digit(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

bool is_subdomain(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  const auto labels = split(text, '.');
  return std::all_of(labels.begin(), labels.end(), [](const std::string& label) { return is_label(label, 253); });
}

bool is_one_or_two_labels(std::string_view text) {
  const auto labels = split(text, '.');
  return labels.size() <= 2 &&
         std::all_of(labels.begin(), labels.end(), [](const std::string& l) { return is_label(l, 63); });
}

Broken when(bool broken, std::string_view sentence) { return broken ? Broken(sentence) : std::nullopt; }

constexpr std::string_view subdomain_rule =
    "must be lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit, at most 253 "
    "characters";

}  // namespace

Broken dns_subdomain(std::string_view text) { return when(!is_subdomain(text), subdomain_rule); }

Broken dns_label(std::string_view text) {
  return when(
      !is_label(text, 63),
      "must be lower-case letters, digits and '-', beginning and ending with a letter or digit, at most 63 characters");
}

Broken policy_name(std::string_view text) {
  for (const std::string_view prefix : {"knp.default.", "ossg.default."}) {
    if (text.starts_with(prefix)) return when(!is_subdomain(text.substr(prefix.size())), subdomain_rule);
  }
  return global_policy_name(text);
}

Broken global_policy_name(std::string_view text) {
  return when(
      !is_one_or_two_labels(text),
      "must be one or two names joined by '.', each of lower-case letters, digits and '-', at most 63 characters");
}

Broken bgp_configuration_name(std::string_view text) {
  if (text == "default") return std::nullopt;
  return when(!text.starts_with("node.") || !is_subdomain(text), "must be default or node.<node's name>");
}

Broken only_default(std::string_view text) { return when(text != "default", "must be default"); }
Broken any_name(std::string_view text) { return when(text.empty(), "is required"); }

Broken selector(std::string_view text) {
  auto parsed = Selector::parse(text);
  return parsed ? std::nullopt : Broken("is no selector: " + parsed.error().message);
}

namespace {
/// Selectors hold global() only unquoted; strings are skipped.
bool mentions_global(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (text.substr(i).starts_with("global(")) {
      return true;
    }
  }
  return false;
}
}  // namespace

Broken selector_without_global(std::string_view text) {
  if (auto broken = selector(text)) return broken;
  return when(mentions_global(text), "may not use global()");
}

Broken peer_namespace_selector(std::string_view text) {
  if (auto broken = selector(text)) return broken;
  return when(mentions_global(text) && Selector::parse(text)->text() != "global()",
              "may use global() only as the whole selector");
}

Broken strict_cidr(std::string_view text) {
  if (text.find('/') == std::string_view::npos) return "must be an address with a prefix length such as 10.0.0.0/8";
  auto parsed = net::Cidr::parse(text);
  return parsed ? std::nullopt : Broken(parsed.error().message);
}

Broken cidr_or_address(std::string_view text) {
  if (text.find('/') != std::string_view::npos) return strict_cidr(text);
  return address(text);
}

Broken address(std::string_view text) {
  auto parsed = net::Ip::parse(text);
  return parsed ? std::nullopt : Broken(parsed.error().message);
}

Broken ipv4(std::string_view text) {
  const auto parsed = net::Ip::parse(text);
  return when(!parsed || !parsed->is_v4(), "must be an IPv4 address");
}

Broken address_with_port(std::string_view text) {
  if (net::Ip::parse(text)) return std::nullopt;
  constexpr std::string_view rule = "must be an address, with a port as 10.0.0.1:180 or [fd00::1]:180";
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return Broken(rule);
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  const bool bracketed = host.starts_with('[') && host.ends_with(']');
  if (bracketed) host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  const auto ip = net::Ip::parse(host);
  const bool good =
      error == std::errc() && end == digits.data() + digits.size() && port > 0 && ip && ip->is_v6() == bracketed;
  return when(!good, rule);
}

Broken mac(std::string_view text) {
  auto parsed = net::Mac::parse(text);
  return parsed ? std::nullopt : Broken(parsed.error().message);
}

Broken host_cidr(std::string_view text) {
  const auto parsed = net::Cidr::parse_loose(text);
  return when(!parsed || !parsed->is_host(), "must be a single address: IPv4, IPv6, /32 or /128");
}

Broken protocol_spelling(std::string_view text) {
  const bool known =
      text == "TCP" || text == "UDP" || text == "ICMP" || text == "ICMPv6" || text == "SCTP" || text == "UDPLite";
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool numeric = error == std::errc() && end == text.data() + text.size() && number >= 1 && number <= 255;
  return when(!known && !numeric, "must be TCP, UDP, ICMP, ICMPv6, SCTP, UDPLite or 1..255");
}

namespace {
bool is_interface_char(char c) { return is_lower_or_digit(c) || is_upper(c) || c == '_' || c == '.' || c == '-'; }
}  // namespace

Broken interface_name(std::string_view text) {
  const bool good = text == "*" || (text.size() <= 15 && std::all_of(text.begin(), text.end(), is_interface_char));
  return when(!good, "must be the name of an interface, at most 15 characters");
}

Broken ignored_interface(std::string_view text) {
  const bool good = text != "*" && text.size() <= 15 &&
                    std::all_of(text.begin(), text.end(), [](char c) { return is_interface_char(c) || c == '*'; });
  return when(!good, "must be the name of an interface, with * for any characters, but not * alone");
}

Broken container_id(std::string_view text) {
  const auto alphanumeric = [](char c) { return is_lower_or_digit(c) || is_upper(c); };
  const bool good = !text.empty() && alphanumeric(text.front()) && alphanumeric(text.back()) &&
                    std::all_of(text.begin(), text.end(), [&](char c) { return alphanumeric(c) || c == '-'; });
  return when(!good, "must be letters, digits and '-', beginning and ending with a letter or digit");
}

Broken community_value(std::string_view text) {
  const auto parts = split(text, ':');
  const std::uint64_t most = parts.size() == 2 ? 0xffff : 0xffffffff;
  const bool good =
      (parts.size() == 2 || parts.size() == 3) && std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
        std::uint64_t number = 0;
        const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
        return error == std::errc() && end == part.data() + part.size() && number <= most;
      });
  return when(!good, "must be a community such as 65001:100, or a large one such as 65001:1:2");
}

}  // namespace weft::api
