#include <gtest/gtest.h>

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

}  // namespace
}  // namespace weft::ipam
