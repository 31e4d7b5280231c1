#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "net/ip.h"
#include "net/port.h"

namespace weft::plan {

enum class EndpointToHost { drop, accept, return_ };
enum class DenyAction { drop, reject };

/// Settings of the agent itself, beside the kernel's state.
struct AgentSettings {
  bool endpoint_reporting = false;                           // EndpointReportingEnabled: the status keys in the store
  std::chrono::milliseconds endpoint_reporting_delay{1000};  // EndpointReportingDelaySecs
  std::string status_path_prefix = "/var/run/calico";        // EndpointStatusPathPrefix; empty: no status files
  std::chrono::seconds reporting_interval{30};               // ReportingIntervalSecs
  std::chrono::seconds reporting_ttl{90};                    // ReportingTTLSecs
  std::string openstack_region;                              // OpenstackRegion
  std::string log_severity = "INFO";                         // LogSeverityScreen; empty: none
  bool health = false;                                       // HealthEnabled
  std::string health_host = "localhost";                     // HealthHost
  std::uint16_t health_port = 9099;                          // HealthPort
  bool prometheus = false;                                   // PrometheusMetricsEnabled
  std::string prometheus_host;                               // PrometheusMetricsHost; empty: all addresses
  std::uint16_t prometheus_port = 9091;                      // PrometheusMetricsPort
  std::string mtu_interfaces =                               // MTUIfacePattern: whose MTU pods have
      "^((en|wl|ww|sl|ib)[Pcopsvx].*|(eth|wlan|wwan).*)";

  bool operator==(const AgentSettings&) const = default;
};

/// Settings of the agent that shape the kernel's state, resolved from environment, file and store (datamodel 8.1).
struct Settings {
  AgentSettings agent;

  std::vector<std::string> interface_prefixes = {"cali"};  // InterfacePrefix
  EndpointToHost endpoint_to_host = EndpointToHost::drop;  // DefaultEndpointToHostAction
  DenyAction deny_action = DenyAction::drop;               // NftablesFilterDenyAction
  bool accept_returns = false;                             // NftablesFilterAllowAction=RETURN
  int device_route_protocol = 80;                          // DeviceRouteProtocol; ours unless set explicitly
  bool remove_external_routes = false;                     // RemoveExternalRoutes, only when set explicitly
  std::optional<net::Ip> device_route_source;              // DeviceRouteSourceAddress
  std::optional<net::Ip> device_route_source_v6;
  int route_priority_v4 = 1024;  // IPv4NormalRoutePriority
  int route_priority_v6 = 1024;
  bool ipv6 = true;                      // Ipv6Support
  bool ip_forwarding = true;             // IPForwarding=Enabled
  std::uint32_t mark_mask = 0xffff0000;  // NftablesMarkMask; the second lowest bit says Pass
  bool invalid_check = true;             // not DisableConntrackInvalidCheck
  bool spoofing_allowed = false;         // WorkloadSourceSpoofing=Any
  bool allow_vxlan_from_workloads = false;
  bool allow_ipip_from_workloads = false;
  std::uint16_t vxlan_port = 4789;
  std::optional<net::Ip> nat_outgoing_address;   // NATOutgoingAddress
  std::optional<net::PortRange> nat_port_range;  // NATPortRange
  bool nat_excludes_hosts = false;               // NATOutgoingExclusions=IPPoolsAndHostIPs
  std::string nat_interface;                     // IptablesNATOutgoingInterfaceFilter
  std::string log_prefix = "calico-packet";      // LogPrefix
  std::string log_rate_limit;                    // LogActionRateLimit "10/minute"
  int log_rate_burst = 5;
  bool bpf = false;                            // BPFEnabled
  bool wireguard = false;                      // WireguardEnabled
  bool wireguard_v6 = false;                   // WireguardEnabledV6
  std::optional<bool> ipip;                    // IpInIpEnabled; otherwise pools decide
  std::optional<bool> vxlan;                   // VXLANEnabled; otherwise pools decide
  bool ipip_routes = true;                     // ProgramClusterRoutes: those of IPIP pools are the agent's
  bool plain_routes = false;                   // and those of pools without encapsulation
  bool routes_of_workloads = false;            // RouteSource=WorkloadIPs instead of blocks
  bool disjoint_sets = true;                   // not NFTablesMode=Disabled: a set lists no prefix inside another
  std::chrono::seconds route_refresh{90};      // RouteRefreshInterval, 0: never
  std::chrono::seconds nft_refresh{180};       // NftablesRefreshInterval
  std::chrono::seconds interface_refresh{90};  // InterfaceRefreshInterval

  bool operator==(const Settings&) const = default;
};

}  // namespace weft::plan
