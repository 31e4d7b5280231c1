#include "api/relations.h"

#include <gtest/gtest.h>

#include <set>

#include "schema/document.h"

using namespace weft;
using namespace weft::api;

namespace {

/// What somebody wrote, with defaults.
Object object(const std::string& kind, const std::string& name, const std::string& spec,
              const std::string& namespace_ = "") {
  std::vector<schema::Problem> problems;
  auto document =
      schema::parse_yaml("{apiVersion: projectcalico.org/v3, kind: " + kind + ", metadata: {name: " + name +
                         (namespace_.empty() ? "" : ", namespace: " + namespace_) + "}, spec: " + spec + "}");
  auto made = read_document(std::move(document->front()), problems);
  EXPECT_TRUE(made && problems.empty()) << kind << " " << spec;
  set_defaults(std::as_const(*made));
  return *made;
}

class These final : public Others {
 public:
  explicit These(std::vector<Object> objects, std::vector<std::string> blocks = {}) : objects_(std::move(objects)) {
    for (const auto& block : blocks) blocks_.push_back(*net::Cidr::parse(block));
  }
  Result<bool> has(const Kind& kind, std::string_view name) override {
    for (const auto& o : objects_) {
      if (o.kind == &kind && o.metadata().name == name) return true;
    }
    return false;
  }
  Result<std::vector<Object>> list(const Kind& kind) override {
    std::vector<Object> found;
    for (const auto& o : objects_) {
      if (o.kind == &kind) found.push_back(o);
    }
    return found;
  }
  Result<std::vector<net::Cidr>> blocks() override { return blocks_; }

 private:
  std::vector<Object> objects_;
  std::vector<net::Cidr> blocks_;
};

struct Case {
  Change change;
  Object subject;
  These others;
  std::string problems;  // as to_error says them; empty: none
  std::optional<Object> before = {};
};

std::vector<Case> cases() {
  const auto pool = [](const std::string& name, const std::string& spec) { return object("IPPool", name, spec); };
  const Object p = pool("p", "{cidr: 10.0.0.0/16}");
  std::vector<Case> all = {
      {Change::create, p, These({pool("q", "{cidr: 10.1.0.0/16}"), p, pool("v6", "{cidr: 'fd00::/64'}")}), ""},
      {Change::create, p, These({pool("q", "{cidr: 10.0.1.0/24}")}),
       R"(spec.cidr: IPPool(p) CIDR overlaps with IPPool(q) CIDR 10.0.1.0/24 (is "10.0.0.0/16"))"},
      {Change::create, p, These({pool("q", "{cidr: 10.0.1.0/24}"), pool("r", "{cidr: 10.0.0.0/8}")}),
       R"(spec.cidr: IPPool(p) CIDR overlaps with IPPool(q) CIDR 10.0.1.0/24 (is "10.0.0.0/16"); )"
       R"(spec.cidr: IPPool(p) CIDR overlaps with IPPool(r) CIDR 10.0.0.0/8 (is "10.0.0.0/16"))"},
      {Change::create, p, These({}, {"10.0.0.0/26", "10.9.0.0/28", "fd00::/122"}), ""},
      {Change::create, p, These({}, {"10.0.0.0/28"}),
       "spec.blockSize: IPPool blocksSize conflicts with existing allocations that use a different blockSize: block "
       "10.0.0.0/28 is there (is 26)"},
      {Change::update, p, These({}), "", p},
      {Change::update, p, These({}),
       "spec.allowedUses: IPPool allowed use cannot be changed from LoadBalacer to Workload or Tunnel "
       R"((is ["Workload","Tunnel"]))",
       pool("p", "{cidr: 10.0.0.0/16, allowedUses: [LoadBalancer]}")},
      {Change::create, object("BGPPeer", "b", "{filters: [f]}"), These({object("BGPFilter", "f", "{}")}), ""},
      {Change::create, object("BGPPeer", "b", "{filters: [e, f, g]}"), These({object("BGPFilter", "f", "{}")}),
       R"(spec.filters[0]: BGPFilter(s) not found: e (is "e"); spec.filters[2]: BGPFilter(s) not found: g (is "g"))"},
      {Change::update, object("BGPPeer", "b", "{filters: [f]}"), These({}),
       R"(spec.filters[0]: BGPFilter(s) not found: f (is "f"))"},
      {Change::remove, object("Tier", "kube-admin", "{order: 1000, defaultAction: Pass}"), These({}),
       R"(metadata.name: Cannot delete kube-admin tier (is "kube-admin"))"},
  };
  const Object tier = object("Tier", "t", "{}");
  for (const std::string kind :
       {"NetworkPolicy", "GlobalNetworkPolicy", "StagedNetworkPolicy", "StagedGlobalNetworkPolicy"}) {
    const std::string namespace_ = find_kind(kind)->namespaced ? "n" : "";
    const Object policy = object(kind, "p", "{tier: t}", namespace_);
    const Object other = object(kind, "p", "{}", namespace_);
    all.push_back({Change::create, policy, These({tier}), ""});
    all.push_back({Change::create, policy, These({}), R"(spec.tier: resource does not exist: Tier(t) (is "t"))"});
    all.push_back(
        {Change::create, other, These({tier}), R"(spec.tier: resource does not exist: Tier(default) (is "default"))"});
    all.push_back(
        {Change::update, policy, These({}), R"(spec.tier: resource does not exist: Tier(t) (is "t"))", other});
    all.push_back({Change::update, policy, These({tier}), "", other});
    all.push_back({Change::update, policy, These({}), "", policy});  // it was there before this was a rule
    all.push_back({Change::remove, tier, These({other}), ""});
    all.push_back({Change::remove, tier, These({policy}),
                   "metadata.name: Cannot delete a non-empty tier: " + kind + "(" +
                       (namespace_.empty() ? "" : namespace_ + "/") + R"(p) is in it (is "t"))"});
  }
  return all;
}

}  // namespace

TEST(Relations, HoldOrAreNamed) {
  for (auto& c : cases()) {
    const auto problems = check_relations(c.change, c.subject, c.before ? &*c.before : nullptr, c.others);
    ASSERT_TRUE(problems);
    EXPECT_EQ(to_error(*problems).message, c.problems);
    EXPECT_TRUE(has_relations(c.change, *c.subject.kind));
  }
}

TEST(Relations, AreEachAcceptedAndRefusedByACase) {
  auto all = cases();
  for (const Relation& relation : relations()) {
    bool accepts = false, refuses = false;
    for (auto& c : all) {
      if (c.subject.kind->name != relation.kind ||
          !std::count(relation.changes.begin(), relation.changes.end(), c.change))
        continue;
      const auto broken = relation.broken(c.subject, c.before ? &*c.before : nullptr, c.others);
      ASSERT_TRUE(broken);
      (broken->empty() ? accepts : refuses) = true;
    }
    EXPECT_TRUE(accepts && refuses) << relation.kind << " " << relation.path << " " << relation.rule;
  }
}

TEST(Relations, NameTenOfManyThatBreakThem) {
  std::vector<std::string> blocks;
  for (int i = 0; i < 12; ++i) blocks.push_back("10.0." + std::to_string(i) + ".0/28");
  These others({}, blocks);
  const auto problems = check_relations(Change::create, object("IPPool", "p", "{cidr: 10.0.0.0/16}"), nullptr, others);
  ASSERT_TRUE(problems);
  ASSERT_EQ(problems->size(), 10u);
  EXPECT_TRUE(problems->at(8).rule.ends_with("block 10.0.8.0/28 is there")) << problems->at(8).rule;
  EXPECT_TRUE(problems->at(9).rule.ends_with("block 10.0.9.0/28 is there, and 2 more")) << problems->at(9).rule;
}
