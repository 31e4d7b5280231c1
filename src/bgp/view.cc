#include "bgp/view.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "base/sha.h"
#include "base/strings.h"

namespace weft::bgp {
namespace {

/// "64512:1" or "64512:1:2" with numbers that fit.
bool is_community(std::string_view text) {
  const auto parts = split(text, ':');
  if (parts.size() != 2 && parts.size() != 3) return false;
  for (const auto& part : parts) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (error != std::errc() || end != part.data() + part.size() || (parts.size() == 2 && number > 65535)) return false;
  }
  return true;
}

class Builder {
 public:
  explicit Builder(const Input& input) : input_(input) {}

  View run() {
    view_.node = input_.node;
    identity();
    settings();
    pools();
    blocks();
    advertisements();
    view_.peers = make_peers(input_, view_.problems);
    for (const auto& prefix : input_.workload_prefixes) view_.workload_interfaces.push_back(prefix + "*");
    return std::move(view_);
  }

 private:
  void report(std::string problem) { view_.problems.push_back(std::move(problem)); }
  FamilyView& of(net::Family family) { return family == net::Family::v4 ? view_.v4 : view_.v6; }

  void identity() {
    const auto self = input_.nodes.find(input_.node);
    if (self != input_.nodes.end()) {
      view_.as_number = as_number_of(input_, self->second);
      if (const auto& bgp = self->second.spec.bgp) {
        if (bgp->ipv4_address) view_.ip_v4 = bgp->ipv4_address->ip;
        if (bgp->ipv6_address) view_.ip_v6 = bgp->ipv6_address->ip;
        view_.cluster_id = bgp->route_reflector_cluster_id;
      }
    }
    const auto cluster = net::Ip::parse(view_.cluster_id);
    if (!view_.cluster_id.empty() && !(cluster && cluster->is_v4())) {
      report(
          fmt::format("Node {}: spec.bgp.routeReflectorClusterID: \"{}\" is no IPv4 address; routes are not reflected",
                      input_.node, view_.cluster_id));
      view_.cluster_id.clear();
    }
    view_.router_id = router_id(input_.node, view_.ip_v4, input_.router_id);
    if (const auto id = net::Ip::parse(view_.router_id); !id || !id->is_v4()) {
      report(fmt::format("CALICO_ROUTER_ID: \"{}\" is no IPv4 address; a hash of the node's name is used",
                         view_.router_id));
      view_.router_id = router_id(input_.node, view_.ip_v4, "hash");
    }
  }

  /// The node's own setting, or the global one.
  template <class Get>
  std::string setting(Get get) const {
    for (const std::string& name : {"node." + input_.node, std::string("default")}) {
      const auto found = input_.configurations.find(name);
      if (found == input_.configurations.end()) continue;
      std::string value = get(found->second.spec);
      if (!value.empty()) return value;
    }
    return {};
  }

  void settings() {
    view_.listen_port = listen_port_of(input_, input_.node);
    for (const auto& [name, configuration] : input_.configurations) {
      const int port = configuration.spec.listen_port;
      if (port < 0 || port > 65535)
        report(fmt::format("BGPConfiguration {}: spec.listenPort: {} is no port; it is not used", name, port));
    }
    view_.strict_bind = setting([](const api::BgpConfigurationSpec& spec) { return spec.bind_mode; }) == "NodeIP";
    const std::string level =
        to_lower(setting([](const api::BgpConfigurationSpec& spec) { return spec.log_severity_screen; }));
    view_.log_level = level.empty() ? "info" : level == "debug" || level == "info" ? level : "none";
    for (const std::string& name : {"node." + input_.node, std::string("default")}) {
      const auto found = input_.configurations.find(name);
      if (found == input_.configurations.end() || found->second.spec.ignored_interfaces.empty()) continue;
      for (const auto& interface : found->second.spec.ignored_interfaces) {
        if (interface.find_first_of("\"\n") == interface.npos) view_.ignored_interfaces.push_back(interface);
      }
      break;
    }
  }

  void pools() {
    for (const auto& [name, pool] : input_.pools) {
      const auto& spec = pool.spec;
      FamilyView& family = of(spec.cidr.family());
      const bool ipip = spec.ipip_mode != api::EncapMode::never;
      if (ipip || spec.vxlan_mode != api::EncapMode::never) {
        family.unsupported.push_back(spec.cidr);
        report(fmt::format("IPPool {}: spec.{}: overlays are not supported yet; {} is not routed between nodes", name,
                           ipip ? "ipipMode" : "vxlanMode", net::to_string(spec.cidr)));
      } else {
        (spec.disable_bgp_export ? family.hidden : family.pools).push_back(spec.cidr);
      }
    }
    for (FamilyView* family : {&view_.v4, &view_.v6}) {
      for (auto* list : {&family->pools, &family->hidden, &family->unsupported}) std::sort(list->begin(), list->end());
    }
  }

  void blocks() {
    for (const auto& [key, affinity] : input_.affinities) {
      if (affinity.host != input_.node || affinity.deleted || affinity.cidr.is_host()) continue;
      if (!affinity.state.empty() && affinity.state != "confirmed") continue;
      FamilyView& family = of(affinity.cidr.family());
      const bool overlay = std::any_of(family.unsupported.begin(), family.unsupported.end(),
                                       [&](const net::Cidr& pool) { return pool.contains(affinity.cidr); });
      if (!overlay) family.blocks.push_back(affinity.cidr);
    }
    std::sort(view_.v4.blocks.begin(), view_.v4.blocks.end());
    std::sort(view_.v6.blocks.begin(), view_.v6.blocks.end());
  }

  void advertisements() {
    for (const std::string& name : {"node." + input_.node, std::string("default")}) {
      const auto found = input_.configurations.find(name);
      if (found == input_.configurations.end() || found->second.spec.prefix_advertisements.empty()) continue;
      const auto& spec = found->second.spec;
      for (std::size_t i = 0; i < spec.prefix_advertisements.size(); ++i) advertisement(name, i, spec);
      return;  // the node's own replace the global ones
    }
  }

  void advertisement(const std::string& name, std::size_t index, const api::BgpConfigurationSpec& spec) {
    const auto& wanted = spec.prefix_advertisements[index];
    const auto where = [&](std::string_view field) {
      return fmt::format("BGPConfiguration {}: spec.prefixAdvertisements[{}].{}", name, index, field);
    };
    const auto cidr = net::Cidr::parse_loose(wanted.cidr);
    if (!cidr) return report(fmt::format("{}: {}", where("cidr"), cidr.error().message));
    Advertisement made{*cidr, {}};
    for (const auto& community : wanted.communities) {
      std::string value = community;
      for (const auto& named : spec.communities) {
        if (named.name == community) value = named.value;
      }
      if (is_community(value))
        made.communities.push_back(std::move(value));
      else
        report(fmt::format("{}: \"{}\" is no community and none is named so", where("communities"), community));
    }
    std::sort(made.communities.begin(), made.communities.end());
    of(cidr->family()).advertisements.push_back(std::move(made));
  }

  const Input& input_;
  View view_;
};

}  // namespace

std::string router_id(std::string_view node, const std::optional<net::Ip>& ip_v4, std::string_view wanted) {
  if (!wanted.empty() && wanted != "hash") return std::string(wanted);
  if (wanted.empty() && ip_v4) return net::to_string(*ip_v4);
  const auto hash = sha256(node);
  const int first = hash[0] > 223 ? hash[0] - 32 : hash[0];
  return fmt::format("{}.{}.{}.{}", first, hash[1], hash[2], hash[3]);
}

View make_view(const Input& input) { return Builder(input).run(); }

}  // namespace weft::bgp
