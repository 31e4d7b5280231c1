#include <gtest/gtest.h>

#include <set>

#include "ipam/race.h"
#include "store/etcd/etcd.h"
#include "test/etcd.h"

namespace weft::ipam {
namespace {

TEST(IpamRaceTest, NeverGivesAnAddressTwiceOverConnectionsToOneEtcd) {
  test::Etcd etcd;
  std::vector<std::unique_ptr<store::Store>> connections;
  std::vector<store::Store*> stores;
  for (int i = 0; i < 6; ++i) {
    auto opened = store::open_etcd({.endpoints = {*store::parse_endpoint(etcd.endpoint())}});
    ASSERT_TRUE(opened) << opened.error().message;
    connections.push_back(std::move(*opened));
    stores.push_back(connections.back().get());
  }
  racing::prepare(*stores[0], 3, "10.65.0.0/26", 28);

  racing::race(stores, 60);
}

TEST(IpamEtcdTest, GivesMoreBlocksThanATransactionOfEtcdTakes) {
  test::Etcd etcd;
  const auto store = store::open_etcd({.endpoints = {*store::parse_endpoint(etcd.endpoint())}}).value();
  racing::prepare(*store, 1, "10.65.0.0/24", 32);
  Ipam ipam(*store);
  const AssignRequest request{
      .node = "node0", .owner = {"net.many", {}}, .v4 = {.count = 200, .pools = {}}, .v6 = {}, .max_blocks = 400};

  const auto shares = ipam.assign_what_there_is(request);

  ASSERT_FALSE(shares.error) << shares.error->message;
  EXPECT_EQ(shares.v4->requested, 200);
  std::set<net::Ip> ips;
  for (const auto& each : shares.v4->addresses) ips.insert(each.ip);
  EXPECT_EQ(ips.size(), 200u);
  EXPECT_EQ(ipam.by_handle("net.many").value().size(), 200u);
  const auto report = check(*store).value();
  for (const auto& problem : report.problems) ADD_FAILURE() << problem.object << ": " << problem.text;

  ASSERT_TRUE(ipam.release_handles({"net.many"}));
  EXPECT_TRUE(ipam.by_handle("net.many").value().empty());
}

}  // namespace
}  // namespace weft::ipam
