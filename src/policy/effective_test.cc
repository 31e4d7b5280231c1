#include "policy/effective.h"

#include <gtest/gtest.h>

#include "base/sha.h"

namespace weft::policy {
namespace {

std::string text(const Result<api::Selector>& selector) {
  return selector ? selector->text() : selector.error().message;
}

std::string namespaced(std::string selector, std::string accounts = "") {
  api::NetworkPolicy policy;
  policy.metadata.namespace_ = "N";
  policy.spec.selector = std::move(selector);
  policy.spec.service_account_selector = std::move(accounts);
  return text(selector_of(policy));
}

std::string global(std::string selector, std::string namespaces = "", std::string accounts = "") {
  api::GlobalNetworkPolicy policy;
  policy.spec.selector = std::move(selector);
  policy.spec.namespace_selector = std::move(namespaces);
  policy.spec.service_account_selector = std::move(accounts);
  return text(selector_of(policy));
}

TEST(PolicySelector, IsLimitedToTheNamespaceOfANetworkPolicy) {
  EXPECT_EQ(namespaced(""), R"(projectcalico.org/namespace == "N")");
  EXPECT_EQ(namespaced("all()"), R"((all() && projectcalico.org/namespace == "N"))");
  EXPECT_EQ(namespaced("a == 'b' || has(c)"), R"(((a == "b" || has(c)) && projectcalico.org/namespace == "N"))");
  EXPECT_EQ(namespaced("has(a)", "role == 'db'"),
            R"(((has(a) && projectcalico.org/namespace == "N") && pcsa.role == "db"))");
  EXPECT_EQ(namespaced("", "role == 'db'"), R"((projectcalico.org/namespace == "N" && pcsa.role == "db"))");
}

TEST(PolicySelector, CombinesAllSelectorsOfAGlobalPolicy) {
  EXPECT_EQ(global(""), "all()");
  EXPECT_EQ(global("all()"), "all()");
  EXPECT_EQ(global("has(a)", "env == 'prod'"), R"((has(a) && pcns.env == "prod"))");
  EXPECT_EQ(global("", "env == 'prod'"), R"(pcns.env == "prod")");
  EXPECT_EQ(global("", "all()"), "has(projectcalico.org/namespace)");
  EXPECT_EQ(global("all()", "all()"), "(has(projectcalico.org/namespace) && has(projectcalico.org/namespace))");
  EXPECT_EQ(global("all()", "", "all()"),
            "(has(projectcalico.org/serviceaccount) && has(projectcalico.org/serviceaccount))");
  EXPECT_EQ(global("all()", "all()", "role == 'db'"),
            R"(((has(projectcalico.org/namespace) && has(projectcalico.org/namespace)) && pcsa.role == "db"))");
  EXPECT_EQ(global("", "", "all()"), "has(projectcalico.org/serviceaccount)");
}

TEST(PolicySelector, NamesTheFieldThatDoesNotParse) {
  EXPECT_EQ(namespaced("a b"), "selector: column 3: expected ==, !=, in, not in, contains, starts with or ends with");
  EXPECT_EQ(namespaced("a == 'x') || (all()"),
            "selector: column 9: expected && or ||");  // parentheses must balance by themselves
  EXPECT_TRUE(global("", "x", "").starts_with("namespaceSelector: column 2"));
  EXPECT_TRUE(global("", "", "x").starts_with("serviceAccountSelector: column 2"));
}

struct Side {
  std::string selector, not_selector, namespaces, accounts;
  std::vector<std::string> account_names = {};
};
std::string peer(const Side& side, std::string_view policy_namespace) {
  api::EntityRule rule;
  rule.selector = side.selector;
  rule.not_selector = side.not_selector;
  rule.namespace_selector = side.namespaces;
  if (!side.accounts.empty() || !side.account_names.empty()) {
    rule.service_accounts =
        api::ServiceAccountMatch{.names = side.account_names, .selector = side.accounts, .extra = {}};
  }
  const auto result = peer_of(rule, policy_namespace);
  if (!result) return result.error().message;
  if (result->matches) return result->matches->text();
  return result->not_matches ? "not " + result->not_matches->text() : "anything";
}

TEST(RulePeer, IsAnythingWhenNothingIsSelected) {
  EXPECT_EQ(peer({}, ""), "anything");
  EXPECT_EQ(peer({}, "N"), "anything");
}

TEST(RulePeer, IsLimitedToTheNamespaceOnceAnythingIsSelected) {
  EXPECT_EQ(peer({.selector = "has(a)"}, ""), "has(a)");
  EXPECT_EQ(peer({.selector = "has(a)"}, "N"), R"((projectcalico.org/namespace == "N" && has(a)))");
  EXPECT_EQ(peer({.selector = "all()"}, "N"), R"((projectcalico.org/namespace == "N" && all()))");
  EXPECT_EQ(peer({.not_selector = "has(a)"}, ""), "not has(a)");
  EXPECT_EQ(peer({.not_selector = "has(a)"}, "N"), R"((projectcalico.org/namespace == "N" && !has(a)))");
  EXPECT_EQ(peer({.selector = "has(b)", .not_selector = "has(a) || has(c)"}, ""), "(has(b) && !(has(a) || has(c)))");
  EXPECT_EQ(peer({.selector = "has(b) || has(d)", .not_selector = "has(a)"}, "N"),
            R"(((projectcalico.org/namespace == "N" && (has(b) || has(d))) && !has(a)))");
}

TEST(RulePeer, ReachesOtherNamespacesByNamespaceSelector) {
  EXPECT_EQ(peer({.namespaces = "env == 'prod'"}, "N"), R"(pcns.env == "prod")");
  EXPECT_EQ(peer({.namespaces = "all()"}, "N"), "has(projectcalico.org/namespace)");
  EXPECT_EQ(peer({.namespaces = "global()"}, "N"), "!has(projectcalico.org/namespace)");
  EXPECT_EQ(peer({.selector = "all()", .namespaces = "all()"}, ""), "(has(projectcalico.org/namespace) && all())");
  EXPECT_EQ(peer({.not_selector = "has(a)", .namespaces = "global()"}, "N"),
            "(!has(projectcalico.org/namespace) && !has(a))");
}

TEST(RulePeer, SelectsByServiceAccount) {
  EXPECT_EQ(peer({.account_names = {"b", "a"}}, ""), R"(projectcalico.org/serviceaccount in {"a", "b"})");
  EXPECT_EQ(peer({.accounts = "role == 'x'"}, "N"), R"((projectcalico.org/namespace == "N" && pcsa.role == "x"))");
  EXPECT_EQ(
      peer({.selector = "has(a)", .accounts = "has(r)", .account_names = {"s"}}, "N"),
      R"((projectcalico.org/namespace == "N" && ((has(pcsa.r) && projectcalico.org/serviceaccount in {"s"}) && has(a))))");
}

TEST(RulePeer, NamesTheFieldThatDoesNotParse) {
  EXPECT_TRUE(peer({.selector = "?"}, "").starts_with("selector: column 1"));
  EXPECT_TRUE(peer({.not_selector = "?"}, "").starts_with("notSelector: column 1"));
  EXPECT_TRUE(peer({.namespaces = "?"}, "").starts_with("namespaceSelector: column 1"));
  EXPECT_TRUE(peer({.accounts = "?"}, "").starts_with("serviceAccounts.selector: column 1"));
}

TEST(SetIds, HashTheirDefinition) {
  const auto& all = api::Selector::all();
  EXPECT_EQ(named_port_set_id(all, net::tcp, "http"), "n:" + to_base64url(sha224("n:" + all.id() + ",tcp,http")));
  EXPECT_EQ(service_set_id("default", "db", true), "svc:" + to_base64url(sha224("svc:default/db")));
  EXPECT_EQ(service_set_id("default", "db", false), "svcnoport:" + to_base64url(sha224("svcnoport:default/db")));
  EXPECT_NE(named_port_set_id(all, net::tcp, "http"), named_port_set_id(all, net::udp, "http"));
}

TEST(SetIds, LookPortNamesUpAsTcpUnlessTheRuleSaysOtherwise) {
  EXPECT_EQ(named_port_protocol(std::nullopt), net::tcp);
  EXPECT_EQ(named_port_protocol(api::Protocol{net::udp}), net::udp);
  EXPECT_EQ(named_port_protocol(api::Protocol{net::sctp, true}), net::sctp);
}

}  // namespace
}  // namespace weft::policy
