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

// Readers of canonical text, by the type of the setting.

bool read(std::string_view text, bool& out) { return out = text == "true", true; }

bool read(std::string_view text, std::optional<bool>& out) { return out = text == "true", true; }

bool read(std::string_view text, std::string& out) { return out = text, true; }

bool read(std::string_view text, std::vector<std::string>& out) { return out = split(text, ','), true; }

template <class Number>
bool read_number(std::string_view text, Number& out, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc{} && end == text.data() + text.size();
}
bool read(std::string_view text, int& out) { return read_number(text, out); }
bool read(std::string_view text, std::uint16_t& out) { return read_number(text, out); }
bool read(std::string_view text, std::uint32_t& out) {
  return text.starts_with("0x") && read_number(text.substr(2), out, 16);
}

/// Decimal seconds, at most some thirty years.
std::optional<std::chrono::milliseconds> read_seconds(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end != text.data() + text.size() || !(seconds >= 0 && seconds <= 1e9))
    return std::nullopt;
  return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}
template <class Duration>
bool read_duration(std::string_view text, Duration& out) {
  const auto value = read_seconds(text);
  if (value) out = std::chrono::ceil<Duration>(*value);
  return value.has_value();
}
bool read(std::string_view text, std::chrono::milliseconds& out) { return read_duration(text, out); }
bool read(std::string_view text, std::chrono::seconds& out) { return read_duration(text, out); }

template <class Value>
bool read_parsed(Result<Value> value, std::optional<Value>& out) {
  if (value) out = *value;
  return value.has_value();
}
bool read(std::string_view text, std::optional<net::Ip>& out) { return read_parsed(net::Ip::parse(text), out); }
bool read(std::string_view text, std::optional<net::PortRange>& out) {
  return read_parsed(net::PortRange::parse(text), out);
}

/// A member of the settings, or of those of the agent.
template <auto member>
bool plain(S& settings, std::string_view text) {
  if constexpr (std::is_invocable_v<decltype(member), S&>)
    return read(text, settings.*member);
  else
    return read(text, settings.agent.*member);
}

/// A choice of two: whether it is this one. Canonical text is spelled as in the parameter table.
template <auto member>
bool is(S& settings, std::string_view text, std::string_view chosen) {
  return settings.*member = text == chosen, true;
}

constexpr Parameter table[] = {
    {"InterfacePrefix", plain<&S::interface_prefixes>},
    {"DefaultEndpointToHostAction",
     [](S& s, std::string_view text) {
       using enum plan::EndpointToHost;
       s.endpoint_to_host = text == "ACCEPT" ? accept : text == "RETURN" ? return_ : drop;
       return true;
     }},
    {"NftablesFilterDenyAction",
     [](S& s, std::string_view text) {
       s.deny_action = text == "REJECT" ? plan::DenyAction::reject : plan::DenyAction::drop;
       return true;
     }},
    {"NftablesFilterAllowAction",
     [](S& s, std::string_view text) { return is<&S::accept_returns>(s, text, "RETURN"); }},
    {"DeviceRouteProtocol",
     [](S& s, std::string_view text) {
       return read(text, s.device_route_protocol) && s.device_route_protocol >= 0 && s.device_route_protocol <= 255;
     }},
    {"RemoveExternalRoutes", plain<&S::remove_external_routes>},
    {"DeviceRouteSourceAddress", plain<&S::device_route_source>},
    {"DeviceRouteSourceAddressIPv6", plain<&S::device_route_source_v6>},
    {"IPv4NormalRoutePriority", plain<&S::route_priority_v4>},
    {"IPv6NormalRoutePriority", plain<&S::route_priority_v6>},
    {"Ipv6Support", plain<&S::ipv6>},
    {"IPForwarding", [](S& s, std::string_view text) { return is<&S::ip_forwarding>(s, text, "Enabled"); }},
    {"NftablesMarkMask", plain<&S::mark_mask>},
    {"DisableConntrackInvalidCheck",
     [](S& s, std::string_view text) { return is<&S::invalid_check>(s, text, "false"); }},
    {"WorkloadSourceSpoofing", [](S& s, std::string_view text) { return is<&S::spoofing_allowed>(s, text, "Any"); }},
    {"AllowVXLANPacketsFromWorkloads", plain<&S::allow_vxlan_from_workloads>},
    {"AllowIPIPPacketsFromWorkloads", plain<&S::allow_ipip_from_workloads>},
    {"VXLANPort", plain<&S::vxlan_port>},
    {"NATOutgoingAddress", plain<&S::nat_outgoing_address>},
    {"NATPortRange", plain<&S::nat_port_range>},
    {"NATOutgoingExclusions",
     [](S& s, std::string_view text) { return is<&S::nat_excludes_hosts>(s, text, "IPPoolsAndHostIPs"); }},
    {"IptablesNATOutgoingInterfaceFilter", plain<&S::nat_interface>},
    {"LogPrefix", plain<&S::log_prefix>},
    {"LogActionRateLimit", plain<&S::log_rate_limit>},
    {"LogActionRateLimitBurst", plain<&S::log_rate_burst>},
    {"BPFEnabled", plain<&S::bpf>},
    {"WireguardEnabled", plain<&S::wireguard>},
    {"WireguardEnabledV6", plain<&S::wireguard_v6>},
    {"IpInIpEnabled", plain<&S::ipip>},
    {"VXLANEnabled", plain<&S::vxlan>},
    {"ProgramClusterRoutes",
     [](S& s, std::string_view text) {
       s.ipip_routes = text == "Enabled" || text == "EnabledIPIPOnly";
       s.plain_routes = text == "Enabled" || text == "EnabledNoEncapOnly";
       return true;
     }},
    {"RouteSource", [](S& s, std::string_view text) { return is<&S::routes_of_workloads>(s, text, "WorkloadIPs"); }},
    {"NFTablesMode",
     [](S& s, std::string_view text) {
       s.disjoint_sets = text != "Disabled";
       return true;
     }},
    {"RouteRefreshInterval", plain<&S::route_refresh>},
    {"NftablesRefreshInterval", plain<&S::nft_refresh>},
    {"InterfaceRefreshInterval", plain<&S::interface_refresh>},

    {"EndpointReportingEnabled", plain<&AgentSettings::endpoint_reporting>},
    {"EndpointReportingDelaySecs", plain<&AgentSettings::endpoint_reporting_delay>},
    {"EndpointStatusPathPrefix", plain<&AgentSettings::status_path_prefix>},
    {"ReportingIntervalSecs", plain<&AgentSettings::reporting_interval>},
    {"ReportingTTLSecs", plain<&AgentSettings::reporting_ttl>},
    {"OpenstackRegion", plain<&AgentSettings::openstack_region>},
    {"LogSeverityScreen", plain<&AgentSettings::log_severity>},
    {"HealthEnabled", plain<&AgentSettings::health>},
    {"HealthHost", plain<&AgentSettings::health_host>},
    {"HealthPort", plain<&AgentSettings::health_port>},
    {"PrometheusMetricsEnabled", plain<&AgentSettings::prometheus>},
    {"PrometheusMetricsHost", plain<&AgentSettings::prometheus_host>},
    {"PrometheusMetricsPort", plain<&AgentSettings::prometheus_port>},
    {"MTUIfacePattern", plain<&AgentSettings::mtu_interfaces>},
};

constexpr UnsupportedParameter unsupported_table[] = {
    {"BPFEnabled", "true", "eBPF is not supported yet; nftables is used"},
    {"NFTablesMode", "Disabled", "iptables is not supported yet; nftables is used"},
    {"FloatingIPs", "Enabled", "floating IPs are not supported yet"},
    {"IpInIpEnabled", "true", "IPIP is not supported yet"},
    {"VXLANEnabled", "true", "VXLAN is not supported yet"},
    {"WireguardEnabled", "true", "WireGuard is not supported yet; traffic is not encrypted"},
    {"WireguardEnabledV6", "true", "WireGuard is not supported yet; traffic is not encrypted"},
};

}  // namespace

std::span<const Parameter> parameters() { return table; }
std::span<const UnsupportedParameter> unsupported_parameters() { return unsupported_table; }

}  // namespace weft::graph
