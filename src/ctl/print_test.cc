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

/// What a template says of a list.
std::string shown(std::string_view kind, std::string_view yaml, const std::string& text) {
  Look look{.format = Format::go_template, .go_template = text, .facts = {{"asNumber", "65010"}}};
  auto printed = ctl::print(*api::find_kind(kind), objects(yaml), look);
  return printed ? *printed : printed.error().message;
}
/// Of each object in it.
std::string each(std::string_view kind, std::string_view yaml, const std::string& text) {
  return shown(kind, yaml, "{{range .}}{{range .Items}}" + text + "{{end}}{{end}}");
}

constexpr std::string_view peer = R"(
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: a, labels: {a: b}}
spec: {peerSelector: all(), maxRestartTime: 90s}
)";

constexpr std::string_view mesh = R"(
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec: {nodeToNodeMeshEnabled: false}
)";

constexpr std::string_view endpoint = R"(
apiVersion: projectcalico.org/v3
kind: WorkloadEndpoint
metadata: {name: n1-k8s-web-eth0, namespace: shop}
spec: {orchestrator: k8s, node: n1, pod: web, endpoint: eth0}
)";

TEST(PrintTest, PrintsWhatATemplateSays) {
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
  EXPECT_EQ(each("ippool", pool, "{{.Status}} {{.Spec.AssignmentMode}}"), "<nil> Automatic");
  EXPECT_EQ(each("networkpolicy", R"(
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: x}
spec: {ingress: [{action: Allow, protocol: ICMP, ipVersion: 4, icmp: {type: 8}}, {action: Deny}]}
)",
                 "{{range .Spec.Ingress}}{{.Action}} {{.Protocol}} {{.IPVersion}} "
                 "{{with .ICMP}}{{.Type}} {{.Code}}{{end}} {{.Destination.Ports}};{{end}}"),
            "Allow ICMP 4 8 <nil> [];Deny <nil> <nil>  [];");
  const std::string tier = "{apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: t}, spec: {order: 0}}";
  EXPECT_EQ(each("tier", tier, "{{.Status}} {{.Status.Conditions}} {{if .Spec.Order}}{{.Spec.Order}}{{end}}"),
            "{[]} [] 0");
}

TEST(PrintTest, ShowsNilForGosPointersThatAreNotSet) {
  EXPECT_EQ(each("workloadendpoint", endpoint, "{{.Spec.QoSControls}} {{.Spec.Ports}}"), "<nil> []");
  EXPECT_EQ(
      each("bgppeer", peer, "{{.Spec.TTLSecurity}} {{.Spec.NextHopMode}} {{.Spec.ReversePeering}} {{.Spec.ASNumber}}"),
      "<nil> <nil> <nil> 0");
  EXPECT_EQ(each("bgpconfig", mesh, "{{.Spec.BindMode}} {{.Spec.ProgramClusterRoutes}} {{.Spec.ASNumber}}"),
            "<nil> <nil> <nil>");
  EXPECT_EQ(each("ipamconfig", R"(
apiVersion: projectcalico.org/v3
kind: IPAMConfiguration
metadata: {name: default}
spec: {strictAffinity: true, autoAllocateBlocks: true}
)",
                 "{{.Spec.KubeVirtVMAddressPersistence}}"),
            "<nil>");
  EXPECT_EQ(each("node", R"(
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: n1}
spec: {bgp: {ipv4Address: 10.0.0.1/24}}
)",
                 "{{.Spec.BGP}} {{.Spec.BGP.ASNumber}} [{{.Spec.BGP.IPv6Address}}] {{.Spec.Wireguard}}"),
            "{<nil> 10.0.0.1/24   } <nil> [] <nil>")
      << "addresses are texts";
  EXPECT_EQ(each("bgppeer", peer, "{{.Spec.KeepaliveTime}} {{printf \"%v\" .Spec.KeepaliveTime}}"), "nil nil");
  EXPECT_EQ(each("bgppeer", peer, "{{join .Spec.NextHopMode \",\"}} {{join .Spec.Filters \",\"}}"), "<nil> ");
}

TEST(PrintTest, TellsAPointerToAZeroFromNone) {
  EXPECT_EQ(each("bgpconfig", mesh, "{{.Spec.NodeToNodeMeshEnabled}} {{if .Spec.NodeToNodeMeshEnabled}}set{{end}}"),
            "false set");
  EXPECT_EQ(each("bgpconfig", mesh, "{{if not .Spec.ASNumber}}none{{end}}"), "none");
  EXPECT_EQ(each("bgppeer", peer, "{{if .Spec.KeepaliveTime}}{{else}}none{{end}}"), "none");
}

TEST(PrintTest, ShowsDurationsAsGoWritesThem) {
  EXPECT_EQ(each("bgppeer", peer,
                 "{{.Spec.MaxRestartTime}} {{.Spec.MaxRestartTime.Duration}} {{.Spec.MaxRestartTime.Seconds}} "
                 "{{.Spec.MaxRestartTime.Duration.Minutes}}"),
            "1m30s 1m30s 90 1.5");
}

// "index" has the zero of what the map holds, a field has nothing.
TEST(PrintTest, ShowsWhatAMapLacksAsGoDoes) {
  EXPECT_EQ(each("bgppeer", peer, "{{index .Labels \"a\"}} {{.Labels.a}}"), "b b");
  EXPECT_EQ(each("bgppeer", peer, "[{{index .Labels \"nope\"}}] {{.Labels.nope}}"), "[] <no value>");
  EXPECT_EQ(each("bgppeer", peer, "{{range $name, $text := .Labels}}{{$name}}={{$text}}{{end}} {{.Annotations}}"),
            "a=b map[]");
}

TEST(PrintTest, KnowsFelixsParametersByGosNamesAndTheirOwn) {
  constexpr std::string_view felix = R"(
apiVersion: projectcalico.org/v3
kind: FelixConfiguration
metadata: {name: default}
spec:
  bpfLogLevel: Debug
  bpfEnabled: false
  ipv6Support: true
  ipipMTU: 1440
  logSeverityScreen: Info
  externalNodesList: [10.0.0.0/8, "fd00::/8"]
  bpfConntrackMode: Userspace
  wireguardKeepAlive: 5s
  iptablesLockProbeInterval: 50ms
  routeRefreshInterval: 90s
  iptablesMarkMask: 0xffff0000
  failsafeInboundHostPorts: [{protocol: tcp, port: 22}, {protocol: udp, port: 53, net: 10.0.0.0/8}]
  healthTimeoutOverrides: [{name: x, timeout: 90s}]
  routeTableRanges: [{min: 1, max: 250}]
  kubeNodePortRanges: ["30000:32767", 5]
  natPortRange: "1:5"
  istioDSCPMark: EF
  bpfLogFilters: {eth0: tcp}
  bpfConntrackTimeouts: {tcpSynSent: 20s}
)";
  const auto spec = [&](const std::string& text) {
    return each("felixconfig", felix, "{{with .Spec}}" + text + "{{end}}");
  };
  EXPECT_EQ(spec("{{.BPFLogLevel}} {{.bpfLogLevel}}"), "Debug Debug");
  EXPECT_EQ(spec("{{.BPFEnabled}} {{if .BPFEnabled}}set{{end}} {{.IPv6Support}} {{.IPIPMTU}} {{.LogSeverityScreen}}"),
            "false set true 1440 Info");
  EXPECT_EQ(spec("{{.ExternalNodesCIDRList}} {{.externalNodesList}}"), "[10.0.0.0/8 fd00::/8] [10.0.0.0/8 fd00::/8]");
  EXPECT_EQ(spec("{{.BPFConntrackCleanupMode}} {{.WireguardPersistentKeepAlive}} {{.IptablesLockProbeInterval}}"),
            "Userspace 5s 50ms");
  EXPECT_EQ(spec("{{.RouteRefreshInterval}} {{.routeRefreshInterval}} {{.RouteRefreshInterval.Duration}}"),
            "1m30s 1m30s 1m30s");
  EXPECT_EQ(spec("{{.IptablesMarkMask}} {{.NATPortRange}} {{.IstioDSCPMark}} {{.KubeNodePortRanges}}"),
            "4294901760 1:5 EF [30000:32767 5]");
  EXPECT_EQ(spec("{{range .FailsafeInboundHostPorts}}{{.Protocol}}/{{.Port}}/{{.Net}}/{{.port}} {{end}}"),
            "tcp/22//22 udp/53/10.0.0.0/8/53 ");
  EXPECT_EQ(spec("{{range .HealthTimeoutOverrides}}{{.Name}}={{.Timeout}} {{.}}{{end}}"), "x=1m30s {x 1m30s}");
  EXPECT_EQ(spec("{{range .RouteTableRanges}}{{.Min}}-{{.Max}}{{end}}"), "1-250");
  EXPECT_EQ(spec("{{.BPFLogFilters}} {{.BPFLogFilters.eth0}} [{{index .BPFLogFilters \"eth1\"}}]"),
            "map[eth0:tcp] tcp []");
  EXPECT_EQ(spec("{{.BPFConntrackTimeouts.TCPSynSent}} {{.BPFConntrackTimeouts.UDPTimeout}}"), "20s <nil>");
  EXPECT_EQ(spec("{{.NetlinkTimeout}} {{.VXLANEnabled}} {{.HealthHost}} {{.IptablesBackend}} {{.BPFDSROptoutCIDRs}} "
                 "{{.NodeSelector}} {{.RouteTableRange}}"),
            "nil <nil> <nil> <nil> <nil> <nil> <nil>")
      << "pointers that are not set";
  EXPECT_EQ(spec("[{{.LogPrefix}}{{.LogFilePath}}{{.ChainInsertMode}}{{.FeatureGates}}{{.InterfaceExclude}}"
                 "{{.NATOutgoingAddress}}]"),
            "[]")
      << "texts that are not set";
}

TEST(PrintTest, NamesFieldsAsGoDoes) {
  for (const auto& [json, go] : std::map<std::string, std::string>{{"cidr", "CIDR"},
                                                                   {"natOutgoing", "NATOutgoing"},
                                                                   {"ipv4Address", "IPv4Address"},
                                                                   {"ipipMode", "IPIPMode"},
                                                                   {"disableBGPExport", "DisableBGPExport"},
                                                                   {"asNumber", "ASNumber"},
                                                                   {"selector", "Selector"},
                                                                   {"isolated", "Isolated"},
                                                                   {"ttlSecurity", "TTLSecurity"},
                                                                   {"qosControls", "QoSControls"},
                                                                   {"dscp", "DSCP"},
                                                                   {"birdV4", "BIRDV4"}})
    EXPECT_EQ(go_name(json), go);
}

}  // namespace
}  // namespace weft::ctl
