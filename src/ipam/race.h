#pragma once

#include <atomic>
#include <mutex>
#include <random>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "api/codec.h"
#include "api/ip_pool.h"
#include "api/node.h"
#include "ipam/check.h"
#include "ipam/ipam.h"

/// For tests: several allocators, each with its own connection, take and release at the same time.
namespace weft::ipam::racing {

/// Nodes node0…, a pool of `range` with blocks of that size.
inline void prepare(store::Store& store, int nodes, const std::string& range, int block_size) {
  for (int i = 0; i < nodes; ++i) {
    api::Node node;
    node.metadata.name = "node" + std::to_string(i);
    ASSERT_TRUE(store.put(api::path_of(node), api::to_json(node)));
  }
  api::IpPool pool;
  pool.metadata.name = "pool";
  pool.spec = {.cidr = *net::Cidr::parse(range),
               .block_size = block_size,
               .node_selector = "all()",
               .allowed_uses = {"Workload"},
               .assignment_mode = "Automatic"};
  ASSERT_TRUE(store.put(api::path_of(pool), api::to_json(pool)));
}

/// `stores`: one a racer; racers 2k and 2k+1 share a node. No address is ever with two of them; all released: nothing
/// left.
inline void race(const std::vector<store::Store*>& stores, int rounds) {
  std::mutex mutex;
  std::set<net::Ip> held;
  std::atomic<int> given = 0;
  std::atomic<int> refused = 0;
  const auto racer = [&](std::size_t number) {
    Ipam ipam(*stores[number]);
    std::mt19937 random(static_cast<unsigned>(number));
    std::vector<std::pair<std::string, std::vector<net::Ip>>> mine;
    const auto give_back = [&](std::size_t index) {
      {
        const std::lock_guard lock(mutex);
        for (const auto& ip : mine[index].second) held.erase(ip);
      }
      const auto released = ipam.release_handles({mine[index].first});
      ASSERT_TRUE(released) << released.error().message;
      ASSERT_EQ(released->released.size(), mine[index].second.size());
      mine.erase(mine.begin() + static_cast<std::ptrdiff_t>(index));
    };
    for (int round = 0; round < rounds; ++round) {
      if (!mine.empty() && random() % 5 < 2) {
        give_back(random() % mine.size());
        continue;
      }
      const std::string handle = "net." + std::to_string(number) + "-" + std::to_string(round);
      const std::string node = "node" + std::to_string(number / 2);
      const auto assigned = ipam.assign(
          {.node = node, .owner = {handle, {{"node", node}}}, .v4 = {static_cast<int>(random() % 3) + 1, {}}});
      if (!assigned) {
        ASSERT_EQ(assigned.error().code, Code::exhausted) << assigned.error().message;
        ++refused;
        if (!mine.empty()) give_back(0);
        continue;
      }
      std::vector<net::Ip> ips;
      const std::lock_guard lock(mutex);
      for (const auto& each : assigned->addresses) {
        EXPECT_TRUE(held.insert(each.ip).second) << to_string(each.ip) << " was given twice";
        ips.push_back(each.ip);
        ++given;
      }
      mine.emplace_back(handle, std::move(ips));
    }
    while (!mine.empty()) give_back(0);
  };
  std::vector<std::thread> racers;
  for (std::size_t i = 0; i < stores.size(); ++i) racers.emplace_back(racer, i);
  for (auto& each : racers) each.join();

  EXPECT_GT(given.load(), rounds);
  const auto report = check(*stores[0]);
  ASSERT_TRUE(report) << report.error().message;
  for (const auto& problem : report->problems) ADD_FAILURE() << problem.object << ": " << problem.text;
  EXPECT_TRUE(report->allocations.empty());
  EXPECT_EQ(report->handles, 0u);
}

}  // namespace weft::ipam::racing
