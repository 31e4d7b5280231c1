#include "ctl/print.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/core.h>

#include "ctl/documents.h"
#include "ctl/template_output.h"
#include "schema/value.h"

namespace weft::ctl {
namespace {

std::vector<api::Object> objects(std::string_view yaml) {
  auto documents = parse_documents(yaml, "f", {});
  EXPECT_TRUE(documents && documents->bad.empty()) << (documents ? documents->bad[0] : documents.error()).message;
  std::vector<api::Object> all;
  if (documents) {
    for (auto& document : documents->good) all.push_back(document.object);
  }
  return all;
}

std::string print(std::string_view kind, std::string_view yaml, const Look& look = {}) {
  return *ctl::print(*api::find_kind(kind), objects(yaml), look);
}

constexpr std::string_view policies = R"(
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: allow-database, namespace: shop}
spec: {tier: default, order: 1000000, selector: "role == 'db'"}
---
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: x}
spec: {tier: default}
)";

constexpr std::string_view pool = R"(
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: p}
spec: {cidr: 10.65.0.0/16, natOutgoing: true}
)";

// Cells are padded to the column's width plus three, the last one too, and an empty line follows (datamodel 4.6).
TEST(PrintTest, LaysOutTablesAsCalicoctl) {
  EXPECT_EQ(print("networkpolicy", policies),
            "NAME             TIER      \n"
            "allow-database   default   \n"
            "x                default   \n"
            "\n");
  EXPECT_EQ(print("ippool", pool),
            "NAME   CIDR           SELECTOR   \n"
            "p      10.65.0.0/16   all()      \n"
            "\n");
}

TEST(PrintTest, GivesColumnsAtLeastTwoBlanksOfWidth) {
  EXPECT_EQ(print("bgppeer", R"(
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: a}
spec: {peerIP: 10.0.0.1, asNumber: 1}
)"),
            "NAME   PEERIP     NODE       ASN   \n"
            "a      10.0.0.1   (global)   1     \n"
            "\n");
}

TEST(PrintTest, PutsTheNamespaceInFront) {
  EXPECT_EQ(print("networkpolicy", policies, {.show_namespace = true}),
            "NAMESPACE   NAME             TIER      \n"
            "shop        allow-database   default   \n"
            "default     x                default   \n"
            "\n");
  EXPECT_EQ(print("ippool", pool, {.show_namespace = true}), print("ippool", pool)) << "pools have none";
}

TEST(PrintTest, ShowsMoreInWideTables) {
  EXPECT_EQ(print("networkpolicy", policies, {.format = Format::wide}),
            "NAME             TIER      ORDER   SELECTOR       \n"
            "allow-database   default   1e+06   role == 'db'   \n"
            "x                default   <nil>                  \n"
            "\n");
  EXPECT_EQ(print("ippool", pool, {.format = Format::wide}),
            "NAME   CIDR           NAT    IPIPMODE   VXLANMODE   DISABLED   DISABLEBGPEXPORT   SELECTOR   "
            "ASSIGNMENTMODE   \n"
            "p      10.65.0.0/16   true   Never      Never       false      false              all()      "
            "Automatic        \n"
            "\n");
}

TEST(PrintTest, FillsInWhatColumnsNeedBesidesTheObject) {
  EXPECT_EQ(print("node", R"(
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: n1}
spec: {bgp: {ipv4Address: 10.0.0.1/24}}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: n2}
spec: {bgp: {ipv4Address: 10.0.0.2/24, ipv6Address: "fd00::2/64", asNumber: 65001}}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: n3}
)",
                  {.format = Format::wide, .facts = {{"asNumber", "64512"}}}),
            "NAME   ASN       IPV4          IPV6         \n"
            "n1     (64512)   10.0.0.1/24                \n"
            "n2     65001     10.0.0.2/24   fd00::2/64   \n"
            "n3                                          \n"
            "\n");
}

TEST(PrintTest, ShowsOnlyHeadingsWhenThereIsNothing) {
  EXPECT_EQ(*ctl::print(*api::find_kind("tier"), {}, {}), "NAME   ORDER   \n\n");
}

TEST(PrintTest, PrintsNames) {
  EXPECT_EQ(print("networkpolicy", policies, {.format = Format::name}),
            "networkpolicies/shop/allow-database\nnetworkpolicies/default/x\n");
  EXPECT_EQ(print("ippool", pool, {.format = Format::name}), "ippools/p\n");
}

TEST(PrintTest, PrintsOneByItselfAndOthersAsAList) {
  const std::string tier = "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: t}, spec: {order: 5}}";

  EXPECT_EQ(print("tier", tier, {.format = Format::yaml, .single = true}), R"(apiVersion: projectcalico.org/v3
kind: Tier
metadata:
  name: t
spec:
  defaultAction: Deny
  order: 5
status: {}
)");
  EXPECT_EQ(print("tier", tier, {.format = Format::yaml, .revision = "7"}), R"(apiVersion: projectcalico.org/v3
items:
- apiVersion: projectcalico.org/v3
  kind: Tier
  metadata:
    name: t
  spec:
    defaultAction: Deny
    order: 5
  status: {}
kind: TierList
metadata:
  resourceVersion: "7"
)");
  EXPECT_EQ(print("tier", tier, {.format = Format::json, .single = true}), R"({
  "kind": "Tier",
  "apiVersion": "projectcalico.org/v3",
  "metadata": {
    "name": "t"
  },
  "spec": {
    "order": 5,
    "defaultAction": "Deny"
  },
  "status": {}
}
)");
}

// What was printed can be put back.
TEST(PrintTest, PrintsWhatItReads) {
  const std::string all = fmt::format("{}---{}", policies, pool);
  for (const auto format : {Format::yaml, Format::json}) {
    const std::string text = *ctl::print(objects(all), {.format = format});
    EXPECT_EQ(*ctl::print(objects(text), {.format = format}), text);
    EXPECT_THAT(text, testing::StartsWith(format == Format::yaml ? "- apiVersion" : "[\n"));
  }
}

TEST(PrintTest, PrintsATableEachKind) {
  EXPECT_EQ(*ctl::print(objects(fmt::format("{}---{}", pool, policies)), {}),
            print("ippool", pool) + print("networkpolicy", policies));
}

TEST(PrintTest, ShowsTiersByOrder) {
  auto tiers = objects(R"(
{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: a}, spec: {order: 10}}
---
{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: b}, spec: {order: 9.5}}
---
{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: c}, spec: {order: -1}}
)");
  tiers.push_back(*api::read_stored(*api::find_kind("tier"), R"({"metadata":{"name":"0"}})", "3"));
  sort_as_shown(*tiers[0].kind, tiers);

  EXPECT_EQ(*ctl::print(tiers, {}),
            "NAME   ORDER   \n"
            "c      -1      \n"
            "b      9.5     \n"
            "a      10      \n"
            "0      <nil>   \n"
            "\n");
  auto others = objects(policies);
  sort_as_shown(*others[0].kind, others);
  EXPECT_EQ(others[0].metadata().name, "allow-database") << "only tiers have an order of their own";
}

TEST(FormatTest, HasCalicoctlsNames) {
  EXPECT_EQ(parse_output("")->format, Format::table);
  EXPECT_EQ(parse_output("ps")->format, Format::table);
  EXPECT_EQ(parse_output("table")->format, Format::table);
  EXPECT_EQ(parse_output("wide")->format, Format::wide);
  EXPECT_EQ(parse_output("yaml")->format, Format::yaml);
  EXPECT_EQ(parse_output("json")->format, Format::json);
  EXPECT_EQ(parse_output("name")->format, Format::name);
  EXPECT_THAT(parse_output("YAML").error().message, testing::StartsWith("unrecognized output format 'YAML'"));
}

TEST(PrintTest, ShowsTheColumnsThatAreAskedFor) {
  const auto shown = [](std::string_view output) {
    auto look = parse_output(output);
    EXPECT_TRUE(look) << look.error().message;
    auto text = ctl::print(*api::find_kind("networkpolicy"), objects(policies), *look);
    return text ? *text : text.error().message;
  };
  EXPECT_EQ(shown("custom-columns=SELECTOR,NAME,NAMESPACE"),
            "SELECTOR       NAME             NAMESPACE   \n"
            "role == 'db'   allow-database   shop        \n"
            "               x                default     \n"
            "\n");
  auto orchestrator = parse_output("custom-columns=ORCHESTRATOR,NODE");
  EXPECT_EQ(*ctl::print(*api::find_kind("workloadendpoint"), objects(R"(
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {name: n1-k8s-web-eth0, namespace: shop}
spec: {orchestrator: k8s, node: n1, pod: web, endpoint: eth0}
)"),
                        *orchestrator),
            "ORCHESTRATOR   NODE   \n"
            "k8s            n1     \n"
            "\n")
      << "a column that no other table has";
  EXPECT_EQ(shown("custom-columns=NAME,AGE"),
            "unknown heading AGE, valid values are: NAME, TIER, ORDER, SELECTOR, NAMESPACE");
  EXPECT_EQ(parse_output("custom-columns=").error().message, "need to specify at least one column");
}

TEST(PrintTest, PrintsWhatATemplateSays) {
  const auto shown = [](std::string_view kind, std::string_view yaml, const std::string& text) {
    Look look{.format = Format::go_template, .go_template = text, .facts = {{"asNumber", "65010"}}};
    auto printed = ctl::print(*api::find_kind(kind), objects(yaml), look);
    return printed ? *printed : printed.error().message;
  };
  // Names and zeros are those of Calico's structs of Go.
  EXPECT_EQ(shown("ippool", pool,
                  "{{range .}}{{.Kind}} {{range .Items}}{{.Name}} {{.ObjectMeta.Name}} {{.Spec.CIDR}} "
                  "{{.Spec.NATOutgoing}} {{.Spec.BlockSize}} {{.Spec.Disabled}}{{end}}{{end}}"),
            "IPPoolList p p 10.65.0.0/16 true 26 false");
  EXPECT_EQ(
      shown("networkpolicy", policies,
            "{{range .}}{{range .Items}}{{.Namespace}}/{{.Name}}:{{.Spec.Order}}:{{len .Spec.Ingress}};{{end}}{{end}}"),
      "shop/allow-database:1e+06:0;default/x:<nil>:0;");
  EXPECT_EQ(shown("ippool", pool,
                  "{{range .}}{{range .Items}}{{join .Spec.AllowedUses \",\"}} "
                  "{{joinAndTruncate .Spec.AllowedUses \",\" 8}}{{end}}{{end}}"),
            "Workload,Tunnel Workl...");
  EXPECT_EQ(shown("ippool", pool, "{{config \"asnumber\"}}"), "65010");
  EXPECT_THAT(shown("ippool", pool, "{{range .}}{{.Spec.Nothing}}{{end}}"), testing::HasSubstr("Nothing"));
  EXPECT_THAT(shown("ippool", pool, "{{"), testing::StartsWith("template: get:1: "));
}

TEST(PrintTest, NamesFieldsAsGoDoes) {
  for (const auto& [json, go] : std::map<std::string, std::string>{{"cidr", "CIDR"},
                                                                   {"natOutgoing", "NATOutgoing"},
                                                                   {"ipv4Address", "IPv4Address"},
                                                                   {"ipipMode", "IPIPMode"},
                                                                   {"disableBGPExport", "DisableBGPExport"},
                                                                   {"asNumber", "ASNumber"},
                                                                   {"selector", "Selector"},
                                                                   {"isolated", "Isolated"}})
    EXPECT_EQ(go_name(json), go);
}

}  // namespace
}  // namespace weft::ctl
