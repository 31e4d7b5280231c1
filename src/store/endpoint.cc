#include "store/endpoint.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/strings.h"

namespace weft::store {

std::string Endpoint::address() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

std::string Endpoint::to_string() const { return (tls ? "https://" : "http://") + address(); }

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto wrong = [&](std::string_view why) { return fail(Code::invalid, fmt::format("\"{}\": {}", text, why)); };
  Endpoint endpoint;
  std::string_view rest = trim(text);
  if (const auto scheme = rest.find("://"); scheme != rest.npos) {
    const std::string name = to_lower(rest.substr(0, scheme));
    if (name != "http" && name != "https") return wrong("the scheme must be http or https");
    endpoint.tls = name == "https";
    rest.remove_prefix(scheme + 3);
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  std::string_view port;
  bool has_port = false;
  if (rest.starts_with('[')) {
    const auto end = rest.find(']');
    if (end == rest.npos) return wrong("a ] is missing");
    endpoint.host = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    if (endpoint.host.find(':') == std::string::npos) return wrong("only an IPv6 address stands in brackets");
    has_port = rest.starts_with(':');
    if (has_port)
      port = rest.substr(1);
    else if (!rest.empty())
      return wrong("a port is expected after the address");
  } else {
    const auto colon = rest.find(':');
    has_port = colon != rest.npos;
    if (has_port) port = rest.substr(colon + 1);
    if (port.find(':') != port.npos) return wrong("an IPv6 address must stand in brackets");
    endpoint.host = rest.substr(0, colon);
  }
  const auto is_host = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
           c == '_' || c == ':' || c == '%';
  };
  if (endpoint.host.empty()) return wrong("a host is expected");
  if (!std::ranges::all_of(endpoint.host, is_host)) return wrong("not a host name or address");
  if (has_port) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (error != std::errc() || end != port.data() + port.size() || endpoint.port == 0)
      return wrong("the port must be in 1..65535");
  }
  return endpoint;
}

}  // namespace weft::store
