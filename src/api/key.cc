#include "api/key.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "api/kinds.h"
#include "base/strings.h"
#include "net/cidr.h"

namespace weft::api {

namespace {

/// One type of keys. A segment of its path is a literal or holds one {field}, marked by how names get into the segment:
///   {name}   as it is
///   {name%}  escaped
///   {name~}  as it is, but unescaped when read
///   {name*}  as it is, with slashes: all the rest
/// {v} is the digit of the cidr's family; any character is read.
struct Type {
  std::string_view name;
  std::string_view path;
  unsigned reading = 0;
};
enum : unsigned {
  never = 1,   // only written
  filled = 2,  // no part may be empty
  tail = 4,    // more may follow
  slash = 8,   // must be in front: without it Calico reads others, not these
};

constexpr Type types[] = {
    {"IPAMConfig", "calico/ipam/v2/config", never},
    {"IPAMHost", "calico/ipam/v2/host/{host}", never},
    {"Block", "calico/ipam/v2/assignment/ipv{v}/block/{cidr}"},
    {"BlockAffinity", "calico/ipam/v2/{affinityType}/{host}/ipv{v}/block/{cidr}", filled},
    {"IPAMHandle", "calico/ipam/v2/handle/{handle}"},
    {"IPPool", "calico/v1/ipam/v{v}/pool/{cidr}"},
    {"WorkloadEndpoint", "calico/v1/host/{host~}/workload/{orchestrator%}/{workload%}/endpoint/{endpoint%}"},
    {"HostEndpoint", "calico/v1/host/{host~}/endpoint/{endpoint%}"},
    {"HostConfig", "calico/v1/host/{host~}/config/{name*}"},
    {"HostMetadata", "calico/v1/host/{host}/metadata"},
    {"Wireguard", "calico/v1/host/{host~}/wireguard"},
    {"WorkloadEndpointStatus",
     "calico/felix/v2/{region}/host/{host}/workload/{orchestrator%}/{workload%}/endpoint/{endpoint%}", filled},
    {"HostEndpointStatus", "calico/felix/v1/host/{host}/endpoint/{endpoint%}"},
    {"ActiveStatusReport", "calico/felix/v2/{region}/host/{host}/status", filled},
    {"LastStatusReport", "calico/felix/v2/{region}/host/{host}/last_reported_status", filled | tail},
    {"Tier", "calico/v1/policy/tier/{name~}/metadata"},
    {"LegacyPolicy", "calico/v1/policy/tier/{tier~}/policy/{name~}"},
    {"ProfileRules", "calico/v1/policy/profile/{name%}/rules", tail},
    {"ProfileLabels", "calico/v1/policy/profile/{name%}/labels", tail},
    {"Policy", "calico/v1/policy/{kind~}/{namespace~}/{name~}"},
    {"NetworkSet", "calico/v1/netset/{name%}"},
    {"GlobalConfig", "calico/v1/config/{name*}"},
    {"GlobalBGPConfig", "calico/bgp/v1/global/{name*}", filled},
    {"NodeBGPConfig", "calico/bgp/v1/host/{host}/{name*}", filled},
    {"ReadyFlag", "calico/v1/Ready", slash},
};

/// A resource's key is made by hand: its kind decides about its form.
constexpr std::string_view resource = "Resource";
constexpr std::string_view resources = "/calico/resources/v3/projectcalico.org/";

struct Plural {
  std::string_view kind;
  std::string_view plural;
  bool namespaced;
};
/// Kinds that have a plural and are never in our store.
constexpr Plural elsewhere[] = {
    {"IPAMConfig", "ipamconfigs", false},
    {"KubernetesEndpointSlice", "kubernetesendpointslices", true},
    {"KubernetesService", "kubernetesservice", true},
    {"KubernetesNetworkPolicy", "kubernetesnetworkpolicies", true},
    {"KubernetesClusterNetworkPolicy", "kubernetesclusternetworkpolicies", false},
};

std::optional<Plural> find_plural(auto&& is_it) {
  for (const Plural& each : elsewhere) {
    if (is_it(each)) return each;
  }
  for (const Kind& kind : kinds()) {
    const Plural each{kind.name, kind.plural, kind.namespaced};
    if (is_it(each)) return each;
  }
  return std::nullopt;
}

/// One segment of a type's path: text around a field.
struct Segment {
  std::string_view before;
  std::string_view field;  // empty: a literal
  char mark = 0;
};

Segment segment_of(std::string_view text) {
  const auto open = text.find('{');
  if (open == text.npos) return {.before = text};
  Segment segment{.before = text.substr(0, open), .field = text.substr(open + 1, text.find('}') - open - 1)};
  constexpr std::string_view marks = "%~*";
  if (marks.find(segment.field.back()) != marks.npos) {
    segment.mark = segment.field.back();
    segment.field.remove_suffix(1);
  }
  return segment;
}

std::vector<Segment> segments_of(std::string_view path) {
  std::vector<Segment> segments;
  while (true) {
    const auto end = path.find('/');
    segments.push_back(segment_of(path.substr(0, end)));
    if (end == path.npos) return segments;
    path.remove_prefix(end + 1);
  }
}

const Type* find_type(std::string_view name) {
  const auto* found = std::ranges::find(types, name, &Type::name);
  return found == std::end(types) ? nullptr : found;
}

Result<std::string> resource_path(const Key& key) {
  const std::string& kind = key.fields.at("kind");
  const auto plural = find_plural([&](const Plural& p) { return to_lower(p.kind) == to_lower(kind); });
  if (!plural) return fail(Code::invalid, fmt::format("couldn't convert key: kind \"{}\" is not known", kind));
  std::string path = std::string(resources) + std::string(plural->plural) + "/";
  // Calico looks the plural up whatever the case, and the namespace by the exact kind.
  if (plural->namespaced && plural->kind == kind) path += key.fields.at("namespace") + "/";
  return path + key.fields.at("name");
}

std::optional<Key> parse_resource(std::string_view path) {
  const auto parts = split(path.substr(resources.size()), '/');
  if (parts.size() != 2 && parts.size() != 3) return std::nullopt;
  const std::string wanted = unescape_segment(parts.front());
  const auto plural = find_plural([&](const Plural& p) { return p.plural == wanted; });
  if (!plural || plural->namespaced != (parts.size() == 3)) return std::nullopt;
  return Key{std::string(resource),
             {{"kind", std::string(plural->kind)},
              {"namespace", plural->namespaced ? unescape_segment(parts[1]) : ""},
              {"name", unescape_segment(parts.back())}}};
}

/// What a policy's key of v3.31 and before says in its name (datamodel 1.4).
void split_legacy_name(std::map<std::string, std::string>& fields) {
  struct Prefix {
    bool namespaced;
    std::string_view text, kind;
  };
  constexpr Prefix prefixes[] = {
      {true, "knp.default.", "KubernetesNetworkPolicy"},
      {true, "staged:knp.default.", "StagedKubernetesNetworkPolicy"},
      {true, "staged:", "StagedNetworkPolicy"},
      {true, "", "NetworkPolicy"},
      {false, "staged:", "StagedGlobalNetworkPolicy"},
      {false, "kcnp.", "KubernetesClusterNetworkPolicy"},
      {false, "", "GlobalNetworkPolicy"},
  };
  std::string name = fields.at("name");
  const auto end = name.find('/');
  const bool namespaced = end != name.npos;
  fields["namespace"] = namespaced ? name.substr(0, end) : "";
  if (namespaced) name.erase(0, end + 1);
  for (const auto& prefix : prefixes) {
    if (prefix.namespaced != namespaced || !name.starts_with(prefix.text)) continue;
    fields["kind"] = prefix.kind;
    fields["name"] = name.substr(prefix.text.size());
    return;
  }
}

/// @return false: the segment is not of the type
bool read_segment(const Segment& segment, std::string_view text, std::map<std::string, std::string>& fields) {
  if (segment.field.empty()) return text == segment.before;
  if (!text.starts_with(segment.before)) return false;
  text.remove_prefix(segment.before.size());
  if (segment.field == "v") return text.size() == 1;
  std::string value = segment.mark == '%' || segment.mark == '~' ? unescape_segment(text) : std::string(text);
  if (segment.field == "cidr") {
    const auto dash = value.find('-');
    if (dash != value.npos) value[dash] = '/';
    const auto cidr = dash == value.npos ? fail(Code::invalid, "no prefix") : net::Cidr::parse_loose(value);
    if (!cidr) return false;
    value = to_string(*cidr);
  }
  fields.emplace(segment.field, std::move(value));
  return true;
}

std::optional<Key> parse_as(const Type& type, const std::vector<std::string>& parts) {
  const auto segments = segments_of(type.path);
  const bool rest = segments.back().mark == '*';
  const std::size_t needed = segments.size() - (rest ? 1 : 0);
  if (parts.size() < needed || (parts.size() > segments.size() && !rest && !(type.reading & tail))) return std::nullopt;
  Key key{std::string(type.name), {}};
  for (std::size_t i = 0; i < needed; ++i) {
    if (!read_segment(segments[i], parts[i], key.fields)) return std::nullopt;
  }
  if (rest) {
    const auto from = parts.begin() + static_cast<std::ptrdiff_t>(needed);
    read_segment(segments.back(), join({from, parts.end()}, "/"), key.fields);
  }
  if ((type.reading & filled) && std::ranges::any_of(key.fields, [](const auto& f) { return f.second.empty(); }))
    return std::nullopt;
  if (type.name == "BlockAffinity" && key.fields.at("affinityType") != "host") return std::nullopt;
  if (type.name == "Policy" && (key.fields.at("kind") == "tier" || key.fields.at("kind") == "profile"))
    return std::nullopt;
  if (type.name == "LegacyPolicy") split_legacy_name(key.fields);
  return key;
}

bool may_be_empty(const Key& key, std::string_view field) {
  if (key.type != "Policy" || field != "namespace") return false;
  const std::string& kind = key.fields.at("kind");
  return kind != "NetworkPolicy" && kind != "StagedNetworkPolicy" && kind != "StagedKubernetesNetworkPolicy";
}

}  // namespace

std::string escape_segment(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '%')
      out += "%25";
    else if (c == '/')
      out += "%2f";
    else
      out += c;
  }
  return out;
}

std::string unescape_segment(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto code = text.substr(i, 3);
    if (code == "%2f" || code == "%25") {
      out += code == "%2f" ? '/' : '%';
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

Result<Key> key_of(std::string_view type, const std::map<std::string, std::string>& fields) {
  Key key{std::string(type), {}};
  const auto take = [&](std::string_view name) {
    const auto given = fields.find(std::string(name));
    key.fields.emplace(name, given == fields.end() ? "" : given->second);
  };
  if (type == resource) {
    for (const auto* name : {"kind", "namespace", "name"}) take(name);
    return key;
  }
  const Type* found = find_type(type);
  if (!found) return fail(Code::invalid, fmt::format("type \"{}\" is not known", type));
  for (const Segment& segment : segments_of(found->path)) {
    if (!segment.field.empty() && segment.field != "v") take(segment.field);
  }
  if (const auto cidr = key.fields.find("cidr"); cidr != key.fields.end() && !cidr->second.empty()) {
    if (cidr->second.find('/') == std::string::npos)
      return fail(Code::invalid, fmt::format("cidr: \"{}\" is not a CIDR", cidr->second));
    cidr->second = to_string(TRY(within(net::Cidr::parse_loose(cidr->second), "cidr")));
  }
  if (const auto type_ = key.fields.find("affinityType"); type_ != key.fields.end() && type_->second.empty())
    type_->second = "host";
  return key;
}

Result<std::string> path_of(const Key& key) {
  if (key.type == resource) return resource_path(key);
  const Type* type = find_type(key.type);
  if (!type) return fail(Code::invalid, fmt::format("type \"{}\" is not known", key.type));
  if (key.type == "LegacyPolicy") return fail(Code::unsupported, "LegacyPolicy: such keys are only read");
  std::string path;
  for (const Segment& segment : segments_of(type->path)) {
    path += '/';
    path += segment.before;
    if (segment.field.empty()) continue;
    if (segment.field == "v") {
      path += key.fields.at("cidr").find(':') == std::string::npos ? '4' : '6';
      continue;
    }
    std::string value = key.fields.at(std::string(segment.field));
    if (value.empty() && !may_be_empty(key, segment.field))
      return fail(Code::invalid, fmt::format("insufficient identifiers, missing '{}'", segment.field));
    if (segment.field == "region" && value.find('/') != value.npos)
      return fail(Code::invalid, fmt::format("region \"{}\" is invalid because it includes a slash", value));
    if (segment.field == "cidr") value[value.find('/')] = '-';
    path += segment.mark == '%' ? escape_segment(value) : value;
  }
  return path;
}

std::optional<Key> parse_key(std::string_view path) {
  if (path.starts_with(resources)) return parse_resource(path);
  const bool slashed = path.starts_with('/');
  const auto parts = split(path.substr(slashed ? 1 : 0), '/');
  for (const Type& type : types) {
    if ((type.reading & never) || ((type.reading & slash) && !slashed)) continue;
    if (auto key = parse_as(type, parts)) return key;
  }
  return std::nullopt;
}

}  // namespace weft::api
