#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "store/etcd/open.h"
#include "test/etcd.h"
#include "test/mirror_fixture.h"

namespace weft::store {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

std::unique_ptr<Store> store_at(const std::string& endpoints) {
  return open({.etcd_endpoints = {endpoints, "ETCD_ENDPOINTS"}}).value();
}

TEST(EtcdEndpoints, SayAtOnceThatNobodyIsThere) {
  const auto store = store_at("http://127.0.0.1:1");
  const auto start = Clock::now();

  const auto entry = store->get("/a");

  EXPECT_LT(Clock::now() - start, 2s);
  ASSERT_FALSE(entry);
  EXPECT_EQ(entry.error().code, Code::unavailable);
  EXPECT_EQ(entry.error().message, "get /a: etcd at 127.0.0.1:1: Failed to connect to remote host: Connection refused");
}

TEST(EtcdEndpoints, AreTriedUntilOneAnswers) {
  test::Etcd etcd;

  EXPECT_TRUE(store_at("http://127.0.0.1:1," + etcd.endpoint())->put("/a", "1"));
  EXPECT_TRUE(store_at(etcd.endpoint() + ",http://127.0.0.1:1")->get("/a"));
  EXPECT_TRUE(
      store_at("http://[::1]:1,http://localhost:" + etcd.endpoint().substr(etcd.endpoint().rfind(':') + 1))->get("/a"));
}

TEST(EtcdEndpoints, AreReachedOverIpv6AndByName) {
  test::Etcd etcd({.address = "::1"});

  EXPECT_TRUE(store_at(etcd.endpoint())->put("/a", "1"));
}

TEST(EtcdEndpoints, AreFoundAgainSoonAfterARestart) {
  test::Etcd etcd;
  const auto store = store_at(etcd.endpoint());
  ASSERT_TRUE(store->put("/a", "1"));

  etcd.kill();
  EXPECT_EQ(store->put("/a", "2").error().code, Code::unavailable);
  etcd.start();
  const auto start = Clock::now();
  while (!store->get("/a") && Clock::now() - start < 5s) std::this_thread::sleep_for(10ms);

  EXPECT_LT(Clock::now() - start, 2s);
  EXPECT_TRUE(store->put("/a", "3"));
}

TEST(EtcdEndpoints, ThatHangDoNotHangUsForever) {
  test::Etcd etcd;
  const auto store = open_etcd({.endpoints = {*parse_endpoint(etcd.endpoint())}, .timeout = 500ms}).value();
  ASSERT_TRUE(store->put("/a", "1"));
  etcd.freeze();
  const auto start = Clock::now();

  const auto entry = store->get("/a");

  EXPECT_LT(Clock::now() - start, 3s);
  ASSERT_FALSE(entry);
  EXPECT_EQ(entry.error().code, Code::unavailable) << entry.error().message;
}

TEST(EtcdEndpoints, ThatHangGiveWayToOthersForReads) {
  test::Etcd hangs, answers;
  ASSERT_TRUE(store_at(answers.endpoint())->put("/a", "1"));
  const auto store =
      open_etcd({.endpoints = {*parse_endpoint(hangs.endpoint()), *parse_endpoint(answers.endpoint())}, .timeout = 1s})
          .value();
  ASSERT_TRUE(store->get("/a"));
  hangs.freeze();

  const auto entry = store->get("/a");

  ASSERT_TRUE(entry) << entry.error().message;
  EXPECT_TRUE(entry->has_value());
}

/// The mirror against a real server.
class MirrorOfEtcd : public testing::Test {
 protected:
  void SetUp() override {
    put("/p/a", "1");
    put("/p/b", "1");
    followed.start(*store, "/p/");
    ASSERT_TRUE(followed.becomes({{"/p/a", "1"}, {"/p/b", "1"}}));
    ASSERT_TRUE(followed.is_connected());
  }
  void put(const std::string& key, const std::string& value) {
    const auto done = writer->put(key, value);
    ASSERT_TRUE(done) << done.error().message;
  }
  /// A store that was down is away for its other users for a moment, too.
  void put_soon(const std::string& key, const std::string& value) {
    for (int i = 0; i < 500 && !writer->put(key, value); ++i) std::this_thread::sleep_for(10ms);
  }

  test::Etcd etcd;
  std::unique_ptr<Store> writer = store_at(etcd.endpoint());
  std::unique_ptr<Store> store = store_at(etcd.endpoint());
  Followed followed;
};

TEST_F(MirrorOfEtcd, GoesOnAfterACrashOfTheServer) {
  const auto before = followed.events_seen();

  etcd.kill();
  ASSERT_TRUE(followed.eventually([](const auto& f) { return !f.mirror->state().connected; }));
  etcd.start();
  put_soon("/p/c", "2");

  EXPECT_TRUE(followed.becomes({{"/p/a", "1"}, {"/p/b", "1"}, {"/p/c", "2"}}));
  EXPECT_EQ(followed.events_seen(), before + 1);
}

TEST_F(MirrorOfEtcd, ComparesAfterACompactionThatWentPastIt) {
  const auto before = followed.events_seen();
  etcd.kill();
  ASSERT_TRUE(followed.eventually([](const auto& f) { return !f.mirror->state().connected; }));
  // The same server somewhere else, so that the mirror does not see what happens.
  const std::string endpoint = etcd.endpoint();
  {
    auto elsewhere = Embedded::start({.data = etcd.folder() + "/data", .log = etcd.folder() + "/elsewhere.log"});
    ASSERT_TRUE(elsewhere) << elsewhere.error().message;
    const auto other = store_at((*elsewhere)->endpoint());
    ASSERT_TRUE(other->remove("/p/a"));
    ASSERT_TRUE(other->put("/p/c", "2"));
    const Revision newest = other->put("/p/d", "2").value();
    ASSERT_TRUE(run_ok({"etcdctl", "--endpoints=" + (*elsewhere)->endpoint(), "compact", std::to_string(newest)}));
  }
  etcd.start();

  EXPECT_TRUE(followed.becomes({{"/p/b", "1"}, {"/p/c", "2"}, {"/p/d", "2"}}));
  EXPECT_EQ(followed.events_seen(), before + 3);
}

TEST_F(MirrorOfEtcd, TakesAnEmptyServerAsEmpty) {
  etcd.kill();
  etcd.erase();
  etcd.start();

  EXPECT_TRUE(followed.becomes({}));
  put_soon("/p/new", "1");
  EXPECT_TRUE(followed.becomes({{"/p/new", "1"}}));
}

TEST_F(MirrorOfEtcd, FollowsARestoredBackup) {
  etcd.stop();
  etcd.save();
  etcd.start();
  put_soon("/p/a", "old history");
  put_soon("/p/c", "old history");
  ASSERT_TRUE(followed.becomes({{"/p/a", "old history"}, {"/p/b", "1"}, {"/p/c", "old history"}}));

  etcd.kill();
  etcd.restore();
  etcd.start();

  EXPECT_TRUE(followed.becomes({{"/p/a", "1"}, {"/p/b", "1"}}));
}

TEST_F(MirrorOfEtcd, KeepsWhatItHasWhileTheServerIsAway) {
  etcd.kill();
  ASSERT_TRUE(followed.eventually([](const auto& f) { return !f.mirror->state().connected; }));
  std::this_thread::sleep_for(300ms);

  EXPECT_EQ(followed.rows(), (Followed::Rows{{"/p/a", "1"}, {"/p/b", "1"}}));
  etcd.start();
}

TEST_F(MirrorOfEtcd, SurvivesASlowUser) {
  followed.hold();
  put("/p/a", "2");
  ASSERT_TRUE(followed.is_held());
  const std::string value(100'000, 'x');  // more than the connection buffers
  for (int i = 0; i < 200; ++i) put("/p/big", value + std::to_string(i));
  followed.release();

  EXPECT_TRUE(followed.becomes({{"/p/a", "2"}, {"/p/b", "1"}, {"/p/big", value + "199"}}));
}

TEST_F(MirrorOfEtcd, CatchesUpWithWritesElsewhere) {
  const Revision elsewhere = writer->put("/q/a", "1").value();

  const auto reached = followed.mirror->catch_up(5s);

  ASSERT_TRUE(reached) << reached.error().message;
  EXPECT_GE(*reached, elsewhere);
}

}  // namespace
}  // namespace weft::store
