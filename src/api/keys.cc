// Where objects lie in the store (datamodel 1).
#include <algorithm>

#include "api/codec.h"
#include "api/key.h"
#include "api/kinds.h"
#include "base/strings.h"

namespace weft::api {

namespace {

constexpr std::string_view resources = "/calico/resources/v3/projectcalico.org/";
constexpr std::string_view blocks = "/calico/ipam/v2/assignment/ipv";
constexpr std::string_view ipam = "/calico/ipam/v2/";
constexpr std::string_view handles = "/calico/ipam/v2/handle/";

char digit_of(net::Family family) { return family == net::Family::v4 ? '4' : '6'; }

std::string in_key(const net::Cidr& cidr) {
  std::string text = to_string(cidr);
  std::replace(text.begin(), text.end(), '/', '-');
  return text;
}

/// "4/block/10.65.0.0-26"
std::optional<net::Cidr> parse_family_and_block(std::string_view text) {
  if (text.size() < 2 || (text[0] != '4' && text[0] != '6')) return std::nullopt;
  const bool v4 = text[0] == '4';
  text.remove_prefix(1);
  constexpr std::string_view between = "/block/";
  if (!text.starts_with(between)) return std::nullopt;
  std::string cidr(text.substr(between.size()));
  const auto dash = cidr.rfind('-');
  if (dash == std::string::npos) return std::nullopt;
  cidr[dash] = '/';
  const auto parsed = net::Cidr::parse(cidr);
  if (!parsed || parsed->ip().is_v4() != v4) return std::nullopt;
  return *parsed;
}

/// v1 keys are read with and without the leading slash.
std::string_view with_slash(std::string_view path, std::string_view prefix) {
  if (path.starts_with(prefix)) return path.substr(prefix.size());
  if (path.starts_with(prefix.substr(1))) return path.substr(prefix.size() - 1);
  return {};
}

}  // namespace

std::optional<ResourceKey> parse_resource_key(std::string_view path) {
  if (!path.starts_with(resources)) return std::nullopt;
  const auto segments = split(path.substr(resources.size()), '/');
  if (segments.size() < 2) return std::nullopt;
  for (const Kind& kind : kinds()) {
    if (kind.plural != segments[0]) continue;
    if (segments.size() != (kind.namespaced ? 3u : 2u)) return std::nullopt;
    ResourceKey key{std::string(kind.name), kind.namespaced ? segments[1] : "", unescape_segment(segments.back())};
    if (key.name.empty() || (kind.namespaced && key.namespace_.empty())) return std::nullopt;
    return key;
  }
  return std::nullopt;
}

std::string resource_path(const ResourceKey& key) {
  const Kind* kind = find_kind(key.kind);
  CHECK(kind != nullptr);
  std::string path = prefix_of(*kind);
  if (kind->namespaced) path += key.namespace_ + "/";
  return path + key.name;
}

std::string prefix_of(const Kind& kind) { return std::string(resources) + std::string(kind.plural) + "/"; }

std::string path_of(const Kind& kind, const Metadata& metadata) {
  std::string path = prefix_of(kind);
  if (kind.namespaced) path += metadata.namespace_ + "/";
  return path + metadata.name;
}

std::string block_path(const net::Cidr& cidr) {
  return std::string(blocks) + digit_of(cidr.family()) + "/block/" + in_key(cidr);
}
std::string affinity_prefix(std::string_view host, net::Family family, std::string_view type) {
  return std::string(ipam) + std::string(type) + '/' + std::string(host) + "/ipv" + digit_of(family) + "/block/";
}
std::string affinity_path(std::string_view host, const net::Cidr& cidr, std::string_view type) {
  return affinity_prefix(host, cidr.family(), type) + in_key(cidr);
}
std::string handle_path(std::string_view id) { return std::string(handles) + std::string(id); }

std::optional<net::Cidr> parse_block_key(std::string_view path) {
  return parse_family_and_block(with_slash(path, blocks));
}

std::optional<std::pair<std::string, net::Cidr>> parse_affinity_key(std::string_view path, std::string_view type) {
  std::string_view rest = with_slash(path, ipam);
  if (!rest.starts_with(type) || !rest.substr(type.size()).starts_with('/')) return std::nullopt;
  rest.remove_prefix(type.size() + 1);
  const auto slash = rest.find('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  const std::string_view tail = rest.substr(slash + 1);
  if (!tail.starts_with("ipv")) return std::nullopt;
  const auto cidr = parse_family_and_block(tail.substr(3));
  if (!cidr) return std::nullopt;
  return std::pair(std::string(rest.substr(0, slash)), *cidr);
}

}  // namespace weft::api
