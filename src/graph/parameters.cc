#include "graph/parameters.h"

#include <charconv>
#include <chrono>
#include <limits>
#include <optional>
#include <type_traits>

#include "base/strings.h"

namespace weft::graph {
namespace {

using plan::AgentSettings;
using S = plan::Settings;

bool read(std::string_view text, bool& out) {
  const std::string lower = to_lower(text);
  for (const std::string_view yes : {"true", "1", "yes", "y", "t"}) {
    if (lower == yes) return out = true;
  }
  for (const std::string_view no : {"false", "0", "no", "n", "f"}) {
    if (lower == no) return !(out = false);
  }
  return false;
}

bool read(std::string_view text, std::string& out) {
  out = to_lower(text) == "none" ? "" : text;
  return true;
}

bool read(std::string_view text, std::vector<std::string>& out) {
  out = to_lower(text) == "none" ? std::vector<std::string>() : split(text, ',');
  return true;
}

template <class Number>
bool read_number(std::string_view text, Number low, Number high, Number& out) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < low || value > high) return false;
  out = value;
  return true;
}
bool read(std::string_view text, std::uint16_t& out) { return read_number<std::uint16_t>(text, 0, 65535, out); }

/// Seconds, as a decimal number or as Go writes durations: "90", "0.5", "1m30s".
std::optional<std::chrono::milliseconds> read_duration(std::string_view text) {
  struct Unit {
    std::string_view name;
    double milliseconds;
  };
  constexpr Unit units[] = {{"ms", 1}, {"h", 3600000}, {"m", 60000}, {"s", 1000}};
  double sum = 0;
  bool first = true;
  while (first || !text.empty()) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || !(value >= 0) || value > 1e9) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    double scale = first && text.empty() ? 1000 : 0;
    for (const auto& unit : units) {
      if (scale == 0 && text.starts_with(unit.name)) {
        text.remove_prefix(unit.name.size());
        scale = unit.milliseconds;
      }
    }
    if (scale == 0) return std::nullopt;
    sum += value * scale;
    first = false;
  }
  return std::chrono::milliseconds(static_cast<std::int64_t>(sum));
}
bool read(std::string_view text, std::chrono::milliseconds& out) {
  const auto value = read_duration(text);
  if (value) out = *value;
  return value.has_value();
}
bool read(std::string_view text, std::chrono::seconds& out) {
  const auto value = read_duration(text);
  if (value) out = std::chrono::ceil<std::chrono::seconds>(*value);
  return value.has_value();
}

template <net::Family family>
bool read_ip(std::string_view text, std::optional<net::Ip>& out) {
  const auto ip = net::Ip::parse(text);
  if (!ip || ip->family() != family) return false;
  out = *ip;
  return true;
}

bool read(std::string_view text, std::optional<net::PortRange>& out) {
  const auto range = net::PortRange::parse(text);
  if (!range) return false;
  out = *range;
  return true;
}

/// One of two words: the second is true.
template <class Value>
bool read_word(std::string_view text, std::initializer_list<std::pair<std::string_view, Value>> words, Value& out) {
  const std::string lower = to_lower(text);
  for (const auto& [word, value] : words) {
    if (lower != word) continue;
    out = value;
    return true;
  }
  return false;
}

bool read_severity(std::string_view text, std::string& out) {
  for (const std::string_view known : {"TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "FATAL"}) {
    if (to_lower(text) != to_lower(known)) continue;
    out = known;
    return true;
  }
  if (to_lower(text) != "none") return false;
  out.clear();
  return true;
}

/// A member of the settings, read as its type says.
template <auto member>
bool plain(S& settings, std::string_view text) {
  if constexpr (std::is_invocable_v<decltype(member), S&>)
    return read(text, settings.*member);
  else
    return read(text, settings.agent.*member);
}
template <auto member, int low>
bool number(S& settings, std::string_view text) {
  return read_number(text, low, std::numeric_limits<int>::max() - 1, settings.*member);
}
/// An enumeration of two values, one of which is true.
template <auto member>
bool enabled(S& settings, std::string_view text) {
  return read_word(text, {{"disabled", false}, {"enabled", true}}, settings.*member);
}

constexpr Parameter table[] = {
    {"InterfacePrefix", "interfacePrefix", plain<&S::interface_prefixes>},
    {"DefaultEndpointToHostAction", "defaultEndpointToHostAction",
     [](S& s, std::string_view text) {
       using enum plan::EndpointToHost;
       return read_word(text, {{"drop", drop}, {"accept", accept}, {"return", return_}}, s.endpoint_to_host);
     }},
    {"NftablesFilterDenyAction", "nftablesFilterDenyAction",
     [](S& s, std::string_view text) {
       return read_word(text, {{"drop", plan::DenyAction::drop}, {"reject", plan::DenyAction::reject}}, s.deny_action);
     }},
    {"NftablesFilterAllowAction", "nftablesFilterAllowAction",
     [](S& s, std::string_view text) {
       return read_word(text, {{"accept", false}, {"return", true}}, s.accept_returns);
     }},
    {"DeviceRouteProtocol", "deviceRouteProtocol",
     [](S& s, std::string_view text) { return read_number(text, 0, 255, s.device_route_protocol); }},
    {"RemoveExternalRoutes", "removeExternalRoutes", plain<&S::remove_external_routes>},
    {"DeviceRouteSourceAddress", "deviceRouteSourceAddress",
     [](S& s, std::string_view text) { return read_ip<net::Family::v4>(text, s.device_route_source); }},
    {"DeviceRouteSourceAddressIPv6", "deviceRouteSourceAddressIPv6",
     [](S& s, std::string_view text) { return read_ip<net::Family::v6>(text, s.device_route_source_v6); }},
    {"IPv4NormalRoutePriority", "ipv4NormalRoutePriority", number<&S::route_priority_v4, 1>},
    {"IPv6NormalRoutePriority", "ipv6NormalRoutePriority", number<&S::route_priority_v6, 1>},
    {"Ipv6Support", "ipv6Support", plain<&S::ipv6>},
    {"IPForwarding", "ipForwarding", enabled<&S::ip_forwarding>},
    {"DisableConntrackInvalidCheck", "disableConntrackInvalidCheck",
     [](S& s, std::string_view text) {
       bool disabled = false;
       if (!read(text, disabled)) return false;
       s.invalid_check = !disabled;
       return true;
     }},
    {"WorkloadSourceSpoofing", "workloadSourceSpoofing",
     [](S& s, std::string_view text) {
       return read_word(text, {{"disabled", false}, {"any", true}}, s.spoofing_allowed);
     }},
    {"AllowVXLANPacketsFromWorkloads", "allowVXLANPacketsFromWorkloads", plain<&S::allow_vxlan_from_workloads>},
    {"AllowIPIPPacketsFromWorkloads", "allowIPIPPacketsFromWorkloads", plain<&S::allow_ipip_from_workloads>},
    {"VXLANPort", "vxlanPort", plain<&S::vxlan_port>},
    {"NATOutgoingAddress", "natOutgoingAddress",
     [](S& s, std::string_view text) { return read_ip<net::Family::v4>(text, s.nat_outgoing_address); }},
    {"NATPortRange", "natPortRange", plain<&S::nat_port_range>},
    {"NATOutgoingExclusions", "natOutgoingExclusions",
     [](S& s, std::string_view text) {
       return read_word(text, {{"ippoolsonly", false}, {"ippoolsandhostips", true}}, s.nat_excludes_hosts);
     }},
    {"IptablesNATOutgoingInterfaceFilter", "iptablesNATOutgoingInterfaceFilter", plain<&S::nat_interface>},
    {"LogPrefix", "logPrefix", plain<&S::log_prefix>},
    {"LogActionRateLimit", "logActionRateLimit", plain<&S::log_rate_limit>},
    {"LogActionRateLimitBurst", "logActionRateLimitBurst", number<&S::log_rate_burst, 0>},
    {"RouteRefreshInterval", "routeRefreshInterval", plain<&S::route_refresh>},
    {"NftablesRefreshInterval", "nftablesRefreshInterval", plain<&S::nft_refresh>},
    {"InterfaceRefreshInterval", "interfaceRefreshInterval", plain<&S::interface_refresh>},

    {"EndpointReportingEnabled", "endpointReportingEnabled", plain<&AgentSettings::endpoint_reporting>},
    {"EndpointReportingDelaySecs", "endpointReportingDelay", plain<&AgentSettings::endpoint_reporting_delay>},
    {"EndpointStatusPathPrefix", "endpointStatusPathPrefix", plain<&AgentSettings::status_path_prefix>},
    {"ReportingIntervalSecs", "reportingInterval", plain<&AgentSettings::reporting_interval>},
    {"ReportingTTLSecs", "reportingTTL", plain<&AgentSettings::reporting_ttl>},
    {"OpenstackRegion", "openstackRegion", plain<&AgentSettings::openstack_region>},
    {"LogSeverityScreen", "logSeverityScreen",
     [](S& s, std::string_view text) { return read_severity(text, s.agent.log_severity); }},
    {"HealthEnabled", "healthEnabled", plain<&AgentSettings::health>},
    {"HealthHost", "healthHost", plain<&AgentSettings::health_host>},
    {"HealthPort", "healthPort", plain<&AgentSettings::health_port>},
    {"PrometheusMetricsEnabled", "prometheusMetricsEnabled", plain<&AgentSettings::prometheus>},
    {"PrometheusMetricsHost", "prometheusMetricsHost", plain<&AgentSettings::prometheus_host>},
    {"PrometheusMetricsPort", "prometheusMetricsPort", plain<&AgentSettings::prometheus_port>},
};

constexpr UnsupportedParameter unsupported_table[] = {
    {"BPFEnabled", "bpfEnabled", "true", "eBPF is not supported yet; nftables is used"},
    {"NFTablesMode", "nftablesMode", "disabled", "iptables is not supported yet; nftables is used"},
    {"FloatingIPs", "floatingIPs", "enabled", "floating IPs are not supported yet"},
    {"IpInIpEnabled", "ipipEnabled", "true", "IPIP is not supported yet"},
    {"VXLANEnabled", "vxlanEnabled", "true", "VXLAN is not supported yet"},
    {"WireguardEnabled", "wireguardEnabled", "true", "WireGuard is not supported yet; traffic is not encrypted"},
    {"WireguardEnabledV6", "wireguardEnabledV6", "true", "WireGuard is not supported yet; traffic is not encrypted"},
};

}  // namespace

std::span<const Parameter> parameters() { return table; }
std::span<const UnsupportedParameter> unsupported_parameters() { return unsupported_table; }

}  // namespace weft::graph
