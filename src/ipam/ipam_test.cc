#include "ipam/ipam.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/codec.h"
#include "api/ip_pool.h"
#include "api/node.h"
#include "ipam/affinity.h"
#include "ipam/check.h"
#include "ipam/config.h"
#include "ipam/leaks.h"
#include "ipam/owner.h"
#include "ipam/tunnel.h"
#include "ipam/usage.h"
#include "store/memory.h"

namespace weft::ipam {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

net::Ip ip(std::string_view text) { return *net::Ip::parse(text); }
net::Cidr cidr(std::string_view text) { return *net::Cidr::parse(text); }

class IpamTest : public testing::Test {
 protected:
  IpamTest() {
    add_node("node1");
    add_node("node2", {{"zone", "b"}});
    add_pool("pool1", "10.65.0.0/24", 29);
  }

  void add_node(const std::string& name, api::Labels labels = {}) {
    api::Node node;
    node.metadata.name = name;
    node.metadata.labels = std::move(labels);
    ASSERT_TRUE(store.put(api::path_of(node), api::to_json(node)));
  }
  void add_pool(const std::string& name, const std::string& range, int block_size,
                const std::function<void(api::IpPoolSpec&)>& more = {}) {
    api::IpPool pool;
    pool.metadata.name = name;
    pool.spec = {.cidr = cidr(range),
                 .block_size = block_size,
                 .node_selector = "all()",
                 .allowed_uses = {"Workload", "Tunnel"},
                 .assignment_mode = "Automatic"};
    if (more) more(pool.spec);
    ASSERT_TRUE(store.put(api::path_of(pool), api::to_json(pool)));
  }
  void configure(const std::string& json) { ASSERT_TRUE(store.put(std::string(api::ipam_config_path), json)); }

  AssignRequest request(const std::string& node, int count, const std::string& handle = "net.c1") {
    return {.node = node, .owner = {handle, {{"node", node}}}, .v4 = {count, {}}};
  }
  std::vector<std::string> assign(const AssignRequest& request) {
    const auto assigned = ipam.assign(request);
    if (!assigned) return {assigned.error().message};
    std::vector<std::string> texts;
    for (const auto& each : assigned->addresses) texts.push_back(to_string(each.ip));
    return texts;
  }
  std::string value(const std::string& key) {
    const auto entry = store.get(key);
    return entry && *entry ? (*entry)->value : "absent";
  }
  std::vector<std::string> keys(const std::string& prefix = "/calico/ipam/") {
    std::vector<std::string> result;
    const auto listing = store.list(prefix);
    for (const auto& entry : listing->entries) result.push_back(entry.key);
    return result;
  }
  std::vector<std::string> problems() {
    std::vector<std::string> texts;
    const auto report = check(store);
    for (const auto& each : report->problems) texts.push_back(each.object + ": " + each.text);
    return texts;
  }

  store::Memory store;
  TestClock clock{1787380400s};
  Ipam ipam{store, clock};
};

TEST_F(IpamTest, WritesBlockHandleAndAffinityAsCalicoDoes) {
  EXPECT_THAT(assign(request("node1", 1)), ElementsAre("10.65.0.208"));

  EXPECT_EQ(
      value("/calico/ipam/v2/assignment/ipv4/block/10.65.0.208-29"),
      R"({"cidr":"10.65.0.208/29","affinity":"host:node1","affinity_claim_time":"2026-08-22T06:33:20Z",)"
      R"("allocations":[0,null,null,null,null,null,null,null],"unallocated":[1,2,3,4,5,6,7],)"
      R"("attributes":[{"handle_id":"net.c1","secondary":{"node":"node1"}}],)"
      R"("sequenceNumber":1787380400000000001,"sequenceNumberForAllocation":{"0":1787380400000000000},"deleted":false})");
  EXPECT_EQ(value("/calico/ipam/v2/handle/net.c1"), R"({"block":{"10.65.0.208/29":1},"deleted":false})");
  EXPECT_EQ(value("/calico/ipam/v2/host/node1/ipv4/block/10.65.0.208-29"), R"({"state":"confirmed","deleted":false})");
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(IpamTest, ClaimsInTwoStepsPendingBeforeTheBlockIsThere) {
  std::vector<std::string> seen;
  store.refuse([&](std::span<const store::Op> ops) -> Result<> {
    for (const auto& op : ops) {
      if (op.key.find("/host/") != std::string::npos) seen.push_back(op.value);
      if (op.key.find("/block/10.65.0.208-29") != std::string::npos && op.key.find("/assignment/") != std::string::npos)
        seen.push_back("block");
    }
    return {};
  });

  ASSERT_TRUE(ipam.ensure_block("node1", net::Family::v4));

  EXPECT_THAT(
      seen, ElementsAre(R"({"state":"pending","deleted":false})", "block", R"({"state":"confirmed","deleted":false})"));
}

TEST_F(IpamTest, LeavesAPendingAffinityThatTheNextClaimFinishes) {
  store.refuse([](std::span<const store::Op> ops) -> Result<> {
    return ops.size() > 1 ? Result<>(fail(Code::unavailable, "crash")) : Result<>();
  });
  EXPECT_FALSE(ipam.assign(request("node1", 1)));
  EXPECT_EQ(value("/calico/ipam/v2/host/node1/ipv4/block/10.65.0.208-29"), R"({"state":"pending","deleted":false})");
  store.refuse({});

  EXPECT_THAT(assign(request("node1", 1)), ElementsAre("10.65.0.208"));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(IpamTest, GivesUpAStaleAffinityOfABlockThatIsAnothers) {
  ASSERT_THAT(assign(request("node2", 1)), SizeIs(1));
  const auto blocks = keys("/calico/ipam/v2/assignment/");
  const net::Cidr block = *api::parse_block_key(blocks.at(0));
  ASSERT_TRUE(store.put(api::affinity_path("node1", block), R"({"state":"confirmed"})"));

  ASSERT_THAT(assign(request("node1", 1, "net.c2")), SizeIs(1));

  EXPECT_EQ(value(api::affinity_path("node1", block)), "absent");
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(IpamTest, UsesTheOwnBlockUntilItIsFullThenClaimsTheNextOfTheWalk) {
  EXPECT_THAT(assign(request("node1", 8)), SizeIs(8));

  EXPECT_THAT(assign(request("node1", 1)), ElementsAre("10.65.0.216"));
}

TEST_F(IpamTest, SpreadsOneRequestOverBlocks) {
  EXPECT_THAT(assign(request("node1", 20)), SizeIs(20));
  EXPECT_EQ(value("/calico/ipam/v2/handle/net.c1"),
            R"({"block":{"10.65.0.208/29":8,"10.65.0.216/29":8,"10.65.0.224/29":4},"deleted":false})");
}

TEST_F(IpamTest, StopsAtTheBlockLimitAndTakesNothing) {
  configure(R"({"strict_affinity":true,"auto_allocate_blocks":true,"maxBlocksPerHost":2})");

  EXPECT_THAT(assign(request("node1", 17)),
              ElementsAre("cannot allocate new block due to per host block limit: node1 has 2 IPv4 blocks"));
  EXPECT_EQ(value("/calico/ipam/v2/handle/net.c1"), "absent");
  EXPECT_THAT(assign(request("node1", 16)), SizeIs(16));
}

TEST_F(IpamTest, ClaimsNothingWhenAConfigurationDoesNotAllowIt) {
  configure(R"({"strict_affinity":true})");

  EXPECT_EQ(ipam.assign(request("node1", 1)).error().code, Code::exhausted);
}

TEST_F(IpamTest, BorrowsWhenNoBlockIsFreeAndLeavesTheAffinity) {
  add_pool("pool1", "10.65.0.0/28", 29);
  ASSERT_THAT(assign(request("node1", 8, "net.a")), SizeIs(8));
  ASSERT_THAT(assign(request("node1", 1, "net.b")), SizeIs(1));

  const auto borrowed = assign(request("node2", 9, "net.c"));

  EXPECT_THAT(borrowed, SizeIs(7));  // fewer than asked for: a success with a short list
  EXPECT_THAT(keys("/calico/ipam/v2/host/node2/"), IsEmpty());
  EXPECT_EQ(ipam.assign(request("node2", 1, "net.d")).error().code, Code::exhausted);
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(IpamTest, DoesNotBorrowWithStrictAffinity) {
  configure(R"({"strict_affinity":true,"auto_allocate_blocks":true})");
  add_pool("pool1", "10.65.0.0/29", 29);
  ASSERT_THAT(assign(request("node1", 1)), SizeIs(1));

  EXPECT_EQ(ipam.assign(request("node2", 1)).error().code, Code::exhausted);
}

TEST_F(IpamTest, TakesOverAnEmptyBlockOfAnotherNodeAfterAMinute) {
  add_pool("pool1", "10.65.0.0/29", 29);
  configure(R"({"strict_affinity":true,"auto_allocate_blocks":true})");
  ASSERT_TRUE(ipam.ensure_block("node1", net::Family::v4));
  clock.advance(59s);
  EXPECT_EQ(ipam.assign(request("node2", 1)).error().code, Code::exhausted);
  clock.advance(1s);

  EXPECT_THAT(assign(request("node2", 1)), ElementsAre("10.65.0.0"));
  EXPECT_THAT(keys("/calico/ipam/v2/host/node1/"), IsEmpty());
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(IpamTest, GivesBothFamiliesInOneTransactionOrNone) {
  AssignRequest both = request("node1", 1);
  both.v6.count = 1;
  EXPECT_EQ(ipam.assign(both).error().code, Code::not_found);  // no IPv6 pool
  EXPECT_EQ(value("/calico/ipam/v2/handle/net.c1"), "absent");
  add_pool("pool6", "fd80:24e2:f998:72d6::/112", 122);

  EXPECT_THAT(assign(both), ElementsAre("10.65.0.208", "fd80:24e2:f998:72d6::a680"));
  EXPECT_EQ(value("/calico/ipam/v2/handle/net.c1"),
            R"({"block":{"10.65.0.208/29":1,"fd80:24e2:f998:72d6::a680/122":1},"deleted":false})");
}

TEST_F(IpamTest, WritesWhatTheCallerAddsInTheSameTransaction) {
  AssignRequest with_endpoint = request("node1", 1);
  with_endpoint.also = [](std::span<const Assigned> addresses) -> Result<std::vector<store::Op>> {
    return std::vector<store::Op>{{store::Op::Kind::create, "/endpoint", to_string(addresses[0].ip)}};
  };
  const auto assigned = ipam.assign(with_endpoint);

  ASSERT_TRUE(assigned);
  EXPECT_EQ(value("/endpoint"), "10.65.0.208");
  EXPECT_EQ((*store.get("/endpoint"))->revision, (*store.get("/calico/ipam/v2/handle/net.c1"))->revision);
  EXPECT_EQ(assigned->revision, (*store.get("/endpoint"))->revision);
}

TEST_F(IpamTest, TakesNothingWhenTheCallerRefuses) {
  AssignRequest refused = request("node1", 1);
  refused.also = [](std::span<const Assigned>) -> Result<std::vector<store::Op>> { return fail(Code::denied, "no"); };

  EXPECT_EQ(ipam.assign(refused).error().code, Code::denied);
  EXPECT_EQ(value("/calico/ipam/v2/handle/net.c1"), "absent");
}

TEST_F(IpamTest, TriesAgainWhenAnotherWritesInBetween) {
  ASSERT_TRUE(ipam.ensure_block("node1", net::Family::v4));
  Ipam other(store, clock);
  int interruptions = 3;
  AssignRequest raced = request("node1", 1);
  raced.also = [&](std::span<const Assigned>) -> Result<std::vector<store::Op>> {
    if (interruptions-- > 0) {
      EXPECT_TRUE(other.assign(request("node1", 1, "net.other")));
    }
    return std::vector<store::Op>{};
  };

  EXPECT_THAT(assign(raced), ElementsAre("10.65.0.211"));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(IpamTest, ChoosesPoolsBySelectorAndUseAndByName) {
  add_pool("pool1", "10.65.0.0/24", 29, [](auto& spec) { spec.node_selector = "zone == 'b'"; });
  add_pool("pool2", "10.66.0.0/24", 29, [](auto& spec) { spec.assignment_mode = "Manual"; });
  add_pool("pool3", "10.67.0.0/24", 29, [](auto& spec) { spec.allowed_uses = {"Tunnel"}; });
  add_pool("pool4", "10.68.0.0/24", 29, [](auto& spec) { spec.disabled = true; });

  EXPECT_EQ(ipam.assign(request("node1", 1)).error().code, Code::not_found);
  EXPECT_THAT(assign(request("node2", 1)), ElementsAre(testing::StartsWith("10.65.0.")));

  AssignRequest named = request("node1", 1);
  named.v4.pools = {"pool2"};
  EXPECT_THAT(assign(named), ElementsAre(testing::StartsWith("10.66.0.")));
  named.v4.pools = {"10.65.0.0/24"};
  EXPECT_THAT(assign(named), ElementsAre(testing::StartsWith("10.65.0.")));
  named.v4.pools = {"pool3"};
  EXPECT_EQ(ipam.assign(named).error().code, Code::not_found);
  named.v4.pools = {"pool4"};
  EXPECT_EQ(ipam.assign(named).error().code, Code::not_found);
  named.v4.pools = {"pool1", "no-such-pool"};
  EXPECT_EQ(ipam.assign(named).error().code, Code::not_found);
}

TEST_F(IpamTest, KeepsReservedAddressesBack) {
  ASSERT_TRUE(store.put("/calico/resources/v3/projectcalico.org/ipreservations/r1",
                        R"({"kind":"IPReservation","spec":{"reservedCIDRs":["10.65.0.208/29","10.65.0.216/32"]}})"));

  EXPECT_THAT(assign(request("node1", 1)), ElementsAre("10.65.0.217"));
}

TEST_F(IpamTest, GivesUpAnEmptyBlockWhosePoolNoLongerSelectsTheNode) {
  ASSERT_TRUE(ipam.ensure_block("node1", net::Family::v4));
  add_pool("pool1", "10.65.0.0/24", 29, [](auto& spec) { spec.node_selector = "zone == 'b'"; });
  add_pool("pool2", "10.66.0.0/24", 29);

  EXPECT_THAT(assign(request("node1", 1)), ElementsAre(testing::StartsWith("10.66.0.")));

  EXPECT_EQ(value(api::affinity_path("node1", cidr("10.65.0.208/29"))), "absent");
  EXPECT_EQ(value(api::block_path(cidr("10.65.0.208/29"))), "absent");
}

TEST_F(IpamTest, AssignsARequestedAddressOnce) {
  const AssignIpRequest wanted{.node = "node1", .owner = {"net.c1", {}}, .ips = {ip("10.65.0.77")}};

  ASSERT_TRUE(ipam.assign_ips(wanted));

  EXPECT_EQ(ipam.assign_ips(wanted).error().code, Code::exists);
  EXPECT_EQ(value(api::affinity_path("node1", cidr("10.65.0.72/29"))), R"({"state":"confirmed","deleted":false})");
  EXPECT_EQ(ipam.assign_ips({.node = "node1", .owner = {}, .ips = {ip("10.99.0.1")}}).error().code, Code::invalid);
  const auto holder = ipam.holder(ip("10.65.0.77"));
  ASSERT_TRUE(holder && *holder);
  EXPECT_EQ((*holder)->handle, "net.c1");
  EXPECT_FALSE(*ipam.holder(ip("10.65.0.78")));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(IpamTest, RefusesARequestedAddressOfAnothersBlockWhenAffinityIsStrict) {
  ASSERT_TRUE(ipam.assign_ips({.node = "node1", .owner = {"net.a", {}}, .ips = {ip("10.65.0.77")}}));
  ASSERT_TRUE(ipam.assign_ips({.node = "node2", .owner = {"net.b", {}}, .ips = {ip("10.65.0.78")}}));
  configure(R"({"strict_affinity":true,"auto_allocate_blocks":true})");

  EXPECT_EQ(ipam.assign_ips({.node = "node2", .owner = {"net.c", {}}, .ips = {ip("10.65.0.79")}}).error().code,
            Code::invalid);
}

TEST_F(IpamTest, ReleasesByAddressWithHandleAndSequence) {
  ASSERT_THAT(assign(request("node1", 2)), SizeIs(2));
  EXPECT_EQ(ipam.release({{.ip = ip("10.65.0.208"), .handle = "net.other"}}).error().code, Code::conflict);

  const auto released = ipam.release({{.ip = ip("10.65.0.208"), .handle = "net.c1", .sequence = 1787380400000000000u},
                                      {.ip = ip("10.65.0.215")},
                                      {.ip = ip("10.65.9.9")}});

  ASSERT_TRUE(released);
  EXPECT_THAT(released->released, ElementsAre(ip("10.65.0.208")));
  EXPECT_THAT(released->unallocated, SizeIs(2));
  EXPECT_EQ(value("/calico/ipam/v2/handle/net.c1"), R"({"block":{"10.65.0.208/29":1},"deleted":false})");
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(IpamTest, ReleasesAHandleWholeAndKeepsTheNodesBlock) {
  ASSERT_THAT(assign(request("node1", 3)), SizeIs(3));
  ASSERT_TRUE(store.put("/endpoint", "x"));

  const auto released = ipam.release_handles({"net.c1", "net.unknown"}, [&]() -> Result<std::vector<store::Op>> {
    return std::vector<store::Op>{{.kind = store::Op::Kind::remove, .key = "/endpoint"}};
  });

  ASSERT_TRUE(released);
  EXPECT_THAT(released->released, SizeIs(3));
  EXPECT_EQ(value("/endpoint"), "absent");
  EXPECT_THAT(keys(), ElementsAre(api::block_path(cidr("10.65.0.208/29")),
                                  api::affinity_path("node1", cidr("10.65.0.208/29"))));
  EXPECT_TRUE(ipam.by_handle("net.c1")->empty());
}

TEST_F(IpamTest, LeavesWhatAHandleCountsBeyondItsAddressesForAnotherNodeMayBeAboutToWriteThem) {
  ASSERT_THAT(assign(request("node1", 1)), SizeIs(1));
  ASSERT_TRUE(
      store.put("/calico/ipam/v2/handle/net.c1", R"({"block":{"10.65.0.208/29":2,"10.65.0.0/29":1},"deleted":false})"));
  EXPECT_THAT(problems(), SizeIs(2));

  ASSERT_TRUE(ipam.release_handles({"net.c1"}));

  EXPECT_EQ(value("/calico/ipam/v2/handle/net.c1"),
            R"({"block":{"10.65.0.0/29":1,"10.65.0.208/29":1},"deleted":false})");
  EXPECT_THAT(check(store)->leaked_handles, SizeIs(1));
}

TEST_F(IpamTest, ReleasesFromADeletedPool) {
  ASSERT_THAT(assign(request("node1", 1)), SizeIs(1));
  ASSERT_TRUE(store.remove("/calico/resources/v3/projectcalico.org/ippools/pool1"));

  EXPECT_THAT(ipam.release({{.ip = ip("10.65.0.208")}})->released, SizeIs(1));
}

TEST_F(IpamTest, RemovesABlockWithoutAffinityWithItsLastAddress) {
  ASSERT_THAT(assign(request("node1", 1)), SizeIs(1));
  const auto given_up = ipam.release_affinities("node1", std::nullopt, true);
  ASSERT_TRUE(given_up);
  EXPECT_THAT(given_up->kept, SizeIs(1));

  ASSERT_THAT(ipam.release_affinities("node1", std::nullopt, false)->blocks, SizeIs(1));
  EXPECT_THAT(value(api::block_path(cidr("10.65.0.208/29"))), testing::HasSubstr(R"("affinity":null,"allocations")"));
  ASSERT_TRUE(ipam.release_handles({"net.c1"}));

  EXPECT_THAT(keys(), IsEmpty());
}

TEST_F(IpamTest, HoldsAReleasedAddressBackForTheCooldown) {
  configure(R"({"auto_allocate_blocks":true,"ipCooldownSeconds":30})");
  add_pool("pool1", "10.65.0.0/30", 30);
  ASSERT_THAT(assign(request("node1", 4)), SizeIs(4));
  ASSERT_TRUE(ipam.release_handles({"net.c1"}));
  EXPECT_THAT(value(api::block_path(cidr("10.65.0.0/30"))),
              testing::HasSubstr(R"("attributes":[{"releasedAt":"2026-08-22T06:33:20Z"}])"));
  EXPECT_EQ(ipam.assign(request("node1", 1)).error().code, Code::exhausted);

  clock.advance(30s);

  EXPECT_THAT(assign(request("node1", 1)), SizeIs(1));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(IpamTest, GivesATunnelAnAddressThatTheNodeShows) {
  EXPECT_EQ(ensure_tunnel_address(ipam, "node1", Tunnel::ipip).value(), std::nullopt);
  add_pool("pool1", "10.65.0.0/24", 29, [](auto& spec) { spec.ipip_mode = api::EncapMode::always; });

  const auto first = ensure_tunnel_address(ipam, "node1", Tunnel::ipip);

  ASSERT_TRUE(first && *first);
  const auto stored = [&] {
    return *api::from_json<api::Node>(value("/calico/resources/v3/projectcalico.org/nodes/node1"));
  };
  EXPECT_EQ(stored().spec.bgp->ipv4_ipip_tunnel_address, *first);
  EXPECT_EQ(ensure_tunnel_address(ipam, "node1", Tunnel::ipip).value(), *first);
  const auto held = *ipam.by_handle("ipip-tunnel-addr-node1");
  ASSERT_THAT(held, SizeIs(1));
  EXPECT_EQ(held[0].attributes.at("type"), "ipipTunnelAddress");
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(check(store)->leaked, IsEmpty());

  add_pool("pool1", "10.65.0.0/24", 29);
  EXPECT_EQ(ensure_tunnel_address(ipam, "node1", Tunnel::ipip).value(), std::nullopt);
  EXPECT_FALSE(stored().spec.bgp);
  EXPECT_THAT(*ipam.by_handle("ipip-tunnel-addr-node1"), IsEmpty());
}

TEST_F(IpamTest, FindsWhatDoesNotFitTogether) {
  ASSERT_THAT(assign(request("node1", 2)), SizeIs(2));
  const std::string key = api::block_path(cidr("10.65.0.208/29"));
  auto block = *api::from_json<api::Block>(value(key));
  block.unallocated.erase(block.unallocated.begin());
  block.sequence_number_for_allocation[5] = 1;
  ASSERT_TRUE(store.put(key, api::to_json(block)));
  ASSERT_TRUE(store.put("/calico/ipam/v2/handle/net.c1", R"({"block":{"10.65.0.208/29":1},"deleted":false})"));
  ASSERT_TRUE(store.put(api::affinity_path("node9", cidr("10.65.0.0/29")), R"({"state":"pending"})"));

  EXPECT_THAT(problems(),
              testing::UnorderedElementsAre("block 10.65.0.208/29: ordinal 2 is neither allocated nor in the free list",
                                            "block 10.65.0.208/29: ordinal 5 is free and has a sequence number",
                                            "handle net.c1: counts 1 address(es) in block 10.65.0.208/29, which has 2",
                                            "affinity of node9 for 10.65.0.0/29: there is no such Node",
                                            "affinity of node9 for 10.65.0.0/29: is left pending"));
  EXPECT_THAT(check(store)->leaked, SizeIs(2));
}

TEST_F(IpamTest, CountsWhatPoolsAndBlocksHold) {
  ASSERT_THAT(assign(request("node1", 3)), SizeIs(3));
  ASSERT_TRUE(store.put("/calico/resources/v3/projectcalico.org/ipreservations/r1",
                        R"({"spec":{"reservedCIDRs":["10.65.0.0/30","10.65.0.2","10.65.0.208/31"]}})"));

  const auto pools = *usage(store);

  ASSERT_THAT(pools, SizeIs(2)) << "and one for blocks in no pool";
  const auto figures = [](const Fill& fill) {
    return std::vector<int>{static_cast<int>(fill.total), static_cast<int>(fill.in_use),
                            static_cast<int>(fill.reserved), static_cast<int>(fill.available)};
  };
  EXPECT_THAT(figures(pools[0].fill), ElementsAre(256, 3, 6, 249)) << "two are in use and reserved";
  ASSERT_THAT(pools[0].blocks, SizeIs(1));
  EXPECT_THAT(figures(pools[0].blocks[0]), ElementsAre(8, 3, 2, 5));
  EXPECT_TRUE(pools[1].name.empty());
  EXPECT_THAT(*usage(store, {"10.65.0.0/24"}), SizeIs(1));
  EXPECT_THAT(*usage(store, {"pool2"}), IsEmpty());
}

// What the library of Calico does with a request that cannot be met as a whole.

TEST_F(IpamTest, GivesWhatThereIsOfEachFamily) {
  add_pool("pool1", "10.65.0.0/30", 30);
  AssignRequest both = request("node1", 6);
  both.v6.count = 1;

  const Shares shares = ipam.assign_what_there_is(both);

  ASSERT_TRUE(shares.v4);
  EXPECT_EQ(shares.v4->requested, 6);
  EXPECT_THAT(shares.v4->addresses, SizeIs(4));
  EXPECT_FALSE(shares.v6);
  ASSERT_TRUE(shares.error) << "there is no IPv6 pool";
  EXPECT_EQ(value("/calico/ipam/v2/handle/net.c1"), R"({"block":{"10.65.0.0/30":4},"deleted":false})");
  EXPECT_FALSE(ipam.assign_what_there_is(request("node1", 1, "net.c2")).error) << "none is no error";
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(IpamTest, LeavesTakenWhatWasTakenBeforeTheBlockLimit) {
  configure(R"({"strict_affinity":true,"auto_allocate_blocks":true,"maxBlocksPerHost":2})");

  const Shares shares = ipam.assign_what_there_is(request("node1", 17));

  ASSERT_TRUE(shares.error);
  ASSERT_TRUE(shares.v4);
  EXPECT_THAT(shares.v4->addresses, SizeIs(16));
  EXPECT_THAT(*ipam.by_handle("net.c1"), SizeIs(16));
}

TEST_F(IpamTest, TakesTheLowerOfTwoBlockLimitsAndTwentyWhenThereIsNone) {
  const auto got = [&](int of_request, const std::string& handle) {
    AssignRequest limited = request("node1", 200, handle);
    limited.max_blocks = of_request;
    const auto shares = ipam.assign_what_there_is(limited);
    EXPECT_TRUE(ipam.release_handles({handle}));
    EXPECT_TRUE(ipam.release_affinities("node1", std::nullopt, true));
    return shares.v4 ? shares.v4->addresses.size() : 0;
  };
  EXPECT_EQ(got(0, "net.a"), 160u);
  EXPECT_EQ(got(3, "net.b"), 24u);
  configure(R"({"strict_affinity":true,"auto_allocate_blocks":true,"maxBlocksPerHost":2})");
  EXPECT_EQ(got(0, "net.c"), 16u);
  EXPECT_EQ(got(3, "net.d"), 16u);
  EXPECT_EQ(got(1, "net.e"), 8u);
}

TEST_F(IpamTest, GivesAHandleThatMayHaveNoMoreWhatItHas) {
  AssignRequest once = request("node1", 1);
  once.max_per_handle = 1;
  EXPECT_THAT(assign(once), ElementsAre("10.65.0.208"));

  once.node = "node2";
  EXPECT_THAT(assign(once), ElementsAre("10.65.0.208"));
  EXPECT_THAT(*ipam.by_handle("net.c1"), SizeIs(1));
  EXPECT_THAT(keys("/calico/ipam/v2/host/node2/"), SizeIs(1)) << "a block was looked for before";
  once.v4.count = 2;
  EXPECT_EQ(ipam.assign(once).error().code, Code::exists);

  AssignIpRequest wanted{.node = "node1", .owner = {"net.c1", {}}, .ips = {ip("10.65.0.208")}, .max_per_handle = 1};
  EXPECT_TRUE(ipam.assign_ips(wanted)) << "it has that one";
  wanted.ips = {ip("10.65.0.209")};
  EXPECT_EQ(ipam.assign_ips(wanted).error().code, Code::exists);
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(IpamTest, KeepsAddressesOfNewBlocksBackForTheHost) {
  add_pool("pool1", "10.65.0.0/29", 29);
  AssignRequest windows = request("node1", 8);
  windows.reserved = HostReserved{3, 1, std::string(windows_handle), "windows host rsvd"};

  EXPECT_THAT(assign(windows), ElementsAre("10.65.0.3", "10.65.0.4", "10.65.0.5", "10.65.0.6"));

  EXPECT_THAT(value(api::block_path(cidr("10.65.0.0/29"))),
              testing::HasSubstr(R"("allocations":[0,0,0,1,1,1,1,0],"unallocated":[],)"
                                 R"("attributes":[{"handle_id":"windows-reserved-ipam-handle",)"
                                 R"("secondary":{"note":"windows host rsvd"}},{"handle_id":"net.c1")"));
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(check(store)->leaked, testing::Each(testing::Field(&Allocation::handle, "net.c1")));
  ASSERT_TRUE(ipam.release_handles({"net.c1"}));
  EXPECT_THAT(ipam.release_affinities("node1", std::nullopt, true)->blocks, SizeIs(1)) << "it counts as empty";
}

TEST_F(IpamTest, TakesNoPoolWhoseBlocksAreTooSmallForWhatIsKeptBack) {
  add_pool("pool1", "10.65.0.0/24", 30);
  AssignRequest windows = request("node1", 1);
  windows.reserved = HostReserved{3, 1, "h", ""};
  EXPECT_EQ(ipam.assign(windows).error().code, Code::not_found);
  windows.reserved = HostReserved{0, 0, "h", ""};
  EXPECT_EQ(ipam.assign(windows).error().code, Code::invalid);
}

TEST_F(IpamTest, GivesLoadBalancersBlocksThatNoNodeHas) {
  add_pool("lb", "10.70.0.0/24", 29, [](auto& spec) { spec.allowed_uses = {"LoadBalancer"}; });
  AssignRequest service{.node = "load-balancer",
                        .owner = {"lb-abc", {{"service", "web"}}},
                        .v4 = {1, {}},
                        .v6 = {},
                        .use = "LoadBalancer",
                        .namespace_labels = {}};

  EXPECT_THAT(assign(service), ElementsAre(testing::StartsWith("10.70.0.")));

  const auto affinities = keys("/calico/ipam/v2/virtual/load-balancer/ipv4/block/");
  ASSERT_THAT(affinities, SizeIs(1));
  const net::Cidr block = api::parse_affinity_key(affinities[0], "virtual")->second;
  EXPECT_THAT(value(api::block_path(block)), testing::HasSubstr(R"("affinity":"virtual:load-balancer")"));
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(check(store)->leaked, IsEmpty()) << "only Kubernetes knows";
  ASSERT_TRUE(ipam.release_handles({"lb-abc"}));
  EXPECT_THAT(ipam.release_affinities(Affinity("load-balancer", "virtual"), std::nullopt, true)->blocks, SizeIs(1));
  EXPECT_THAT(keys(), IsEmpty());
}

TEST_F(IpamTest, SelectsPoolsByTheLabelsOfTheNamespace) {
  add_pool("pool1", "10.65.0.0/24", 29, [](auto& spec) { spec.namespace_selector = "team == 'web'"; });
  AssignRequest labelled = request("node1", 1);
  EXPECT_EQ(ipam.assign(labelled).error().code, Code::not_found);
  labelled.namespace_labels = {{"team", "web"}};
  EXPECT_THAT(assign(labelled), SizeIs(1));
}

TEST_F(IpamTest, PassesOverBlocksThatReservationsCoverTogether) {
  ASSERT_TRUE(store.put("/calico/resources/v3/projectcalico.org/ipreservations/r1",
                        R"({"spec":{"reservedCIDRs":["10.65.0.208/30","10.65.0.212/30"]}})"));

  EXPECT_THAT(assign(request("node1", 1)), ElementsAre("10.65.0.216"));
}

TEST_F(IpamTest, WorksWithTheLargestAndSmallestBlocks) {
  add_pool("pool1", "10.64.0.0/16", 20);
  add_pool("pool2", "10.66.0.0/28", 32, [](auto& spec) { spec.assignment_mode = "Manual"; });
  add_pool("pool3", "fd00:1::/112", 116);
  add_pool("pool4", "fd00:2::/124", 128, [](auto& spec) { spec.assignment_mode = "Manual"; });

  AssignRequest large = request("node1", 4096, "net.large");
  large.v6.count = 10;
  EXPECT_THAT(assign(large), SizeIs(4106));
  AssignRequest small = request("node1", 3, "net.small");
  small.v4.pools = {"pool2"};
  small.v6 = {3, {"pool4"}};
  EXPECT_THAT(assign(small), SizeIs(6));
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_THAT(ipam.release_handles({"net.large", "net.small"})->released, SizeIs(4112));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(IpamTest, ReleasesTheOtherBlocksWhenAClaimOfOneIsOutdated) {
  ASSERT_THAT(assign(request("node1", 10)), SizeIs(10));

  EXPECT_EQ(ipam.release({{.ip = ip("10.65.0.208"), .handle = "net.other"}, {.ip = ip("10.65.0.216")}}).error().code,
            Code::conflict);

  EXPECT_TRUE(*ipam.holder(ip("10.65.0.208")));
  EXPECT_FALSE(*ipam.holder(ip("10.65.0.216")));
  EXPECT_EQ(ipam.release({{.ip = ip("10.65.0.216"), .handle = {}, .sequence = 5}}).error().code, Code::conflict)
      << "a free address has sequence number 0";
}

TEST_F(IpamTest, ClaimsAndGivesUpTheBlocksOfARange) {
  ASSERT_TRUE(ipam.claim_affinity("node2", cidr("10.65.0.8/29")));

  const auto claims = ipam.claim_affinity("node1", cidr("10.65.0.0/27"));

  ASSERT_TRUE(claims);
  EXPECT_THAT(claims->claimed, ElementsAre(cidr("10.65.0.0/29"), cidr("10.65.0.16/29"), cidr("10.65.0.24/29")));
  EXPECT_THAT(claims->failed, ElementsAre(cidr("10.65.0.8/29")));
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_FALSE(ipam.claim_affinity("node1", cidr("10.65.0.0/30"))) << "smaller than a block";
  EXPECT_FALSE(ipam.claim_affinity("node1", cidr("10.99.0.0/24"))) << "in no pool";

  ASSERT_TRUE(ipam.assign_ips({.node = "node1", .owner = {"net.c1", {}}, .ips = {ip("10.65.0.17")}}));
  EXPECT_EQ(ipam.release_affinity("node1", cidr("10.65.0.0/24"), true).error().code, Code::exists);
  EXPECT_EQ(value(api::affinity_path("node1", cidr("10.65.0.0/29"))), "absent") << "those before it are given up";
  EXPECT_NE(value(api::affinity_path("node1", cidr("10.65.0.24/29"))), "absent") << "those behind it are not";
  ASSERT_TRUE(ipam.release_affinity("node1", cidr("10.65.0.0/24"), false));
  EXPECT_THAT(keys("/calico/ipam/v2/host/node1/"), IsEmpty());
  EXPECT_THAT(keys("/calico/ipam/v2/host/node2/"), SizeIs(1));
  EXPECT_THAT(problems(), IsEmpty());
}

TEST_F(IpamTest, ForgetsAHostAndLeavesItsAddresses) {
  ASSERT_THAT(assign(request("node1", 1)), SizeIs(1));
  ASSERT_TRUE(store.put("/calico/ipam/v2/host/node1", "{}"));

  ASSERT_TRUE(ipam.remove_host("node1"));

  EXPECT_THAT(keys("/calico/ipam/v2/host/"), IsEmpty());
  EXPECT_TRUE(*ipam.holder(ip("10.65.0.208")));
}

TEST_F(IpamTest, SetsTheOwnersOfAnAddressWhenTheyAreTheExpected) {
  ASSERT_TRUE(ipam.assign_ips(
      {.node = "node1", .owner = {"net.vm", {{"namespace", "a"}, {"pod", "old"}}}, .ips = {ip("10.65.0.208")}}));
  const Attributes target{{"namespace", "a"}, {"pod", "new"}};
  const auto set = [&](const OwnerUpdate& update, const ExpectedOwner& expected, const std::string& handle = "net.vm") {
    const auto done = set_owner(store, ip("10.65.0.208"), handle, update, expected, clock);
    return done ? "" : done.error().message;
  };

  EXPECT_EQ(set({.alternate = target}, {.alternate_empty = true}), "");
  EXPECT_THAT(set({.alternate = target}, {.alternate_empty = true}), testing::HasSubstr("update conflict"));
  EXPECT_THAT(set({.active = target}, {.active = {{"a", "new"}}}), testing::HasSubstr("expected pod=new"));
  EXPECT_EQ(set({.active = target, .clear_alternate = true}, {.active = {{"a", "old"}}, .alternate = {{"a", "new"}}}),
            "");
  const auto holder = *ipam.holder(ip("10.65.0.208"));
  EXPECT_EQ(holder->attributes, target);
  EXPECT_TRUE(holder->alternate.empty());
  EXPECT_THAT(set({.active = target}, {}, "net.other"), testing::HasSubstr("is not assigned to handle"));
  EXPECT_THAT(set({.active = target, .clear_active = true}, {}), testing::HasSubstr("mutually exclusive"));
  EXPECT_EQ(set_owner(store, ip("10.65.0.209"), "net.vm", {.active = target}, {}, clock).error().code, Code::not_found);
}

TEST_F(IpamTest, WritesConfigurationsThatMakeSense) {
  EXPECT_EQ(read_config(store)->kubevirt_address_persistence, "Enabled");
  EXPECT_FALSE(write_config(store, {.strict_affinity = false, .auto_allocate_blocks = false}));
  EXPECT_FALSE(write_config(store, {.auto_allocate_blocks = true, .max_blocks_per_host = 3}));
  api::IpamConfig config = *read_config(store);
  config.strict_affinity = true;
  config.max_blocks_per_host = 3;
  ASSERT_TRUE(write_config(store, config));
  EXPECT_EQ(value("/calico/ipam/v2/config"),
            R"({"strict_affinity":true,"auto_allocate_blocks":true,"maxBlocksPerHost":3,)"
            R"("kubeVirtVMAddressPersistence":"Enabled"})");
}

TEST_F(IpamTest, CollectsWhatWasLeakedTwiceAndDidNotChangeBetween) {
  ASSERT_THAT(assign(request("node1", 2, "net.leaked")), SizeIs(2));
  ASSERT_THAT(assign(request("node1", 1, "net.changed")), ElementsAre("10.65.0.210"));
  ASSERT_TRUE(store.put("/calico/ipam/v2/handle/net.empty", R"({"block":{},"deleted":false})"));
  const Leaks first = leaks_of(*check(store));
  EXPECT_THAT(first.addresses, SizeIs(3));
  EXPECT_THAT(first.handles, SizeIs(1));
  ASSERT_TRUE(ipam.release_handles({"net.changed"}));
  ASSERT_TRUE(ipam.assign_ips({.node = "node1", .owner = {"net.new", {}}, .ips = {ip("10.65.0.210")}}));

  const Leaks both = common(first, leaks_of(*check(store)));
  EXPECT_THAT(both.addresses, SizeIs(2));
  const Collected collected = collect(ipam, both);

  EXPECT_EQ(collected.addresses, 2u);
  EXPECT_EQ(collected.handles, 1u);
  EXPECT_THAT(collected.errors, IsEmpty());
  EXPECT_THAT(keys("/calico/ipam/v2/handle/"), ElementsAre("/calico/ipam/v2/handle/net.new"));
  EXPECT_EQ(collect(ipam, both).addresses, 0u) << "a second time nothing is there";
  EXPECT_THAT(problems(), IsEmpty());
}

}  // namespace
}  // namespace weft::ipam
