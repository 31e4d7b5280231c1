#include "api/formats.h"

#include <gtest/gtest.h>

#include <regex>

using namespace weft::api;

namespace {

struct Case {
  const char* name;
  const TextRule& rule;
  std::vector<std::string> good, bad;
};

const std::string long_label(64, 'a');

const Case cases[] = {
    {"dns_subdomain", dns_subdomain, {"a", "a-b.c1"}, {"A", "-a", "a.", "a..b", "a_b", std::string(254, 'a')}},
    {"dns_label", dns_label, {"a", "a-1"}, {"a.b", "a-", long_label}},
    {"policy_name", policy_name, {"a", "a.b", "knp.default.a.b.c"}, {"a.b.c", "A", "knp.default."}},
    {"global_policy_name", global_policy_name, {"a", "a.b"}, {"a.b.c", "", "a."}},
    {"only_default", only_default, {"default"}, {"other"}},
    {"qualified_name", qualified_name, {"a", "A_b.c", "example.org/x"}, {"", "a b", "a/", "/a", "A.org/x", long_label}},
    {"label_value", label_value, {"", "a", "A_b.c-1"}, {"-a", "a b", long_label}},
    {"port_name", port_name, {"http", "a-1"}, {"", "HTTP", "80", "a--b", "-a", "abcdefghijklmnop"}},
    {"http_path", http_path, {"/", "/a/b"}, {"a", "/a?b", "/a#b", "/a b"}},
    {"container_id", container_id, {"aB-1"}, {"", "-a", "a_b"}},
    {"regular_expression", regular_expression, {"eth.*", "^a(b|c)$"}, {"(", "*"}},
    {"wireguard_key", wireguard_key, {"jlkVyQYooZYzI2wFfNhSZez5eWh44yfq1wKVjLvSXgY="}, {"x", "jlkVyQYooZYzI2wF="}},
    {"selector", selector, {"all()", "a == 'b'", "global()"}, {"a ==", "("}},
    {"selector_without_global",
     selector_without_global,
     {"all()", "a == 'global()'"},
     {"global()", "all() && global()"}},
    {"peer_namespace_selector", peer_namespace_selector, {"global()", "a == 'b'"}, {"global() && all()"}},
    {"strict_cidr", strict_cidr, {"10.0.0.0/8", "fd00::/8"}, {"10.0.0.1/8", "10.0.0.1", "10.0.0.0/33", "x"}},
    {"loose_cidr", loose_cidr, {"10.0.0.1/8", "fd00::1/64"}, {"10.0.0.1", "x/8"}},
    {"cidr_or_address", cidr_or_address, {"10.0.0.0/8", "10.0.0.1"}, {"10.0.0.1/8", "x"}},
    {"loose_cidr_or_address", loose_cidr_or_address, {"10.0.0.1/8", "10.0.0.1", "fd00::1"}, {"x", "10.0.0.0/33"}},
    {"address", address, {"10.0.0.1", "fd00::1"}, {"10.0.0.1/32", "x", "10.0.0.256"}},
    {"ipv4", ipv4, {"10.0.0.1"}, {"fd00::1", "x"}},
    {"ipv6", ipv6, {"fd00::1"}, {"10.0.0.1", "x"}},
    {"address_with_port",
     address_with_port,
     {"10.0.0.1", "10.0.0.1:179", "[fd00::1]:179"},
     {"10.0.0.1:0", "x:1", "[10.0.0.1]:1"}},
    {"mac", mac, {"ee:ee:ee:ee:ee:ee"}, {"ee:ee", "x"}},
    {"host_cidr", host_cidr, {"10.0.0.1", "10.0.0.1/32", "fd00::1/128"}, {"10.0.0.0/8"}},
    {"protocol_spelling", protocol_spelling, {"TCP", "ICMPv6", "255"}, {"tcp", "0", "256"}},
    {"port_protocol", port_protocol, {"TCP", "SCTP", "17"}, {"ICMP", "1"}},
    {"interface_name", interface_name, {"eth0", "*", "a.b-c_d"}, {"", "eth*", "a/b", "abcdefghijklmnop"}},
    {"ignored_interface", ignored_interface, {"eth*", "lo"}, {"", "*", "a b"}},
    {"interface_pattern", interface_pattern, {"eth*", "*"}, {"", "a b", "abcdefghijklmnop"}},
    {"community_value", community_value, {"65535:1", "1:2:4294967295", "01:2"}, {"65536:1", "1", "1:2:3:4", "a:b"}},
    {"strict_community_value", strict_community_value, {"65535:1", "0:0"}, {"01:2", "65536:1"}},
};

}  // namespace

TEST(Formats, TakeWhatIsGoodAndRefuseTheRestInWords) {
  for (const Case& c : cases) {
    for (const auto& text : c.good) EXPECT_EQ(c.rule(text), std::nullopt) << c.name << " " << text;
    for (const auto& text : c.bad) EXPECT_FALSE(c.rule(text).value_or("").empty()) << c.name << " \"" << text << '"';
    EXPECT_FALSE(c.rule.doc.empty()) << c.name;
  }
}

TEST(Formats, HavePatternsThatSayTheSameButForLength) {
  std::size_t patterns = 0;
  for (const Case& c : cases) {
    if (c.rule.pattern.empty()) continue;
    ++patterns;
    const std::regex pattern{std::string(c.rule.pattern)};
    for (const auto& text : c.good) EXPECT_TRUE(std::regex_search(text, pattern)) << c.name << " " << text;
    for (const auto& text : c.bad) {
      if (text.size() > 200 || text == "*") continue;
      EXPECT_FALSE(std::regex_search(text, pattern)) << c.name << " \"" << text << '"';
    }
  }
  EXPECT_GT(patterns, 5u);
}
