#include "dataplane/dataplane.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>

#include "kernel/conntrack.h"
#include "kernel/link.h"
#include "kernel/route.h"
#include "kernel/sysctl.h"
#include "loop/loop.h"
#include "metrics/metrics.h"
#include "test/netns.h"

namespace weft::dataplane {
namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;

net::Cidr cidr(const std::string& text) { return net::Cidr::parse(text).value(); }
double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct DataplaneTest : testing::Test {
  test::InNetns here;
  test::Netns pod;
  loop::Loop loop;
  kernel::Socket rtnl = kernel::Socket::open(NETLINK_ROUTE).value();
  std::map<std::string, EndpointStatus> status;  // by workload
  Report last;
  int reports = 0;
  std::unique_ptr<Dataplane> dataplane;

  void SetUp() override { start(); }
  void TearDown() override { dataplane.reset(); }

  void start() {
    dataplane = std::make_unique<Dataplane>(loop, [this](Report report) {
      for (const auto& [id, row] : report.endpoints.rows) {
        if (row)
          status[id.workload] = *row;
        else
          status.erase(id.workload);
      }
      last = std::move(report);
      ++reports;
    });
  }

  /// Runs the loop until the condition holds. @return whether it came to hold in time
  bool until(const std::function<bool()>& condition, milliseconds limit = milliseconds(5000)) {
    const auto end = Clock::now() + limit;
    const auto tick = loop.every(milliseconds(1), [&] {
      if (condition() || Clock::now() > end) loop.stop();
    });
    loop.run();
    return condition();
  }
  void run_for(milliseconds time) {
    until([] { return false; }, time);
  }

  /// A veth as a CNI plug-in makes it, with the pod's end up in the pod's namespace.
  int veth(const std::string& name, const std::string& inside) {
    const auto made =
        kernel::create_veth(rtnl, {.name = name, .peer_name = inside, .peer_netns = pod.fd(), .up = true});
    EXPECT_TRUE(made) << made.error().message;
    pod.run("ip link set " + inside + " up");
    return kernel::get_link(rtnl, name).value().index;
  }

  static plan::Changes endpoint(const std::string& workload, const std::string& interface,
                                const std::vector<std::string>& addresses) {
    plan::Changes changes;
    plan::Endpoint row{.id = {"k8s", "default/" + workload, "eth0"},
                       .interface = interface,
                       .mac = net::Mac::parse("02:00:00:00:00:01").value()};
    for (const auto& address : addresses) {
      row.addresses.push_back(cidr(address));
      changes.routes.put({.dst = cidr(address), .interface = interface});
    }
    changes.endpoints.put(std::move(row));
    changes.revision = 1;
    return changes;
  }
  static plan::Changes gone(const std::string& workload, const std::vector<std::string>& addresses) {
    plan::Changes changes;
    for (const auto& address : addresses) changes.routes.drop(cidr(address));
    changes.endpoints.drop({"k8s", "default/" + workload, "eth0"});
    return changes;
  }
  bool is_up(const std::string& workload) {
    const auto it = status.find("default/" + workload);
    return it != status.end() && it->second.state == EndpointStatus::State::up;
  }
  std::string routes(const std::string& which = "proto 80") {
    return here.run("ip route show table main " + which + "; ip -6 route show table main " + which);
  }
  bool has_route(const std::string& dst, const std::string& device) {
    for (const auto& route : kernel::list_routes(rtnl, {.protocol = 80}).value_or(std::vector<kernel::Route>{})) {
      if (to_string(route.dst) != dst) continue;
      const auto link = kernel::get_link(rtnl, route.device);
      return link && link->name == device;
    }
    return false;
  }
};

TEST_F(DataplaneTest, LeadsToAnEndpoint) {
  veth("cali1", "eth0");

  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32", "fd00::1/128"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));

  EXPECT_TRUE(last.ready);
  EXPECT_EQ(last.revision, 1);
  EXPECT_TRUE(last.refused.empty());
  EXPECT_EQ(here.run("ip route show proto 80"), "10.65.0.1 dev cali1 scope link metric 1024 \n");
  EXPECT_EQ(here.run("ip -6 route show proto 80"), "fd00::1 dev cali1 metric 1024 pref medium\n");
  const std::string neighbours = here.run("ip neigh show dev cali1 nud permanent");
  EXPECT_NE(neighbours.find("10.65.0.1 lladdr 02:00:00:00:00:01"), std::string::npos) << neighbours;
  EXPECT_NE(neighbours.find("fd00::1 lladdr 02:00:00:00:00:01"), std::string::npos) << neighbours;
  const std::pair<const char*, const char*> settings[] = {
      {"net/ipv4/conf/cali1/route_localnet", "1"}, {"net/ipv4/neigh/cali1/proxy_delay", "0"},
      {"net/ipv4/conf/cali1/proxy_arp", "1"},      {"net/ipv4/conf/cali1/forwarding", "1"},
      {"net/ipv6/conf/cali1/accept_ra", "0"},      {"net/ipv6/conf/cali1/proxy_ndp", "1"},
      {"net/ipv6/conf/cali1/forwarding", "1"},     {"net/ipv4/ip_forward", "1"},
      {"net/ipv6/conf/all/forwarding", "1"},
  };
  for (const auto& [name, value] : settings) EXPECT_EQ(kernel::read_sysctl(name), value) << name;
}

TEST_F(DataplaneTest, LeavesNothingBehindWhenAnEndpointGoes) {
  veth("cali1", "eth0");
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32", "fd00::1/128"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));

  dataplane->on(gone("web", {"10.65.0.1/32", "fd00::1/128"}));
  ASSERT_TRUE(until([&] { return status.empty(); }));

  EXPECT_EQ(routes(), "");
  EXPECT_EQ(here.run("ip neigh show dev cali1 nud permanent"), "");
}

TEST_F(DataplaneTest, WaitsForAnInterfaceThatComesLater) {
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32"}));
  ASSERT_TRUE(until([&] { return last.ready; }));
  EXPECT_EQ(status["default/web"].state, EndpointStatus::State::down);
  EXPECT_EQ(status["default/web"].message, "interface cali1 is not there");
  EXPECT_TRUE(last.refused.empty());

  veth("cali1", "eth0");
  ASSERT_TRUE(until([&] { return is_up("web"); }));

  EXPECT_TRUE(has_route("10.65.0.1/32", "cali1"));
}

TEST_F(DataplaneTest, FollowsAnInterfaceThatIsMadeAgain) {
  const int before = veth("cali1", "eth0");
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32", "fd00::1/128"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));

  ASSERT_TRUE(kernel::delete_link(rtnl, before));
  ASSERT_TRUE(until([&] { return !is_up("web"); }));
  const int after = veth("cali1", "eth0");
  ASSERT_NE(before, after);
  ASSERT_TRUE(until([&] { return is_up("web"); }));

  EXPECT_TRUE(has_route("10.65.0.1/32", "cali1"));
  EXPECT_TRUE(has_route("fd00::1/128", "cali1"));
  EXPECT_EQ(kernel::read_sysctl("net/ipv4/conf/cali1/proxy_arp"), "1");
  EXPECT_NE(here.run("ip neigh show dev cali1 nud permanent"), "");
}

TEST_F(DataplaneTest, ComesBackWithAnInterfaceThatWasDown) {
  const int index = veth("cali1", "eth0");
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32", "fd00::1/128"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));

  ASSERT_TRUE(kernel::change_link(rtnl, index, {.up = false}));
  ASSERT_TRUE(until([&] { return !is_up("web"); }));
  EXPECT_EQ(status["default/web"].message, "interface cali1 is down");
  EXPECT_TRUE(last.refused.empty());
  ASSERT_TRUE(kernel::change_link(rtnl, index, {.up = true}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));

  EXPECT_TRUE(has_route("10.65.0.1/32", "cali1"));
  EXPECT_TRUE(has_route("fd00::1/128", "cali1"));
  EXPECT_NE(here.run("ip neigh show dev cali1 nud permanent").find("10.65.0.1"), std::string::npos);
}

TEST_F(DataplaneTest, LeavesForeignRoutesAlone) {
  veth("cali1", "eth0");
  here.run("ip link add up0 type bridge && ip link set up0 up && ip addr add 192.0.2.1/24 dev up0");
  here.run(
      "ip route add 10.1.0.0/24 dev up0 proto static && ip route add 10.2.0.1/32 dev cali1"
      " && ip route add blackhole 10.3.0.0/26 proto bird && ip -6 route add fd01::/64 dev up0 proto bird"
      " && ip route add 10.4.0.1/32 dev cali1 proto 80 table 100");
  const std::string before = here.run("ip route show table all; ip -6 route show table all");

  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));
  dataplane->on(gone("web", {"10.65.0.1/32"}));
  ASSERT_TRUE(until([&] { return status.empty(); }));

  EXPECT_EQ(here.run("ip route show table all; ip -6 route show table all"), before);
}

TEST_F(DataplaneTest, RemovesRoutesOfOthersFromWorkloadsWhenToldTo) {
  veth("cali1", "eth0");
  here.run("ip link add up0 type bridge && ip link set up0 up && ip route add 10.1.0.0/24 dev up0 proto static");
  here.run("ip route add 10.65.0.7/32 dev cali1");

  auto changes = endpoint("web", "cali1", {"10.65.0.1/32"});
  changes.settings = plan::Settings{.remove_external_routes = true};
  dataplane->on(changes);
  ASSERT_TRUE(until([&] { return is_up("web"); }));
  EXPECT_EQ(here.run("ip route show 10.65.0.7"), "");
  EXPECT_NE(here.run("ip route show 10.1.0.0/24"), "");

  here.run("ip route add 10.65.0.8/32 dev cali1");
  EXPECT_TRUE(until([&] { return here.run("ip route show 10.65.0.8").empty(); }));
}

TEST_F(DataplaneTest, PutsADeletedRouteBackAtOnce) {
  veth("cali1", "eth0");
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32", "fd00::1/128"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));
  const int before = reports;

  for (const char* dst : {"10.65.0.1/32", "fd00::1/128"}) {
    const auto all = kernel::list_routes(rtnl, {.protocol = 80}).value();
    const auto route = std::ranges::find(all, cidr(dst), &kernel::Route::dst);
    ASSERT_NE(route, all.end());
    ASSERT_TRUE(rtnl.request(kernel::delete_route(*route)));
    const auto start = Clock::now();
    ASSERT_TRUE(until([&] { return has_route(dst, "cali1"); }, milliseconds(1000)));
    std::printf("route %s is back after %.1f ms\n", dst, ms_since(start));
  }
  run_for(milliseconds(100));
  EXPECT_EQ(reports, before + 2);  // one apply each, and our own changes start none
}

TEST_F(DataplaneTest, RepairsARouteThatWasReplaced) {
  veth("cali1", "eth0");
  veth("cali2", "eth1");
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32", "fd00::1/128"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));

  here.run(
      "ip route replace 10.65.0.1/32 dev cali2 metric 1024 && ip route add 10.65.0.9/32 dev cali2 proto 80"
      " && ip -6 route replace fd00::1/128 dev cali2 metric 1024");

  EXPECT_TRUE(until([&] {
    return has_route("10.65.0.1/32", "cali1") && has_route("fd00::1/128", "cali1") &&
           !has_route("10.65.0.9/32", "cali2");
  }));
}

TEST_F(DataplaneTest, PutsANeighbourBackAtOnce) {
  veth("cali1", "eth0");
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32", "fd00::1/128"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));
  auto& repairs = metrics::counter("weft_dataplane_repairs", "", {{"object", "neighbour"}});
  const std::string right = here.run("ip neigh show dev cali1 nud permanent");
  const double before = repairs.value();

  for (const char* vandalism : {"ip neigh del 10.65.0.1 dev cali1", "ip -6 neigh del fd00::1 dev cali1",
                                "ip neigh flush dev cali1 nud permanent",
                                "ip neigh replace 10.65.0.1 lladdr 02:00:00:00:00:99 dev cali1 nud permanent",
                                "ip neigh replace 10.65.0.1 lladdr 02:00:00:00:00:01 dev cali1 nud reachable"}) {
    here.run(vandalism);
    const int reported = reports;
    const auto start = Clock::now();
    EXPECT_TRUE(until([&] { return reports > reported && here.run("ip neigh show dev cali1 nud permanent") == right; },
                      milliseconds(1000)))
        << vandalism << ": " << here.run("ip neigh show dev cali1");
    std::printf("after `%s` neighbours are back after %.1f ms\n", vandalism, ms_since(start));
  }
  EXPECT_GE(repairs.value(), before + 5);
  here.run("ip neigh add 192.0.2.9 lladdr 02:00:00:00:00:99 dev cali1 nud permanent");  // not ours
  const int reported = reports;
  run_for(milliseconds(100));
  EXPECT_EQ(reports, reported) << "our own changes start nothing, nor do foreign entries";
  EXPECT_NE(here.run("ip neigh show 192.0.2.9"), "");
}

TEST_F(DataplaneTest, TurnsForwardingOnAgainAtOnce) {
  veth("cali1", "eth0");
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32", "fd00::1/128"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));
  auto& repairs = metrics::counter("weft_dataplane_repairs", "", {{"object", "sysctl"}});
  double before = repairs.value();

  for (const std::string setting :
       {"ipv4/ip_forward", "ipv6/conf/all/forwarding", "ipv4/conf/cali1/forwarding", "ipv6/conf/cali1/forwarding",
        "ipv4/conf/cali1/proxy_arp", "ipv6/conf/cali1/proxy_ndp", "ipv4/conf/cali1/rp_filter"}) {
    const std::string name = "net/" + setting, right = kernel::read_sysctl(name).value();
    ASSERT_TRUE(kernel::write_sysctl(name, right == "0" ? "1" : "0"));
    const auto start = Clock::now();
    EXPECT_TRUE(until([&] { return kernel::read_sysctl(name) == right; }, milliseconds(1000))) << name;
    std::printf("%s is back after %.1f ms\n", name.c_str(), ms_since(start));
    EXPECT_EQ(kernel::read_sysctl("net/ipv4/conf/cali1/forwarding"), "1");
    EXPECT_EQ(kernel::read_sysctl("net/ipv6/conf/cali1/forwarding"), "1");
    EXPECT_TRUE(until([&] { return repairs.value() > before; }, milliseconds(1000))) << "counted: " << name;
    before = repairs.value();
  }
  run_for(milliseconds(20));
  const int reported = reports;
  run_for(milliseconds(100));
  EXPECT_EQ(reports, reported) << "our own changes start nothing";
}

TEST_F(DataplaneTest, IsNotKeptBusyByWhoeverKeepsDeleting) {
  veth("cali1", "eth0");
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));
  const int before = reports;

  const auto route = kernel::list_routes(rtnl, {.protocol = 80}).value().at(0);
  const auto vandal = loop.every(milliseconds(1), [&] { (void)rtnl.request(kernel::delete_route(route)); });
  run_for(milliseconds(500));

  EXPECT_LE(reports - before, 10 + 6);
  EXPECT_GE(reports - before, 10);
}

TEST_F(DataplaneTest, ChangesNothingAfterARestart) {
  veth("cali1", "eth0");
  veth("cali2", "eth1");
  auto changes = endpoint("web", "cali1", {"10.65.0.1/32", "fd00::1/128"});
  changes.merge(endpoint("db", "cali2", {"10.65.0.2/32", "fd00::2/128"}));
  dataplane->on(changes);
  ASSERT_TRUE(until([&] { return is_up("web") && is_up("db"); }));
  dataplane.reset();
  status.clear();
  here.run("ip route add 10.65.0.77/32 dev cali1 proto 80 metric 1024 && ip route del 10.65.0.2/32");
  run_for(milliseconds(20));
  const int groups[] = {RTNLGRP_LINK, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_NEIGH};
  auto events = kernel::EventSocket::open(NETLINK_ROUTE, groups).value();
  const int nft_groups[] = {NFNLGRP_NFTABLES};
  auto nft_events = kernel::EventSocket::open(NETLINK_NETFILTER, nft_groups).value();

  start();
  dataplane->on(changes);
  ASSERT_TRUE(until([&] { return is_up("web") && is_up("db"); }));
  run_for(milliseconds(50));

  std::vector<std::string> seen;
  EXPECT_EQ(events.read([&](const kernel::Event& event) {
    if (event.type == RTM_NEWROUTE || event.type == RTM_DELROUTE) {
      seen.push_back((event.type == RTM_NEWROUTE ? "new " : "del ") +
                     to_string(kernel::parse_route(event.payload).value().dst));
    } else {
      seen.push_back("event " + std::to_string(event.type));
    }
  }),
            false);
  int nft_seen = 0;
  EXPECT_EQ(nft_events.read([&](const kernel::Event&) { ++nft_seen; }), false);
  EXPECT_EQ(nft_seen, 0);
  // Only what was wrong is repaired.
  EXPECT_EQ(seen, (std::vector<std::string>{"del 10.65.0.77/32", "new 10.65.0.2/32"}));
}

TEST_F(DataplaneTest, ReadsAnewWhenEventsWereLost) {
  veth("cali1", "eth0");
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));
  here.run("ip link add up0 type bridge && ip link set up0 up");
  const int up0 = kernel::get_link(rtnl, "up0").value().index;
  auto& lost = metrics::counter("weft_kernel_events_lost", "", {{"socket", "rtnl"}});
  const double before = lost.value();

  std::vector<kernel::Message> noise;
  for (std::uint32_t i = 0; i < 20000; ++i) {
    noise.push_back(kernel::put_route({.dst = net::Cidr::host(net::Ip::v4(0x0b000000 + i)), .device = up0}));
  }
  ASSERT_TRUE(rtnl.request(noise));
  here.run("ip route del 10.65.0.1/32; ip link del cali1");
  veth("cali1", "eth0");

  EXPECT_TRUE(until([&] { return has_route("10.65.0.1/32", "cali1"); }, milliseconds(2000)));
  EXPECT_GT(lost.value(), before);
}

TEST_F(DataplaneTest, ReadsOurTableAnewWhenEventsAboutItWereLost) {
  veth("cali1", "eth0");
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));
  const std::string right = here.run("nft list table inet weft");
  auto& lost = metrics::counter("weft_kernel_events_lost", "", {{"socket", "nftables"}});
  const double before = lost.value();

  // Each element of another's set is an event; ours comes when the buffer is full.
  here.run(
      "(echo 'add table inet other; add set inet other s { type ipv4_addr; }; add element inet other s {'; awk 'BEGIN "
      "{ "
      "for (i = 0; i < 150000; i++) printf \"11.%d.%d.%d,\\n\", i / 65536, i / 256 % 256, i % 256 }'; echo '}') | nft "
      "-f "
      "- && nft delete table inet weft");

  EXPECT_TRUE(until([&] { return here.shell_in("nft list table inet weft").output == right; }, milliseconds(10000)));
  EXPECT_GT(lost.value(), before);
}

TEST_F(DataplaneTest, OneRefusedRouteDoesNotHoldBackTheOthers) {
  veth("cali1", "eth0");
  auto changes = endpoint("web", "cali1", {"10.65.0.1/32", "fd00::1/128"});
  changes.settings = plan::Settings{.device_route_source = net::Ip::parse("192.0.2.9").value()};

  dataplane->on(changes);
  ASSERT_TRUE(until([&] { return !last.refused.empty(); }));
  EXPECT_EQ(status["default/web"].state, EndpointStatus::State::error);
  EXPECT_NE(status["default/web"].message.find("10.65.0.1/32"), std::string::npos) << status["default/web"].message;
  EXPECT_TRUE(has_route("fd00::1/128", "cali1"));

  here.run("ip addr add 192.0.2.9/32 dev lo");
  EXPECT_TRUE(until([&] { return is_up("web"); }));
  EXPECT_NE(here.run("ip route show 10.65.0.1").find("src 192.0.2.9"), std::string::npos);
}

TEST_F(DataplaneTest, LooksAtEverythingNowAndThen) {
  veth("cali1", "eth0");
  auto changes = endpoint("web", "cali1", {"10.65.0.1/32"});
  changes.settings = plan::Settings{};
  changes.settings->interface_refresh = changes.settings->route_refresh = std::chrono::seconds(1);
  dataplane->on(changes);
  ASSERT_TRUE(until([&] { return is_up("web"); }));

  // What the kernel tells nobody.
  ASSERT_EQ(kernel::write_sysctl("net/ipv4/conf/cali1/route_localnet", "0").value(), "1");
  ASSERT_EQ(kernel::write_sysctl("net/ipv6/conf/cali1/accept_ra", "1").value(), "0");

  EXPECT_TRUE(until([&] {
    return kernel::read_sysctl("net/ipv4/conf/cali1/route_localnet") == "1" &&
           kernel::read_sysctl("net/ipv6/conf/cali1/accept_ra") == "0";
  }));
}

TEST_F(DataplaneTest, NoticesThatTheSourceOfItsRoutesWent) {
  veth("cali1", "eth0");
  here.run("ip addr add 192.0.2.9/32 dev lo");
  auto changes = endpoint("web", "cali1", {"10.65.0.1/32"});
  changes.settings = plan::Settings{.device_route_source = net::Ip::parse("192.0.2.9").value()};
  dataplane->on(changes);
  ASSERT_TRUE(until([&] { return is_up("web"); }));

  here.run("ip addr del 192.0.2.9/32 dev lo");  // takes the route along without a word
  ASSERT_TRUE(until([&] { return !is_up("web"); }));
  here.run("ip addr add 192.0.2.9/32 dev lo");

  EXPECT_TRUE(until([&] { return is_up("web") && has_route("10.65.0.1/32", "cali1"); }));
}

TEST_F(DataplaneTest, FollowsSettingsLive) {
  veth("cali1", "eth0");
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32", "fd00::1/128"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));

  plan::Changes changes;
  changes.settings = plan::Settings{.spoofing_allowed = true};
  changes.settings->device_route_protocol = 90;
  changes.settings->route_priority_v4 = 7;
  changes.revision = 2;
  dataplane->on(changes);
  ASSERT_TRUE(until([&] { return last.revision == 2; }));

  EXPECT_EQ(here.run("ip route show 10.65.0.1"), "10.65.0.1 dev cali1 proto 90 scope link metric 7 \n");
  EXPECT_EQ(here.run("ip -6 route show fd00::1"), "fd00::1 dev cali1 proto 90 metric 1024 pref medium\n");
  EXPECT_EQ(kernel::read_sysctl("net/ipv4/conf/cali1/rp_filter"), "0");
}

TEST_F(DataplaneTest, PutsOurTableBackAtOnce) {
  veth("cali1", "eth0");
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));
  const std::string right = here.run("nft list table inet weft");
  ASSERT_NE(right.find("cali1"), std::string::npos) << right;
  auto& repairs = metrics::counter("weft_dataplane_repairs", "", {{"object", "nftables"}});

  for (const auto& [vandalism, found] : {std::pair{"nft delete table inet weft", "found=\"the table is gone\""},
                                         std::pair{"nft flush ruleset", "found=\"the table is gone\""},
                                         std::pair{"nft flush chain inet weft forward", "found=\"chain forward\""}}) {
    const double repaired = repairs.value();
    testing::internal::CaptureStderr();
    here.run(vandalism);
    const auto start = Clock::now();
    const int before = reports;
    ASSERT_TRUE(until([&] { return reports > before; }, milliseconds(1000))) << vandalism;
    std::printf("after `%s` the table is back after %.1f ms\n", vandalism, ms_since(start));
    run_for(milliseconds(100));
    EXPECT_EQ(reports, before + 1) << vandalism << ": our own changes start nothing";
    const std::string log = testing::internal::GetCapturedStderr();
    EXPECT_EQ(here.run("nft list table inet weft"), right) << vandalism;
    EXPECT_EQ(repairs.value(), repaired + 1) << vandalism;
    EXPECT_EQ(std::ranges::count(log, '\n'), 1) << log;
    EXPECT_NE(log.find(found), std::string::npos) << log;
  }
}

TEST_F(DataplaneTest, SaysOnceWhatSomebodyElseTookAway) {
  const int first = veth("cali1", "eth0");
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));
  const auto repaired = [](const char* object) {
    return metrics::counter("weft_dataplane_repairs", "", {{"object", object}}).value();
  };
  const double routes_before = repaired("route"), sysctls_before = repaired("sysctl"),
               endpoints_before = repaired("endpoint");
  const auto log_of = [&](const std::function<void()>& vandalism) {
    testing::internal::CaptureStderr();
    vandalism();
    run_for(milliseconds(100));
    return testing::internal::GetCapturedStderr();
  };
  const auto lines = [](const std::string& log) { return std::ranges::count(log, '\n'); };

  std::string log = log_of([&] { here.run("ip route del 10.65.0.1/32"); });
  EXPECT_EQ(lines(log), 1) << log;
  EXPECT_NE(log.find("found=nothing"), std::string::npos) << log;
  EXPECT_EQ(repaired("route"), routes_before + 1);

  log = log_of([&] { ASSERT_TRUE(kernel::write_sysctl("net/ipv4/conf/cali1/proxy_arp", "0")); });
  EXPECT_EQ(lines(log), 1) << log;
  EXPECT_NE(log.find("proxy_arp"), std::string::npos) << log;
  EXPECT_EQ(repaired("sysctl"), sysctls_before + 1);

  for (const std::string setting : {"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"}) {
    log = log_of([&] { ASSERT_TRUE(kernel::write_sysctl(setting, "0")); });
    const std::string told = "forwarding was turned off by somebody else; it is on again found=";
    const auto at = log.find(told);
    ASSERT_NE(at, std::string::npos) << setting << ": " << log;
    EXPECT_EQ(log.find(told, at + 1), std::string::npos) << log;
    EXPECT_NE(log.find(setting, at), std::string::npos) << log;
  }

  log = log_of([&] { ASSERT_TRUE(kernel::delete_link(rtnl, first)); });
  EXPECT_EQ(log, "") << "mostly it is a pod that goes";
  EXPECT_EQ(status["default/web"].message, "interface cali1 is not there");
  testing::internal::CaptureStderr();
  veth("cali1", "eth0");  // it is not ours to make
  const auto start = Clock::now();
  EXPECT_TRUE(until([&] { return is_up("web"); }));
  std::printf("the endpoint is up %.1f ms after its interface was made again\n", ms_since(start));
  log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(lines(log), 1) << log;
  EXPECT_NE(log.find("an endpoint is up again"), std::string::npos) << log;
  EXPECT_EQ(repaired("endpoint"), endpoints_before + 1);
}

TEST_F(DataplaneTest, IsNotWokenByOtherTables) {
  dataplane->on(plan::Changes{});
  ASSERT_TRUE(until([&] { return last.ready; }));
  run_for(milliseconds(20));
  const int before = reports;

  here.run(
      "nft add table inet other && nft add chain inet other c && nft add rule inet other c accept"
      " && nft add table ip weft");
  run_for(milliseconds(50));

  EXPECT_EQ(reports, before);
}

TEST_F(DataplaneTest, LeadsNowhereWhilePolicyCannotBeWritten) {
  veth("cali1", "eth0");
  // Somebody owns a table of our name for a while: the kernel refuses every change of it.
  here.run("( (echo 'add table inet weft { flags owner; }'; sleep 1) | nft -i ) >/dev/null 2>&1 &");
  ASSERT_TRUE(test::eventually([&] { return here.shell_in("nft list table inet weft").status == 0; }));

  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32"}));
  ASSERT_TRUE(until([&] { return reports > 1; }));

  EXPECT_FALSE(last.ready);
  EXPECT_EQ(last.revision, 0);
  EXPECT_FALSE(last.refused.empty());
  EXPECT_EQ(status["default/web"].state, EndpointStatus::State::error);
  EXPECT_EQ(routes(), "");

  EXPECT_TRUE(until([&] { return is_up("web"); }, milliseconds(10000)));
  EXPECT_TRUE(last.ready);
  EXPECT_TRUE(has_route("10.65.0.1/32", "cali1"));
}

TEST_F(DataplaneTest, SaysWhatIsWrongWithAnEndpointThatCannotBePoliced) {
  veth("veth1", "eth0");
  veth("cali2", "eth1");
  auto changes = endpoint("web", "veth1", {"10.65.0.1/32"});
  changes.merge(endpoint("db", "cali2", {"10.65.0.2/32"}));

  dataplane->on(changes);
  ASSERT_TRUE(until([&] { return is_up("db"); }));

  EXPECT_EQ(status["default/web"].state, EndpointStatus::State::error);
  EXPECT_NE(status["default/web"].message.find("veth1"), std::string::npos) << status["default/web"].message;
  EXPECT_FALSE(has_route("10.65.0.1/32", "veth1"));
}

/// Real flows through the routes under test.
struct FlowTest : DataplaneTest {
  kernel::Socket netfilter = kernel::Socket::open(NETLINK_NETFILTER).value();

  void SetUp() override {
    DataplaneTest::SetUp();
    here.run(
        "nft add table inet t && nft add chain inet t o '{ type filter hook output priority 0; }'"
        " && nft add rule inet t o ct state new accept && ip addr add 192.0.2.1/32 dev lo"
        " && ip -6 addr add fd01::1/128 dev lo");
    pod.run("ip addr add 10.65.0.1/32 dev lo; ip -6 addr add fd00::1/128 dev lo");
  }

  static void send(const std::string& to) {
    const auto ip = net::Ip::parse(to).value();
    Fd fd(socket(ip.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM, 0));
    if (ip.is_v4()) {
      sockaddr_in name{.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {}, .sin_zero = {}};
      std::ranges::copy(ip.bytes(), reinterpret_cast<std::uint8_t*>(&name.sin_addr));
      EXPECT_EQ(sendto(fd.get(), "x", 1, 0, reinterpret_cast<sockaddr*>(&name), sizeof name), 1) << strerror(errno);
    } else {
      sockaddr_in6 name{};
      name.sin6_family = AF_INET6;
      name.sin6_port = htons(9);
      std::ranges::copy(ip.bytes(), reinterpret_cast<std::uint8_t*>(&name.sin6_addr));
      EXPECT_EQ(sendto(fd.get(), "x", 1, 0, reinterpret_cast<sockaddr*>(&name), sizeof name), 1) << strerror(errno);
    }
  }
  std::size_t connections(const std::string& to) {
    const auto ip = net::Ip::parse(to).value();
    const auto all = kernel::list_connections(netfilter, ip.family()).value();
    return static_cast<std::size_t>(
        std::ranges::count_if(all, [&](const auto& row) { return row.original.destination == ip; }));
  }
};

TEST_F(FlowTest, ForgetsConnectionsOfAnAddressThatGoes) {
  veth("cali1", "eth0");
  veth("cali2", "eth1");
  auto changes = endpoint("web", "cali1", {"10.65.0.1/32", "fd00::1/128"});
  changes.merge(endpoint("db", "cali2", {"10.65.0.2/32", "fd00::2/128"}));
  dataplane->on(changes);
  ASSERT_TRUE(until([&] { return is_up("web") && is_up("db"); }));
  for (const char* to : {"10.65.0.1", "fd00::1", "10.65.0.2", "fd00::2"}) {
    send(to);
    ASSERT_EQ(connections(to), 1u) << to;
  }

  dataplane->on(gone("web", {"10.65.0.1/32", "fd00::1/128"}));
  ASSERT_TRUE(until([&] { return !status.contains("default/web"); }));

  EXPECT_EQ(connections("10.65.0.1"), 0u);
  EXPECT_EQ(connections("fd00::1"), 0u);
  EXPECT_EQ(connections("10.65.0.2"), 1u);
  EXPECT_EQ(connections("fd00::2"), 1u);
}

TEST_F(FlowTest, ForgetsConnectionsEvenWhenTheInterfaceWentFirst) {
  const int index = veth("cali1", "eth0");
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));
  send("10.65.0.1");
  ASSERT_EQ(connections("10.65.0.1"), 1u);

  ASSERT_TRUE(kernel::delete_link(rtnl, index));
  ASSERT_TRUE(until([&] { return !is_up("web"); }));
  dataplane->on(gone("web", {"10.65.0.1/32"}));
  ASSERT_TRUE(until([&] { return status.empty(); }));

  EXPECT_EQ(connections("10.65.0.1"), 0u);
}

TEST_F(FlowTest, ForgetsConnectionsOfAnAddressThatMoves) {
  veth("cali1", "eth0");
  veth("cali2", "eth1");
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));
  send("10.65.0.1");
  ASSERT_EQ(connections("10.65.0.1"), 1u);

  dataplane->on(endpoint("web", "cali2", {"10.65.0.1/32"}));
  ASSERT_TRUE(until([&] { return has_route("10.65.0.1/32", "cali2"); }));

  EXPECT_EQ(connections("10.65.0.1"), 0u);
}

TEST_F(FlowTest, KeepsConnectionsWhenOnlyTheMetricChangesOrTheLinkFlaps) {
  const int index = veth("cali1", "eth0");
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));
  send("10.65.0.1");

  plan::Changes changes;
  changes.settings = plan::Settings{.route_priority_v4 = 5};
  dataplane->on(changes);
  ASSERT_TRUE(until([&] { return here.run("ip route show 10.65.0.1").find("metric 5") != std::string::npos; }));
  ASSERT_TRUE(kernel::change_link(rtnl, index, {.up = false}));
  ASSERT_TRUE(until([&] { return !is_up("web"); }));
  ASSERT_TRUE(kernel::change_link(rtnl, index, {.up = true}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));

  EXPECT_EQ(connections("10.65.0.1"), 1u);
}

TEST_F(FlowTest, ForgetsConnectionsOfStaleRoutesAfterARestart) {
  veth("cali1", "eth0");
  dataplane->on(endpoint("web", "cali1", {"10.65.0.1/32"}));
  ASSERT_TRUE(until([&] { return is_up("web"); }));
  send("10.65.0.1");
  dataplane.reset();
  status.clear();
  last = {};

  start();
  dataplane->on(plan::Changes{});
  ASSERT_TRUE(until([&] { return last.ready; }));

  EXPECT_EQ(routes(), "");
  EXPECT_EQ(here.run("ip neigh show dev cali1 nud permanent"), "");
  EXPECT_EQ(connections("10.65.0.1"), 0u);
}

}  // namespace
}  // namespace weft::dataplane
