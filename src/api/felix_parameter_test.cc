#include "api/felix_parameter.h"

#include <gtest/gtest.h>

#include <set>

#include "api/codec.h"

using namespace weft;
using namespace weft::api;

namespace {

FelixValues values_of(std::string_view spec, std::vector<std::string>* problems = nullptr) {
  FelixConfiguration configuration;
  configuration.spec = *schema::parse_json(spec)->as_object();
  return felix_values(configuration, problems);
}
std::string value(std::string_view name, std::string_view text) {
  const auto result = felix_value(*find_felix_parameter(name), text);
  return result ? *result : "refused: " + result.error().message;
}

}  // namespace

TEST(FelixParameters, HaveDefaultsOfTheirOwnType) {
  std::set<std::string_view> names, fields;
  for (const FelixParameter& parameter : felix_parameters()) {
    EXPECT_TRUE(felix_value(parameter, parameter.fallback)) << parameter.name << " " << parameter.fallback;
    EXPECT_FALSE(parameter.doc.empty()) << parameter.name;
    EXPECT_TRUE(names.insert(parameter.name).second) << parameter.name;
    EXPECT_TRUE(parameter.field.empty() || fields.insert(parameter.field).second) << parameter.field;
  }
  EXPECT_EQ(names.size(), 205u);
}

TEST(FelixParameters, AreProjectedFromTheResource) {
  EXPECT_EQ(
      values_of(
          R"({"routeRefreshInterval":"1m30s","iptablesLockProbeInterval":"50ms","ipv6Support":false,"interfacePrefix":"cali,tap",
      "externalNodesList":["10.0.0.0/8","fd00::/8"],"failsafeInboundHostPorts":[{"protocol":"TCP","port":22},{"protocol":"udp","net":"10.0.0.0/8","port":53},{"net":"fd00::/8","port":1}],
      "failsafeOutboundHostPorts":[],"routeTableRange":{"min":1,"max":250},"kubeNodePortRanges":["30000:32767",8080],
      "defaultEndpointToHostAction":"Accept","iptablesMarkMask":4294901760,"natPortRange":"1000:2000","bpfLogLevel":"","healthTimeoutOverrides":[{"name":"a","timeout":"5s"}]})"),
      (FelixValues{{"RouteRefreshInterval", "90"},
                   {"IptablesLockProbeIntervalMillis", "50"},
                   {"Ipv6Support", "false"},
                   {"InterfacePrefix", "cali,tap"},
                   {"ExternalNodesCIDRList", "10.0.0.0/8,fd00::/8"},
                   {"FailsafeInboundHostPorts", "tcp:22,udp:10.0.0.0/8:53,tcp:[fd00::/8]:1"},
                   {"FailsafeOutboundHostPorts", ""},
                   {"RouteTableRange", "1-250"},
                   {"KubeNodePortRanges", "30000:32767,8080"},
                   {"DefaultEndpointToHostAction", "ACCEPT"},
                   {"IptablesMarkMask", "0xffff0000"},
                   {"NATPortRange", "1000:2000"},
                   {"HealthTimeoutOverrides", "a=5s"}}));
}

TEST(FelixParameters, TakeAnnotationsOverTheSpec) {
  FelixConfiguration configuration;
  configuration.spec.set("healthPort", 9098);
  configuration.metadata.annotations = {{"config.projectcalico.org/HealthPort", "9097"}, {"other", "x"}};

  EXPECT_EQ(felix_values(configuration), (FelixValues{{"HealthPort", "9097"}}));
}

TEST(FelixParameters, SayWhichMembersAreWrongAndKeepTheOthers) {
  std::vector<std::string> problems;

  const auto values = values_of(
      R"j({"healthPort":70000,"ipv6Support":"maybe","routeRefreshInterval":90,"healthHost":"::1","zzz":1,"nodeSelector":"all()"})j",
      &problems);

  EXPECT_EQ(values, (FelixValues{{"HealthHost", "::1"}}));
  EXPECT_THAT(problems, testing::UnorderedElementsAre("spec.healthPort: must be a whole number in 0..65535",
                                                      "spec.ipv6Support: must be true or false",
                                                      "spec.routeRefreshInterval: must be a duration such as 90s",
                                                      "spec.zzz: is not known"));
}

TEST(FelixParameters, AreReadFromTheEnvironmentAndFiles) {
  const std::vector<std::string> environment = {"FELIX_HEALTHPORT=1", "felix_InterfacePrefix=tap", "HOME=/root",
                                                "FELIX_UNKNOWN=1"};
  EXPECT_EQ(felix_values(environment), (FelixValues{{"HealthPort", "1"}, {"InterfacePrefix", "tap"}}));

  const auto file = felix_values_of_file("# comment\n[global]\nHealthPort = 2\n[other]\nHealthHost = x\n");
  ASSERT_TRUE(file);
  EXPECT_EQ(*file, (FelixValues{{"HealthPort", "2"}}));
  EXPECT_EQ(felix_values_of_file("[global]\nnonsense\n").error().message, "line 2: expected name = value");
}

TEST(FelixParameters, HaveCanonicalTexts) {
  EXPECT_EQ(value("HealthEnabled", "Yes"), "true");
  EXPECT_EQ(value("HealthEnabled", "maybe"), "refused: must be true or false");
  EXPECT_EQ(value("LogSeverityScreen", "info"), "INFO");
  EXPECT_EQ(value("ReportingIntervalSecs", "30.50"), "30.5");
  EXPECT_EQ(value("IptablesMarkMask", "4278190080"), "0xff000000");
  EXPECT_EQ(value("FailsafeInboundHostPorts", "none"), "");
  EXPECT_EQ(value("FailsafeInboundHostPorts", "22, udp:53"), "tcp:22,udp:53");
  EXPECT_EQ(value("DeviceRouteSourceAddress", "fd00::1"), "refused: must be an IPv4 address");
  EXPECT_EQ(value("RouteTableRanges", "1-50,70-80"), "1-50,70-80");
}

TEST(FelixConfigurations, AreValidatedByTheTable) {
  FelixConfiguration configuration;
  configuration.metadata.name = "default";
  configuration.spec = *schema::parse_json(R"({"helthPort":1,"healthPort":70000})")->as_object();
  set_defaults(configuration);

  const auto problems = validate(configuration);

  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].path, "spec.helthPort");
  EXPECT_EQ(problems[0].rule, "is not known; did you mean \"healthPort\"?");
  EXPECT_EQ(problems[1].path, "spec.healthPort");
}
