#include "ipam/ipam.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/codec.h"
#include "api/ip_pool.h"
#include "api/node.h"
#include "ipam/affinity.h"
#include "ipam/check.h"
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

  EXPECT_THAT(assign(request("node1", 17)), ElementsAre("node node1 has 2 IPv4 blocks, and may have no more"));
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

TEST_F(IpamTest, DropsTheSurplusThatACrashedWriterLeftInAHandle) {
  ASSERT_THAT(assign(request("node1", 1)), SizeIs(1));
  ASSERT_TRUE(
      store.put("/calico/ipam/v2/handle/net.c1", R"({"block":{"10.65.0.208/29":2,"10.65.0.0/29":1},"deleted":false})"));
  EXPECT_THAT(problems(), SizeIs(2));

  ASSERT_TRUE(ipam.release_handles({"net.c1"}));

  EXPECT_EQ(value("/calico/ipam/v2/handle/net.c1"), "absent");
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
                        R"({"spec":{"reservedCIDRs":["10.65.0.0/30"]}})"));

  const auto pools = *usage(store);

  ASSERT_THAT(pools, SizeIs(1));
  EXPECT_EQ(pools[0].fill.total, 256);
  EXPECT_EQ(pools[0].fill.in_use, 3);
  EXPECT_EQ(pools[0].fill.reserved, 4);
  EXPECT_EQ(pools[0].fill.free(), 249);
  ASSERT_THAT(pools[0].blocks, SizeIs(1));
  EXPECT_EQ(pools[0].blocks[0].free(), 5);
}

}  // namespace
}  // namespace weft::ipam
