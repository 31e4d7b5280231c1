// Whoever changes blocks is stopped before each of its writes, one after the other, and somebody else goes on.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/codec.h"
#include "api/ip_pool.h"
#include "api/node.h"
#include "ipam/check.h"
#include "ipam/ipam.h"
#include "store/memory.h"

namespace weft::ipam {
namespace {

using testing::AnyOf;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;

struct Stopped {};

class StoppedTest : public testing::Test {
 protected:
  StoppedTest() {
    for (const char* name : {"node1", "node2"}) {
      api::Node node;
      node.metadata.name = name;
      put(node);
    }
    add_pool("pool", "10.65.0.0/28");  // two blocks
  }

  template <class T>
  void put(const T& object) {
    ASSERT_TRUE(store.put(api::path_of(object), api::to_json(object)));
  }
  void add_pool(const std::string& name, const std::string& range, bool disabled = false) {
    api::IpPool pool;
    pool.metadata.name = name;
    pool.spec = {.cidr = *net::Cidr::parse(range),
                 .disabled = disabled,
                 .block_size = 29,
                 .node_selector = "all()",
                 .allowed_uses = {"Workload"},
                 .assignment_mode = "Automatic"};
    put(pool);
  }
  std::vector<net::Ip> assign(const std::string& node, const std::string& handle, int count = 1) {
    std::vector<net::Ip> list;
    // As an agent does that is asked a second time: what the handle has is what it gets.
    const auto present = ipam.by_handle(handle).value();
    for (const auto& held : present) list.push_back(held.ip);
    if (!list.empty()) return list;
    const auto assigned = ipam.assign({.node = node, .owner = {handle, {{"node", node}}}, .v4 = {count, {}}});
    if (!assigned) ADD_FAILURE() << assigned.error().message;
    if (assigned) {
      for (const auto& each : assigned->addresses) list.push_back(each.ip);
    }
    return list;
  }
  std::vector<std::string> problems() {
    std::vector<std::string> texts;
    const auto report = check(store);
    for (const auto& each : report->problems) texts.push_back(each.object + ": " + each.text);
    return texts;
  }

  /// Stops `work` before its first write, its second, … until it comes through; each time from the same state. What is
  /// left may be a claim that says it is not finished, nothing else; and `work` done again sets everything right.
  /// @return how many writes it takes
  int stop_everywhere(const std::function<void()>& work, const std::function<void()>& verify) {
    const auto before = store.snapshot();
    for (int stop = 0;; ++stop) {
      SCOPED_TRACE("stopped before write " + std::to_string(stop + 1));
      store.restore(before);
      int writes = 0;
      store.refuse([&](auto) -> Result<> {
        if (writes++ == stop) throw Stopped();
        return {};
      });
      bool stopped = false;
      try {
        work();
      } catch (const Stopped&) {
        stopped = true;
      }
      store.refuse({});
      EXPECT_THAT(problems(), Each(HasSubstr("is left pending")));
      work();
      verify();
      EXPECT_THAT(problems(), IsEmpty());
      if (!stopped) return stop;
    }
  }

  store::Memory store;
  TestClock clock{std::chrono::seconds(1787380400)};
  Ipam ipam{store, clock};
};

TEST_F(StoppedTest, ClaimsAndAssignsOnceWhereverItWasStopped) {
  const int writes =
      stop_everywhere([&] { assign("node1", "net.a"); }, [&] { EXPECT_EQ(ipam.by_handle("net.a")->size(), 1u); });

  EXPECT_EQ(writes, 4);  // what it remembers of the attempt before and is refused; claim, block, assignment
}

TEST_F(StoppedTest, LeavesABlockToWhoeverComesFirstWhenAClaimWasStopped) {
  int stop = 0;
  for (;; ++stop) {
    SCOPED_TRACE("stopped before write " + std::to_string(stop + 1));
    store.restore({});
    for (const char* name : {"node1", "node2"}) {
      api::Node node;
      node.metadata.name = name;
      put(node);
    }
    add_pool("pool", "10.65.0.0/29");  // one block
    int writes = 0;
    store.refuse([&](auto) -> Result<> {
      if (writes++ == stop) throw Stopped();
      return {};
    });
    bool stopped = false;
    try {
      assign("node1", "net.a");
    } catch (const Stopped&) {
      stopped = true;
    }
    store.refuse({});

    const auto other = assign("node2", "net.b"), first = assign("node1", "net.a");

    ASSERT_EQ(other.size(), 1u);
    ASSERT_EQ(first.size(), 1u);
    EXPECT_NE(first, other);
    EXPECT_THAT(problems(), IsEmpty());
    if (!stopped) break;
  }
  EXPECT_EQ(stop, 4);  // as above
}

TEST_F(StoppedTest, TakesOverAnEmptyBlockOrLeavesIt) {
  // node2 has both blocks and nothing in them any more.
  assign("node2", "net.b", 12);
  ASSERT_TRUE(ipam.release_handles({"net.b"}));
  clock.advance(std::chrono::hours(24));

  const int writes =
      stop_everywhere([&] { assign("node1", "net.a"); }, [&] { EXPECT_EQ(ipam.by_handle("net.a")->size(), 1u); });

  EXPECT_GE(writes, 4);  // release, claim, block, assignment
}

TEST_F(StoppedTest, BorrowsOnce) {
  assign("node2", "net.b", 12);

  const int writes =
      stop_everywhere([&] { assign("node1", "net.a"); }, [&] { EXPECT_EQ(ipam.by_handle("net.a")->size(), 1u); });

  EXPECT_EQ(writes, 2);  // what it remembers of the attempt before and is refused; the assignment
}

TEST_F(StoppedTest, ReleasesAllOfAHandleOrNothing) {
  assign("node1", "net.a", 12);  // of two blocks
  assign("node1", "net.b");

  const int writes = stop_everywhere([&] { EXPECT_TRUE(ipam.release_handles({"net.a"})); },
                                     [&] {
                                       EXPECT_THAT(*ipam.by_handle("net.a"), IsEmpty());
                                       EXPECT_EQ(ipam.by_handle("net.b")->size(), 1u);
                                     });

  EXPECT_GE(writes, 1);
}

TEST_F(StoppedTest, ReleasesAnAddressAndTheBlockThatNobodyWantsAnyMore) {
  const auto address = assign("node1", "net.a").at(0);
  add_pool("pool", "10.65.0.0/28", true);  // disabled since

  stop_everywhere([&] { EXPECT_TRUE(ipam.release({{address, std::nullopt, std::nullopt}})); },
                  [&] { EXPECT_THAT(*ipam.by_handle("net.a"), IsEmpty()); });
}

TEST_F(StoppedTest, GivesUpTheBlocksOfANodeOneByOne) {
  assign("node1", "net.a", 12);
  assign("node2", "net.b");
  const int writes = stop_everywhere([&] { EXPECT_TRUE(ipam.release_affinities("node1", std::nullopt, false)); },
                                     [&] {
                                       EXPECT_TRUE(store.list("/calico/ipam/v2/host/node1/")->entries.empty());
                                       EXPECT_EQ(ipam.by_handle("net.a")->size(), 12u) << "what is in use stays in use";
                                       EXPECT_EQ(ipam.by_handle("net.b")->size(), 1u);
                                     });

  EXPECT_EQ(writes, 2);

  ASSERT_TRUE(ipam.release_handles({"net.a"}));
}

}  // namespace
}  // namespace weft::ipam
