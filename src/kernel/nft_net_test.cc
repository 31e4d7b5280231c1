// What we send is what the nft program reads: each piece of a rule against `nft list`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>

#include "kernel/nft.h"
#include "kernel/nft_part.h"
#include "test/netns.h"

namespace weft::kernel::nft {
namespace {

using testing::HasSubstr;

net::Cidr cidr(const std::string& text) { return *net::Cidr::parse_loose(text); }

class NftNetTest : public testing::Test {
 protected:
  void commit(const Transaction& tx) {
    const auto refused = nft::commit(socket, tx);
    ASSERT_TRUE(refused) << refused.error().message;
    for (const auto& r : *refused) ADD_FAILURE() << r.object << ": " << r.error.message;
  }
  static std::string listed() { return test::shell("nft -nn list table inet t").output; }

  test::InNetns inside;
  Socket socket = *Socket::open(NETLINK_NETFILTER);
};

TEST_F(NftNetTest, PartsReadAsTheirTextSays) {
  const std::vector<net::Cidr> one{cidr("10.0.0.0/8")}, odd{cidr("10.16.0.0/12")}, host{cidr("fd00::1")},
      many{cidr("1.2.3.4"), cidr("10.0.0.0/8"), cidr("224.0.0.0/3")}, hosts{cidr("fd00::1"), cidr("fd00::2")};
  const std::vector<net::PortRange> port{{80, 80}}, range{{80, 90}}, many_ports{{80, 80}, {90, 100}, {65000, 65535}};
  const std::vector<net::Protocol> protocols{net::tcp, net::udp};
  const std::vector<std::uint8_t> types{130, 131};
  const Part v4 = family(net::Family::v4, false), v6 = family(net::Family::v6, false),
             tcp = protocol(net::tcp, false, false);
  const Part ping = protocol(net::icmp, false, false), ping6 = protocol(net::icmpv6, false, false);
  const std::vector<std::vector<Part>> rules = {
      {interface(Way::in, "cali*"), accept()},
      {interface(Way::out, "eth0"), drop()},
      {v6, return_()},
      {v4, address(End::source, one), accept()},
      {v4, address(End::destination, odd, true), accept()},
      {v6, address(End::source, host), accept()},
      {v4, address(End::source, many), accept()},
      {v6, address(End::destination, hosts, true), accept()},
      {v4, address_set(End::source, net::Family::v4, "a4", true), accept()},
      {v4, port_set(End::destination, net::Family::v4, "p4"), accept()},
      {v6, port_set(End::source, net::Family::v6, "p6", true), accept()},
      {tcp, ports(End::destination, port, "tcp"), accept()},
      {tcp, ports(End::source, range, "tcp", true), accept()},
      {tcp, ports(End::destination, many_ports, "tcp"), accept()},
      {v4, ping, icmp(net::Family::v4, 8, {}, true), accept()},
      {v6, ping6, icmp_types(net::Family::v6, types), accept()},
      {v6, interface_source(net::Family::v6, "s6"), accept()},
      {interface_map(Way::in, "m")},
      {goto_("other")},
      {reject()},
      {limit(10, 60, 7), log("x: ")},
  };
  Transaction tx("t");
  tx.add_table();
  const Set sets[] = {
      {.name = "a4", .key_type = type_ipv4, .key_length = 4},
      {.name = "p4", .key_type = concat(concat(type_ipv4, type_protocol), type_service), .key_length = 12},
      {.name = "p6", .key_type = concat(concat(type_ipv6, type_protocol), type_service), .key_length = 24},
      {.name = "s6", .key_type = concat(type_ifname, type_ipv6), .key_length = 32},
      {.name = "m", .key_type = type_ifname, .key_length = 16, .verdicts = true}};
  for (const auto& set : sets) tx.add(set);
  tx.add(Chain{.name = "other"});
  tx.add(Chain{.name = "c", .hook = Hook{"filter", NF_INET_FORWARD, 0}});
  for (const auto& parts : rules) tx.add("c", rule(parts, "why"));
  const Element element{.key = key(net::Ip::v4(0x0a000001), net::tcp, 80)};
  tx.add(sets[1], std::span(&element, 1));
  commit(tx);

  const auto text = listed();
  // nft prints a family that nothing implies as a number when asked for numbers.
  EXPECT_THAT(text, HasSubstr("\tmeta nfproto 10 return comment \"why\"\n"));
  for (const auto& parts : rules) EXPECT_THAT(text, HasSubstr(rule(parts).text + " comment \"why\"\n"));
  EXPECT_THAT(text, HasSubstr("elements = { 10.0.0.1 . 6 . 80 }"));

  const auto snapshot = nft::read(socket, "t");
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  std::vector<std::uint64_t> hashes;
  for (const auto& parts : rules) hashes.push_back(rule(parts, "why").hash());
  EXPECT_EQ(snapshot->chains.at("c").rules, hashes);
  EXPECT_EQ(snapshot->sets.at("p4").elements, std::set<Element>{element});
  for (const auto& set : sets) EXPECT_TRUE(snapshot->sets.at(set.name).set.same_as(set)) << set.name;
}

TEST_F(NftNetTest, ARefusalNamesItsObjectAndChangesNothing) {
  Transaction tx("t");
  tx.add_table();
  tx.about("good");
  tx.add(Chain{.name = "good"});
  tx.about("bad");
  const Part parts[] = {jump("nowhere")};
  tx.add("good", rule(parts));
  const auto refused = nft::commit(socket, tx);
  ASSERT_TRUE(refused);
  ASSERT_EQ(refused->size(), 1u);
  EXPECT_EQ(refused->front().object, "bad");
  EXPECT_EQ(test::shell("nft list tables").output, "");
}

TEST_F(NftNetTest, TheGenerationGrowsWithEachTransaction) {
  const auto before = nft::generation(socket);
  ASSERT_TRUE(before);
  Transaction tx("t");
  tx.add_table();
  commit(tx);
  EXPECT_EQ(*nft::generation(socket), *before + 1);
}

}  // namespace
}  // namespace weft::kernel::nft
