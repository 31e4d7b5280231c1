#include "dataplane/workloads.h"

#include <gtest/gtest.h>

namespace weft::dataplane {
namespace {

net::Cidr cidr(const char* text) { return net::Cidr::parse(text).value(); }
const net::Mac mac = net::Mac::parse("02:00:00:00:00:01").value();

struct WorkloadsTest : testing::Test {
  Workloads workloads;
  Links links;

  void endpoint(const char* name, const char* interface, const char* address) {
    plan::Changes changes;
    changes.endpoints.put({.id = {"k8s", name, "eth0"}, .interface = interface, .mac = mac});
    changes.routes.put({.dst = cidr(address), .interface = interface});
    workloads.on(changes);
  }
  void link(int index, const char* name, bool up = true) {
    for (const auto& touched : links.put({.index = index, .name = name, .up = up})) workloads.touch_interface(touched);
  }
  void settings(const plan::Settings& settings) {
    plan::Changes changes;
    changes.settings = settings;
    workloads.on(changes);
  }
  static kernel::Route route(const char* dst, int device, std::uint32_t metric = 1024) {
    return kernel::Route{.dst = cidr(dst), .metric = metric, .protocol = 80, .scope = RT_SCOPE_LINK, .device = device}
        .normalized();
  }
};

TEST_F(WorkloadsTest, WantsARouteAndANeighbourWhenTheInterfaceIsUp) {
  endpoint("web", "cali1", "fd00::1/128");
  EXPECT_TRUE(workloads.take(links).routes.empty());
  link(5, "cali1", false);
  EXPECT_TRUE(workloads.take(links).routes.empty());

  link(5, "cali1");
  const auto rows = workloads.take(links);

  ASSERT_EQ(rows.routes.rows.size(), 1u);
  EXPECT_EQ(rows.routes.rows.begin()->second, route("fd00::1/128", 5));
  ASSERT_EQ(rows.neighbours.rows.size(), 1u);
  EXPECT_EQ(rows.neighbours.rows.begin()->second->mac, mac);
  EXPECT_TRUE(rows.left.empty());
  EXPECT_TRUE(workloads.take(links).routes.empty());
}

TEST_F(WorkloadsTest, NeighboursNeedAMac) {
  plan::Changes changes;
  changes.routes.put({.dst = cidr("10.0.0.1/32"), .interface = "cali1"});
  changes.endpoints.put({.id = {"k8s", "web", "eth0"}, .interface = "cali1"});
  workloads.on(changes);
  link(5, "cali1");

  auto rows = workloads.take(links);
  EXPECT_EQ(rows.routes.rows.size(), 1u);
  EXPECT_TRUE(rows.neighbours.empty());

  endpoint("web", "cali1", "10.0.0.1/32");
  rows = workloads.take(links);
  EXPECT_TRUE(rows.routes.empty());
  EXPECT_EQ(rows.neighbours.rows.size(), 1u);
}

TEST_F(WorkloadsTest, AnAddressLeavesWhenItMovesOrGoesAndStaysWhenItsLinkIsDown) {
  link(5, "cali1");
  link(6, "cali2");
  endpoint("web", "cali1", "10.0.0.1/32");
  workloads.take(links);

  link(5, "cali1", false);
  EXPECT_TRUE(workloads.take(links).left.empty());
  for (const auto& name : links.drop(5)) workloads.touch_interface(name);
  EXPECT_TRUE(workloads.take(links).left.empty());
  link(7, "cali1");
  EXPECT_EQ(workloads.take(links).left.size(), 1u);
  endpoint("web", "cali2", "10.0.0.1/32");
  EXPECT_EQ(workloads.take(links).left.size(), 1u);

  plan::Changes changes;
  changes.routes.whole = true;
  workloads.on(changes);
  const auto rows = workloads.take(links);
  EXPECT_EQ(rows.left.size(), 1u);
  EXPECT_EQ(rows.routes.rows.begin()->second, std::nullopt);
}

TEST_F(WorkloadsTest, FollowsSettings) {
  link(5, "cali1");
  endpoint("web", "cali1", "10.0.0.1/32");
  workloads.take(links);

  settings({.route_priority_v4 = 512});
  auto rows = workloads.take(links);

  ASSERT_EQ(rows.routes.rows.size(), 2u);
  EXPECT_EQ(rows.routes.rows.at(route("10.0.0.1/32", 5).key()), std::nullopt);
  EXPECT_EQ(rows.routes.rows.at(route("10.0.0.1/32", 5, 512).key()), route("10.0.0.1/32", 5, 512));
  EXPECT_TRUE(rows.left.empty());
  settings({.route_priority_v4 = 512});
  EXPECT_TRUE(workloads.take(links).routes.empty());
}

TEST_F(WorkloadsTest, LeadsNowhereWithoutOurPrefix) {
  link(5, "veth1");
  endpoint("web", "veth1", "10.0.0.1/32");
  EXPECT_TRUE(workloads.take(links).routes.empty());

  settings({.interface_prefixes = {"veth"}});
  EXPECT_EQ(workloads.take(links).routes.rows.size(), 1u);
}

TEST_F(WorkloadsTest, KnowsWorkloadsByPrefix) {
  settings({.interface_prefixes = {"cali", "tap"}});

  EXPECT_TRUE(workloads.is_workload("cali123"));
  EXPECT_TRUE(workloads.is_workload("tap0"));
  EXPECT_FALSE(workloads.is_workload("eth0"));
}

}  // namespace
}  // namespace weft::dataplane
