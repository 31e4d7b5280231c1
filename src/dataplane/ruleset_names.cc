#include "dataplane/ruleset_names.h"

#include <fmt/core.h>

#include <cstdint>

namespace weft::dataplane {

namespace {

constexpr std::size_t longest = 200;

std::uint64_t hash(std::string_view text) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return value;
}

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '-' || c == '.';
}

}  // namespace

std::string readable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (plain(c))
      out += c;
    else
      out += fmt::format("_{:02x}", static_cast<unsigned char>(c));
  }
  if (out.size() <= longest) return out;
  return out.substr(0, longest - 17) + '-' + fmt::format("{:016x}", hash(text));
}

std::string policy_chain(Direction direction, const plan::PolicyId& id) {
  return readable((direction == Direction::ingress ? "in-" : "out-") + id.kind + '/' +
                  (id.namespace_.empty() ? "" : id.namespace_ + '/') + id.name);
}

std::string profile_chain(Direction direction, const std::string& name) {
  return readable((direction == Direction::ingress ? "in-Profile/" : "out-Profile/") + name);
}

std::string endpoint_chain(Direction direction, const std::string& interface) {
  return readable((direction == Direction::ingress ? "to-" : "from-") + interface);
}

std::string spoof_chain(const std::string& interface) { return readable("spoof-" + interface); }

std::string tier_chain(Direction direction, const plan::TierPolicies& tier) {
  std::string content = tier.default_pass ? "pass\n" : "deny\n";
  for (const auto& id : tier.policies) content += plan::to_string(id) + '\n';
  return readable(direction == Direction::ingress ? "tier-in-" : "tier-out-") + readable(tier.tier) +
         fmt::format("-{:016x}", hash(content));
}

std::string set_name(const plan::SetId& id, net::Family family, bool prefixes) {
  std::string text = id;
  for (auto& c : text) {
    if (c == ':') c = '-';
  }
  // Hashes are base64url, where `_` is common: it may stay.
  std::string out;
  for (const char c : text)
    out += plain(c) || c == '_' ? std::string(1, c) : fmt::format(".{:02x}.", static_cast<unsigned char>(c));
  if (out.size() > longest) out = out.substr(0, longest - 17) + '-' + fmt::format("{:016x}", hash(text));
  return out + (family == net::Family::v4 ? "-v4" : "-v6") + (prefixes ? "-nets" : "");
}

std::string short_name(const plan::PolicyId& id) {
  return id.namespace_.empty() ? id.name : id.namespace_ + '/' + id.name;
}

}  // namespace weft::dataplane
