#include "kernel/route.h"

#include <linux/netlink.h>

#include <algorithm>
#include <fstream>

#include "kernel/address.h"
#include "kernel/link.h"
#include "kernel/neighbour.h"
#include "test/netns.h"

namespace weft::kernel {
namespace {

void expect_all(const std::vector<Result<>>& outcomes) {
  for (const auto& outcome : outcomes) EXPECT_TRUE(outcome) << outcome.error().message;
}

struct RouteTest : testing::Test {
  test::InNetns here;
  Socket socket = Socket::open(NETLINK_ROUTE).value();
  int device = 0;

  void SetUp() override {
    here.run("ip link add cali1 type veth peer name peer1 && ip link set cali1 up && ip link set peer1 up");
    device = get_link(socket, "cali1").value().index;
  }
  Route route(const char* dst) {
    return Route{
        .dst = net::Cidr::parse(dst).value(), .metric = 1024, .protocol = 80, .scope = RT_SCOPE_LINK, .device = device}
        .normalized();
  }
};

TEST_F(RouteTest, ReadsBackWhatItWrote) {
  std::vector<Route> wanted = {route("10.65.0.1/32"), route("fd00::1/128")};
  wanted.push_back(Route{.dst = net::Cidr::parse("10.65.0.0/26").value(), .type = RTN_BLACKHOLE, .protocol = 80});
  wanted.push_back(
      Route{.dst = net::Cidr::parse("fd00::/122").value(), .type = RTN_BLACKHOLE, .protocol = 80}.normalized());
  wanted.push_back(Route{.dst = net::Cidr::parse("10.66.0.0/26").value(),
                         .table = 1000,
                         .metric = 5,
                         .protocol = 80,
                         .device = device,
                         .gateway = net::Ip::parse("192.0.2.1").value(),
                         .onlink = true,
                         .mtu = 1300});

  std::vector<Message> messages;
  for (const auto& row : wanted) messages.push_back(put_route(row));
  expect_all(socket.request(messages).value());

  auto found = list_routes(socket, {.protocol = 80}).value();
  const auto by_key = [](const Route& a, const Route& b) { return a.key() < b.key(); };
  std::ranges::sort(found, by_key);
  std::ranges::sort(wanted, by_key);
  EXPECT_EQ(found, wanted);
  EXPECT_EQ(list_routes(socket, {.table = 1000}).value().size(), 1u);
  EXPECT_EQ(list_routes(socket, {.table = 1001}).value().size(), 0u);
  EXPECT_EQ(list_routes(socket, {.family = net::Family::v6, .protocol = 80, .device = device}).value().size(), 1u);
  EXPECT_NE(here.run("ip route").find("10.65.0.1 dev cali1 proto 80 scope link metric 1024"), std::string::npos);

  messages.clear();
  for (const auto& row : wanted) messages.push_back(delete_route(row));
  expect_all(socket.request(messages).value());
  EXPECT_TRUE(list_routes(socket, {.protocol = 80}).value().empty());
}

TEST_F(RouteTest, RefusesOneAndDoesTheOthers) {
  Route bad = route("10.65.0.2/32");
  bad.device = 4711;
  const std::vector<Message> messages = {put_route(route("10.65.0.1/32")), put_route(bad),
                                         put_route(route("10.65.0.3/32")), delete_route(route("10.65.0.9/32"))};

  const auto outcomes = socket.request(messages).value();

  EXPECT_TRUE(outcomes[0]);
  EXPECT_EQ(outcomes[1].error().code, Code::not_found);
  EXPECT_TRUE(outcomes[2]);
  EXPECT_EQ(outcomes[3].error().code, Code::not_found);
  EXPECT_EQ(list_routes(socket, {.protocol = 80}).value().size(), 2u);
}

TEST_F(RouteTest, WritesThousandsInOneCall) {
  std::vector<Message> messages;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    Route row = route("10.65.0.0/32");
    row.dst = net::Cidr::host(net::Ip::v4(0x0a410000 + i));
    messages.push_back(put_route(row));
  }

  const auto outcomes = socket.request(messages).value();

  EXPECT_TRUE(std::ranges::all_of(outcomes, [](const auto& outcome) { return outcome.has_value(); }));
  EXPECT_EQ(list_routes(socket, {.family = net::Family::v4, .protocol = 80}).value().size(), 5000u);
}

TEST_F(RouteTest, SaysThatTheDeviceIsDown) {
  here.run("ip link set cali1 down");

  const auto put = socket.request(put_route(route("10.65.0.1/32")));

  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code, Code::unavailable) << put.error().message;
}

TEST_F(RouteTest, ReportsEventsAndTheirOverflow) {
  const int groups[] = {RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE};
  auto events = EventSocket::open(NETLINK_ROUTE, groups, 1).value();
  std::vector<Route> seen;
  std::uint32_t sender = 0;
  const auto read = [&] {
    return events.read([&](const Event& event) {
      if (event.type == RTM_NEWROUTE) seen.push_back(parse_route(event.payload).value());
      sender = event.sender;
    });
  };

  ASSERT_TRUE(socket.request(put_route(route("10.65.0.1/32"))));
  EXPECT_EQ(read(), false);
  EXPECT_EQ(seen, std::vector{route("10.65.0.1/32")});
  EXPECT_EQ(sender, socket.port());

  std::vector<Message> many;
  for (std::uint32_t i = 0; i < 500; ++i) {
    Route row = route("10.65.0.0/32");
    row.dst = net::Cidr::host(net::Ip::v4(0x0a420000 + i));
    many.push_back(put_route(row));
  }
  ASSERT_TRUE(socket.request(many));
  EXPECT_EQ(read(), true);
  EXPECT_EQ(read(), false);
}

TEST_F(RouteTest, KeepsNeighboursAndAddresses) {
  const auto mac = net::Mac::parse("02:00:00:00:00:01").value();
  const Neighbour v4{.device = device, .ip = net::Ip::parse("10.65.0.1").value(), .mac = mac, .protocol = 80};
  const Neighbour v6{.device = device, .ip = net::Ip::parse("fd00::1").value(), .mac = mac, .protocol = 80};
  const Neighbour proxy{.device = device, .ip = net::Ip::parse("fd00::2").value(), .state = 0, .proxy = true};

  for (const auto& row : {v4, v6, proxy}) {
    const auto put = socket.request(put_neighbour(row));
    EXPECT_TRUE(put) << put.error().message;
  }

  const auto rows = list_neighbours(socket, device).value();
  EXPECT_EQ(std::ranges::count(rows, v4), 1);
  EXPECT_EQ(std::ranges::count(rows, v6), 1);
  EXPECT_EQ(list_neighbours(socket, device, true).value().size(), 1u);
  EXPECT_TRUE(socket.request(delete_neighbour(v4)));
  EXPECT_FALSE(socket.request(delete_neighbour(v4)));

  InterfaceAddress address{.device = device, .address = net::Address::parse("fd00::5/64").value(), .no_dad = true};
  EXPECT_TRUE(put_address(socket, address));
  EXPECT_TRUE(put_address(socket, {.device = device, .address = net::Address::parse("10.0.0.1/24").value()}));
  EXPECT_EQ(std::ranges::count(list_addresses(socket, device).value(), address), 1);
  EXPECT_GT(list_addresses(socket).value().size(), list_addresses(socket, device).value().size());
  EXPECT_TRUE(delete_address(socket, address));
  EXPECT_EQ(std::ranges::count(list_addresses(socket, device).value(), address), 0);
}

TEST_F(RouteTest, ReadsATableThatChangesMeanwhile) {
  std::atomic<bool> stop = false;
  here.in([&] {
    std::vector<Message> many;
    for (std::uint32_t i = 0; i < 3000; ++i) {
      Route row = route("10.65.0.0/32");
      row.dst = net::Cidr::host(net::Ip::v4(0x0a420000 + i));
      many.push_back(put_route(row));
    }
    ASSERT_TRUE(socket.request(many));
  });
  std::thread churn([&] {
    here.enter();
    auto other = Socket::open(NETLINK_ROUTE).value();
    for (int i = 0; i < 100 && !stop; ++i) {
      Route row = route("10.67.0.1/32");
      (void)other.request(put_route(row));
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      (void)other.request(delete_route(row));
    }
  });

  for (int i = 0; i < 5; ++i) {
    const auto routes = list_routes(socket, {.family = net::Family::v4, .protocol = 80});
    ASSERT_TRUE(routes) << routes.error().message;
    EXPECT_GE(routes->size(), 3000u);
    EXPECT_LE(routes->size(), 3001u);
  }
  stop = true;
  churn.join();
}

}  // namespace
}  // namespace weft::kernel
