#include "kernel/conntrack.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>

#include "test/netns.h"

namespace weft::kernel {
namespace {

net::Ip ip(const char* text) { return net::Ip::parse(text).value(); }

/// Sends one datagram and answers it, so that the kernel tracks a connection that both ends have spoken on.
void talk(const net::Ip& from, const net::Ip& to) {
  const int family = from.is_v4() ? AF_INET : AF_INET6;
  const auto bound = [&](const net::Ip& address, std::uint16_t port) {
    Fd fd(socket(family, SOCK_DGRAM, 0));
    sockaddr_storage name{};
    name.ss_family = static_cast<sa_family_t>(family);
    if (family == AF_INET) {
      auto& v4 = reinterpret_cast<sockaddr_in&>(name);
      v4.sin_port = htons(port);
      std::ranges::copy(address.bytes(), reinterpret_cast<std::uint8_t*>(&v4.sin_addr));
    } else {
      auto& v6 = reinterpret_cast<sockaddr_in6&>(name);
      v6.sin6_port = htons(port);
      std::ranges::copy(address.bytes(), reinterpret_cast<std::uint8_t*>(&v6.sin6_addr));
    }
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&name), sizeof name), 0) << to_string(address);
    return std::pair(std::move(fd), name);
  };
  const auto [client, client_name] = bound(from, 5000);
  const auto [server, server_name] = bound(to, 6000);
  // Each message has arrived before the next is sent: what is under way is not tracked for good yet.
  const auto say = [](const Fd& speaker, const sockaddr_storage& whom, const Fd& listener, const char* what) {
    EXPECT_EQ(sendto(speaker.get(), what, 1, 0, reinterpret_cast<const sockaddr*>(&whom), sizeof whom), 1);
    char heard = 0;
    EXPECT_EQ(recv(listener.get(), &heard, 1, 0), 1);
  };
  say(client, server_name, server, "a");
  say(server, client_name, client, "b");
}

struct ConntrackTest : testing::Test {
  test::InNetns here;
  Socket socket = Socket::open(NETLINK_NETFILTER).value();

  void SetUp() override {
    here.run(
        "nft add table inet t && nft add chain inet t o '{ type filter hook output priority 0; }'"
        " && nft add rule inet t o ct state new accept"
        " && for a in 1 2 3; do ip addr add 10.65.0.$a/32 dev lo; ip addr add fd00::$a/128 dev lo nodad; done");
    // An IPv6 address is in use a moment after it was added, also without duplicate detection.
    ASSERT_TRUE(test::eventually(
        [&] { return here.shell_in("ip -6 route show table local | grep -c '^local fd00::'").output == "3\n"; }));
    talk(ip("10.65.0.1"), ip("10.65.0.2"));
    talk(ip("10.65.0.2"), ip("10.65.0.3"));
    talk(ip("10.65.0.3"), ip("10.65.0.1"));
    talk(ip("fd00::1"), ip("fd00::2"));
    talk(ip("fd00::2"), ip("fd00::3"));
  }

  std::vector<std::string> left() {
    std::vector<std::string> out;
    for (const auto family : {net::Family::v4, net::Family::v6}) {
      for (const auto& row : list_connections(socket, family).value_or(std::vector<Connection>{})) {
        out.push_back(to_string(row.original.source) + " " + to_string(row.original.destination));
      }
    }
    std::ranges::sort(out);
    return out;
  }
};

TEST_F(ConntrackTest, ForgetsWhatAnAddressIsAnEndOf) {
  ASSERT_EQ(left().size(), 5u);
  EXPECT_EQ(count_connections(socket), 5u);

  const net::Ip v4[] = {ip("10.65.0.1")};
  ASSERT_TRUE(forget_connections(socket, v4));
  EXPECT_EQ(left(), (std::vector<std::string>{"10.65.0.2 10.65.0.3", "fd00::1 fd00::2", "fd00::2 fd00::3"}));

  const net::Ip v6[] = {ip("fd00::3")};
  ASSERT_TRUE(forget_connections(socket, v6));
  EXPECT_EQ(left(), (std::vector<std::string>{"10.65.0.2 10.65.0.3", "fd00::1 fd00::2"}));
  EXPECT_TRUE(forget_connections(socket, v6));
}

TEST_F(ConntrackTest, ForgetsManyAddressesInOneDump) {
  const net::Ip many[] = {ip("10.65.0.1"), ip("10.65.0.9"), ip("fd00::3"), ip("fd00::9"), ip("10.65.0.8")};

  ASSERT_TRUE(forget_connections(socket, many));

  EXPECT_EQ(left(), (std::vector<std::string>{"10.65.0.2 10.65.0.3", "fd00::1 fd00::2"}));
}

}  // namespace
}  // namespace weft::kernel
