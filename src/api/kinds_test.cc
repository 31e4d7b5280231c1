#include "api/kinds.h"

#include <gtest/gtest.h>

#include <set>

#include "api/codec.h"
#include "api/ip_pool.h"
#include "schema/document.h"

using namespace weft;
using namespace weft::api;

namespace {

struct Read {
  Result<Object> object;
  std::vector<std::string> problems;
};
Read read(std::string_view yaml) {
  std::vector<schema::Problem> problems;
  auto object = read_document(schema::parse_yaml(yaml)->front(), problems);
  Read result{std::move(object), {}};
  for (const auto& problem : problems) result.problems.push_back(to_string(problem));
  return result;
}

std::vector<std::string> headings(std::string_view kind, bool wide) {
  std::vector<std::string> names;
  for (const auto& column : find_kind(kind)->schema().columns) {
    if (column.is_in(wide)) names.emplace_back(column.heading);
  }
  return names;
}

}  // namespace

TEST(Kinds, AreFoundByAnyOfTheirNames) {
  for (const auto* name : {"ippool", "IPPool", "ippools", "ipp", "POOL", "pools", "IPPoolList"}) {
    ASSERT_NE(find_kind(name), nullptr) << name;
    EXPECT_EQ(find_kind(name)->name, "IPPool");
  }
  EXPECT_EQ(find_kind("policies")->name, "NetworkPolicy");
  EXPECT_EQ(find_kind("nothing"), nullptr);
}

TEST(Kinds, HaveNamesOfTheirOwn) {
  std::set<std::string> seen;
  for (const Kind& kind : kinds()) {
    EXPECT_TRUE(seen.insert(std::string(kind.plural)).second) << kind.plural;
    for (const auto alias : kind.aliases) EXPECT_TRUE(seen.insert(std::string(alias)).second) << alias;
  }
}

TEST(Kinds, DescribeEveryMember) {
  for (const Kind& kind : kinds()) EXPECT_EQ(kind.schema().fields.size() + 1, kind.schema().members) << kind.name;
}

TEST(Kinds, HaveCalicosColumns) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(headings("ippool", false), (Names{"NAME", "CIDR", "SELECTOR"}));
  EXPECT_EQ(headings("ippool", true), (Names{"NAME", "CIDR", "NAT", "IPIPMODE", "VXLANMODE", "DISABLED",
                                             "DISABLEBGPEXPORT", "SELECTOR", "ASSIGNMENTMODE"}));
  EXPECT_EQ(headings("node", true), (Names{"NAME", "ASN", "IPV4", "IPV6"}));
  EXPECT_EQ(headings("wep", false), (Names{"WORKLOAD", "NODE", "NETWORKS", "INTERFACE"}));
  EXPECT_EQ(headings("wep", true), (Names{"NAME", "WORKLOAD", "NODE", "NETWORKS", "INTERFACE", "PROFILES", "NATS"}));
  EXPECT_EQ(headings("gnp", true), (Names{"NAME", "TIER", "ORDER", "SELECTOR"}));
  EXPECT_EQ(headings("bgppeer", false), (Names{"NAME", "PEERIP", "NODE", "ASN"}));
}

TEST(Documents, AreReadStrictly) {
  const auto result = read(R"(
apiVersion: projectcalico.org/v3
kind: IPPool
metadata: {name: p, lables: {a: b}}
spec: {cidr: 10.0.0.1/8, natoutgoing: true, ipipmode: always}
)");

  EXPECT_THAT(result.problems,
              testing::ElementsAre("metadata.lables: is not known; did you mean \"labels\"? (is {\"a\":\"b\"})",
                                   testing::StartsWith("spec.cidr: "),
                                   "spec.ipipMode: must be one of Never, Always, CrossSubnet (is \"always\")"));
}

TEST(Documents, TakeProtocolsAndNetsOnlyAsCalicoSpellsThem) {
  const auto result = read(R"(
apiVersion: projectcalico.org/v3
kind: NetworkPolicy
metadata: {name: p, namespace: n}
spec: {ingress: [{action: Allow, protocol: tcp, source: {nets: [10.0.0.1]}}]}
)");

  EXPECT_THAT(result.problems, testing::ElementsAre(testing::StartsWith("spec.ingress[0].protocol: must be TCP"),
                                                    testing::StartsWith("spec.ingress[0].source.nets[0]: must be")));
}

TEST(Documents, NameAKnownKind) {
  EXPECT_EQ(read("kind: IpPool").object.error().message, "kind: \"IpPool\" is not known; did you mean IPPool?");
  EXPECT_EQ(read("kind: Zebra").object.error().message, "kind: \"Zebra\" is not known");
  EXPECT_EQ(read("- 1").object.error().message, "must be an object with apiVersion, kind and metadata");
}

TEST(Documents, BecomeWhatIsStored) {
  auto result = read("{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: p}, spec: {cidr: 10.0.0.0/8}}");
  ASSERT_TRUE(result.object);
  ASSERT_TRUE(result.problems.empty());
  set_defaults(std::as_const(*result.object));

  EXPECT_TRUE(validate(*result.object).empty());
  EXPECT_EQ(result.object->path(), "/calico/resources/v3/projectcalico.org/ippools/p");
  const auto stored = from_json<IpPool>(result.object->stored());
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->spec.block_size, 26);
}

TEST(Documents, MayNotChangeWhatIsImmutable) {
  const auto before =
      read("{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: p}, spec: {cidr: 10.0.0.0/8}}");
  const auto after =
      read("{apiVersion: projectcalico.org/v3, kind: IPPool, metadata: {name: p}, spec: {cidr: 10.0.0.0/9}}");

  const auto problems = validate_update(*before.object, *after.object);

  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(to_string(problems[0]), "spec.cidr: cannot be modified (was \"10.0.0.0/8\") (is \"10.0.0.0/9\")");
}
