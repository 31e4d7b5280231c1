#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/ruleset.h"
#include "test/netns.h"

namespace weft::dataplane {
namespace {

plan::SetMember member(const plan::SetId& set, const std::string& cidr) { return {set, *net::Cidr::parse_loose(cidr)}; }

const plan::PolicyId allow_web{"NetworkPolicy", "default", "allow-web"};

plan::Changes one_endpoint() {
  plan::Changes out;
  out.settings = plan::Settings{};
  plan::Endpoint endpoint{.id = {"k8s", "default/web", "eth0"},
                          .interface = "cali1",
                          .mac = {},
                          .addresses = {*net::Cidr::parse("10.0.0.1/32"), *net::Cidr::parse("fd00::1/128")},
                          .spoof_allowed = {*net::Cidr::parse("10.9.0.0/16")}};
  endpoint.ingress = {{"default", false, {allow_web}}};
  endpoint.profiles = {"kns.default"};
  out.endpoints.put(endpoint);
  plan::Rule rule{.protocol = net::tcp};
  rule.source.sets = {"s:web_1"};
  rule.destination.ports = {{80, 80}, {8000, 8100}};
  plan::Rule log{.action = plan::Action::log};
  out.policies.put({.id = allow_web, .tier = "default", .ingress = {log, rule}, .egress = {}});
  out.profiles.put({.name = "kns.default", .ingress = {plan::Rule{}}, .egress = {plan::Rule{}}});
  out.sets.put({.id = "s:web_1", .type = plan::SetType::net, .note = "role == 'web'"});
  out.members.put(member("s:web_1", "10.0.0.2"));
  out.members.put(member("s:web_1", "fd00::2"));
  out.pools.put({*net::Cidr::parse("10.0.0.0/16"), true});
  return out;
}

TEST(RulesetNetTest, WritesATableThatReadsWell) {
  const test::InNetns inside;
  Ruleset ruleset;
  ruleset.on(one_endpoint());

  const auto refused = ruleset.sync();

  ASSERT_TRUE(refused) << refused.error().message;
  for (const auto& r : *refused) ADD_FAILURE() << r.object << ": " << r.error.message;
  const auto table = test::shell("nft -nn list table inet weft").output;
  for (const std::string line : {
           "elements = { \"cali1\" : jump from-cali1 }",
           "elements = { \"cali1\" . 10.0.0.1 }",
           "iifname \"cali*\" goto dispatch-from",
           "log prefix \"calico-packet: \" level info comment \"default/allow-web ingress rule 0\"",
           "tcp dport { 80, 8000-8100 } ip saddr @s-web_1-v4 accept comment \"default/allow-web ingress rule 1\"",
           "comment \"NetworkPolicy default/allow-web ingress\"",
           "comment \"role == 'web'\"",
           "drop comment \"end of tier default\"",
       }) {
    EXPECT_THAT(table, testing::HasSubstr(line));
  }
}

}  // namespace
}  // namespace weft::dataplane
