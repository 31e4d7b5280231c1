#include "graph/settings.h"

#include <gtest/gtest.h>

#include "graph/parameters.h"

namespace weft::graph {
namespace {

struct SettingsTest : testing::Test {
  Settings settings{"n1", {{"logprefix", "from-env"}, {"unknown", "x"}}};

  void put(const std::string& name, schema::Object spec, api::Labels annotations = {}) {
    api::FelixConfiguration row;
    row.metadata.name = name;
    row.metadata.annotations = std::move(annotations);
    row.spec = std::move(spec);
    table::Delta<api::FelixConfiguration> delta;
    delta.put(std::move(row));
    settings.on(delta);
  }
  void label(api::Labels labels) {
    api::Node node;
    node.metadata.name = "n1";
    node.metadata.labels = std::move(labels);
    table::Delta<api::Node> delta;
    delta.put(std::move(node));
    settings.on(delta);
  }
  std::string reason(const std::string& object) {
    const auto delta = settings.unsupported();
    const auto it = delta.rows.find(object);
    return it == delta.rows.end() || !it->second ? "" : it->second->reason;
  }
};

TEST_F(SettingsTest, AreTheBuiltInOnesWithoutAnySource) {
  plan::Settings expected;
  expected.log_prefix = "from-env";
  EXPECT_EQ(settings.settle(), expected);
  EXPECT_EQ(expected.device_route_protocol, 80);
  EXPECT_FALSE(expected.remove_external_routes);
}

TEST_F(SettingsTest, AreThoseOfTheMostSpecificSource) {
  put("default", {{"routeRefreshInterval", "1m30s"},
                  {"ipv4NormalRoutePriority", 10},
                  {"ipv6NormalRoutePriority", 10},
                  {"logPrefix", "default"}});
  put("rack", {{"nodeSelector", "rack == 'r1'"}, {"ipv4NormalRoutePriority", 20}, {"ipv6NormalRoutePriority", 20}});
  put("rack2", {{"nodeSelector", "has(rack)"}, {"ipv4NormalRoutePriority", 25}, {"interfaceRefreshInterval", "7s"}});
  put("node.n1", {{"ipv4NormalRoutePriority", 30}});
  put("node.n2", {{"ipv4NormalRoutePriority", 40}});
  EXPECT_EQ(settings.settle().route_priority_v6, 10);

  label({{"rack", "r1"}});
  EXPECT_EQ(settings.settle().route_priority_v4, 30);
  EXPECT_EQ(settings.settle().route_priority_v6, 20);
  EXPECT_EQ(settings.settle().interface_refresh, std::chrono::seconds(7));
  EXPECT_EQ(settings.settle().route_refresh, std::chrono::seconds(90));
  EXPECT_EQ(settings.settle().log_prefix, "from-env");
}

TEST_F(SettingsTest, CountRouteProtocolAndRemovalOnlyWhenSetExplicitly) {
  put("default", {{"deviceRouteProtocol", 3}, {"removeExternalRoutes", true}});
  EXPECT_EQ(settings.settle().device_route_protocol, 3);
  EXPECT_TRUE(settings.settle().remove_external_routes);
}

TEST_F(SettingsTest, ReadEveryKindOfValue) {
  put("default",
      {{"interfacePrefix", "cali,tap"},
       {"defaultEndpointToHostAction", "Return"},
       {"nftablesFilterDenyAction", "Reject"},
       {"deviceRouteSourceAddress", "192.0.2.1"},
       {"natPortRange", "30000:40000"},
       {"ipForwarding", "Disabled"},
       {"disableConntrackInvalidCheck", true},
       {"natOutgoingExclusions", "IPPoolsAndHostIPs"},
       {"endpointReportingEnabled", true},
       {"endpointReportingDelay", "500ms"},
       {"logSeverityScreen", "Debug"},
       {"healthPort", 9100},
       {"workloadSourceSpoofing", "Any"}},
      {{"config.projectcalico.org/VXLANPort", "4790"}, {"config.projectcalico.org/NftablesMarkMask", "0xff00"}});
  const auto& s = settings.settle();
  EXPECT_EQ(s.interface_prefixes, (std::vector<std::string>{"cali", "tap"}));
  EXPECT_EQ(s.endpoint_to_host, plan::EndpointToHost::return_);
  EXPECT_EQ(s.deny_action, plan::DenyAction::reject);
  EXPECT_EQ(s.device_route_source, net::Ip::parse("192.0.2.1").value());
  EXPECT_EQ(s.nat_port_range, (net::PortRange{30000, 40000}));
  EXPECT_FALSE(s.ip_forwarding);
  EXPECT_FALSE(s.invalid_check);
  EXPECT_TRUE(s.nat_excludes_hosts);
  EXPECT_TRUE(s.agent.endpoint_reporting);
  EXPECT_EQ(s.agent.endpoint_reporting_delay, std::chrono::milliseconds(500));
  EXPECT_EQ(s.agent.log_severity, "DEBUG");
  EXPECT_EQ(s.agent.health_port, 9100);
  EXPECT_TRUE(s.spoofing_allowed);
  EXPECT_EQ(s.vxlan_port, 4790);
  EXPECT_EQ(s.mark_mask, 0xff00u);
}

TEST_F(SettingsTest, LeaveOutWhatAResourceSaysWrongAndSayWhy) {
  put("node.n1", {{"workloadSourceSpoofing", "Perhaps"}, {"vxlanPort", 70000}});
  put("default", {{"workloadSourceSpoofing", "Any"}});
  EXPECT_TRUE(settings.settle().spoofing_allowed);
  EXPECT_EQ(settings.settle().vxlan_port, 4789);
  const auto rows = settings.unsupported().rows;
  EXPECT_TRUE(rows.contains("FelixConfiguration node.n1"));
  EXPECT_TRUE(rows.contains("parameter VXLANPort"));
}

TEST_F(SettingsTest, FallBackToWhatIsBuiltInWhenTheEnvironmentIsWrong) {
  settings = Settings("n1", {{"WORKLOADSOURCESPOOFING", "Perhaps"}});
  put("default", {{"workloadSourceSpoofing", "Any"}});
  EXPECT_FALSE(settings.settle().spoofing_allowed);
  EXPECT_EQ(reason("parameter WorkloadSourceSpoofing"),
            "\"Perhaps\" in the environment: must be one of Any, Disabled; the built-in default applies");
}

TEST_F(SettingsTest, SayWhatIsNotSupported) {
  put("default", {{"bpfEnabled", true}, {"wireguardEnabled", false}, {"nftablesMode", "Disabled"}});
  settings.settle();
  const auto rows = settings.unsupported().rows;
  EXPECT_EQ(rows.size(), 2u);
  EXPECT_TRUE(rows.contains("parameter BPFEnabled"));
  EXPECT_TRUE(rows.contains("parameter NFTablesMode"));
}

// Every parameter here is one of the table, and what the table says is built in fits the setting; but for what we
// decided otherwise.
TEST(Parameters, AreThoseOfTheTable) {
  plan::Settings settings;
  for (const auto& parameter : parameters()) {
    const auto* known = api::find_felix_parameter(parameter.name);
    ASSERT_NE(known, nullptr) << parameter.name;
    if (known->fallback.empty()) continue;
    const auto value = api::felix_value(*known, known->fallback);
    ASSERT_TRUE(value) << parameter.name;
    EXPECT_TRUE(parameter.set(settings, *value)) << parameter.name;
  }
  settings.device_route_protocol = 80;      // ours, unless set explicitly
  settings.remove_external_routes = false;  // likewise
  EXPECT_EQ(settings, plan::Settings());
  for (const auto& parameter : unsupported_parameters()) {
    const auto* known = api::find_felix_parameter(parameter.name);
    ASSERT_NE(known, nullptr) << parameter.name;
    EXPECT_EQ(api::felix_value(*known, parameter.value), parameter.value) << parameter.name;
  }
}

}  // namespace
}  // namespace weft::graph
