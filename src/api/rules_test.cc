// Rules of single kinds: documents that keep one, documents that break it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/felix_parameter.h"
#include "api/kinds.h"
#include "schema/value.h"

using namespace weft;
using namespace weft::api;
using testing::IsEmpty;

namespace {

/// "path: rule" of what is wrong with such a document, in YAML.
std::vector<std::string> problems_of(const std::string& kind, const std::string& spec) {
  auto documents = schema::parse_yaml("{apiVersion: projectcalico.org/v3, kind: " + kind +
                                      ", metadata: {name: default}, spec: {" + spec + "}}");
  if (!documents) return {documents.error().message};
  std::vector<schema::Problem> problems;
  auto object = read_document(std::move(documents->front()), problems);
  if (!object) return {object.error().message};
  if (problems.empty()) {
    set_defaults(*object);
    problems = validate(*object);
  }
  std::vector<std::string> texts;
  for (const auto& problem : problems) texts.push_back(problem.path + ": " + problem.rule);
  return texts;
}
/// Something is wrong with that member, and with no other.
auto about(const std::string& path) {
  return testing::AllOf(testing::Not(IsEmpty()), testing::Each(testing::StartsWith(path)));
}
std::vector<std::string> felix(const std::string& spec) { return problems_of("FelixConfiguration", spec); }
std::vector<std::string> filter(const std::string& rule) {
  return problems_of("BGPFilter", "exportV4: [{action: Accept, " + rule + "}]");
}

}  // namespace

TEST(FelixConfigurationRules, AllowSevenRangesOfNodePorts) {
  EXPECT_THAT(felix("kubeNodePortRanges: [1, 2, 3, 4, 5, 6, '7:9']"), IsEmpty());
  EXPECT_THAT(felix("kubeNodePortRanges: [1, 2, 3, 4, 5, 6, 7, 8]"), about("spec.kubeNodePortRanges"));
  EXPECT_THAT(felix("kubeNodePortRanges: [1, '9:8']"), about("spec.kubeNodePortRanges"));
}

TEST(FelixConfigurationRules, AllowRegionsThatFitIntoKeys) {
  EXPECT_THAT(felix("openstackRegion: " + std::string(46, 'a')), IsEmpty());
  EXPECT_THAT(felix("openstackRegion: " + std::string(47, 'a')), about("spec.openstackRegion"));
  EXPECT_THAT(felix("openstackRegion: A_b"), about("spec.openstackRegion"));
}

TEST(FelixConfigurationRules, AllowNamesOfInterfacesWhosePacketsAreTracked) {
  const std::string field = "bpfForceTrackPacketsFromIfaces";
  EXPECT_THAT(felix(field + ": [docker+, eth0.1]"), IsEmpty());
  for (const std::string element : {"'a b'", "''", "a23456789012345x", "eth0/1", "[eth0]"})
    EXPECT_THAT(felix(field + ": [docker+, " + element + "]"), about("spec." + field)) << element;
  EXPECT_THAT(felix(field + ": docker+"), about("spec." + field));
}

TEST(FelixConfigurationRules, RefuseAnEmptyTextWhereItIsNotTheSameAsNone) {
  for (const std::string field : {"ipv6Support", "healthPort", "routeRefreshInterval", "iptablesLockProbeInterval",
                                  "iptablesMarkMask", "istioDSCPMark", "natPortRange"})
    EXPECT_THAT(felix(field + ": ''"), about("spec." + field));
  EXPECT_THAT(felix("interfacePrefix: '', logSeverityScreen: '', dataplaneDriver: ''"), IsEmpty());
}

TEST(FelixConfigurationRules, KnowTheSettingsForDebuggingAndNoOtherThatBeginsSo) {
  const std::string all =
      R"("debugDisableLogDropping":true,"debugHost":"::1","debugMemoryProfilePath":"/x","debugPort":6060,)"
      R"("debugSimulateCalcGraphHangAfter":"1s","debugSimulateDataplaneApplyDelay":"1s",)"
      R"("debugSimulateDataplaneHangAfter":"1m")";
  EXPECT_THAT(felix(all), IsEmpty());
  FelixConfiguration configuration;
  configuration.spec = *schema::parse_json("{" + all + "}")->as_object();
  EXPECT_EQ(felix_values(configuration).size(), 7u);

  EXPECT_THAT(felix("debugPort: abc"), about("spec.debugPort"));
  EXPECT_THAT(felix("debugPort: 65536"), about("spec.debugPort"));
  EXPECT_THAT(felix("debugDisableLogDropping: maybe"), about("spec.debugDisableLogDropping"));
  EXPECT_THAT(felix("debugSimulateDataplaneHangAfter: 5"), about("spec.debugSimulateDataplaneHangAfter"));
  EXPECT_THAT(felix("debugHosst: x"),
              testing::ElementsAre("spec.debugHosst: is not known; did you mean \"debugHost\"?"));
}

TEST(BgpFilterRules, RefuseLeadingZerosInCommunities) {
  for (const char* good : {"65000:0", "0:10", "1:2:3"}) {
    EXPECT_THAT(filter(std::string("communities: {values: ['") + good + "']}"), IsEmpty()) << good;
    EXPECT_THAT(filter(std::string("operations: [{addCommunity: {value: '") + good + "'}}]"), IsEmpty()) << good;
  }
  for (const char* bad : {"065000:1", "65000:01", "00:1", "1:2:03"}) {
    const std::string rule = ": must be a community without leading zeros";
    EXPECT_THAT(filter(std::string("communities: {values: ['") + bad + "']}"),
                testing::ElementsAre("spec.exportV4[0].communities.values[0]" + rule))
        << bad;
    EXPECT_THAT(filter(std::string("operations: [{addCommunity: {value: '") + bad + "'}}]"),
                testing::ElementsAre("spec.exportV4[0].operations[0].addCommunity.value" + rule))
        << bad;
  }
}
