#include "agent/board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "metrics/metrics.h"

namespace weft::agent {
namespace {

using std::chrono::milliseconds;
using State = dataplane::EndpointStatus::State;

const plan::EndpointId web{"k8s", "default/web", "eth0"};

std::chrono::steady_clock::time_point in(milliseconds time) { return std::chrono::steady_clock::now() + time; }

dataplane::Report reached(std::int64_t revision, bool ready = true) {
  dataplane::Report report;
  report.revision = revision;
  report.ready = ready;
  return report;
}
dataplane::Report endpoint(State state, const std::string& message = {}) {
  dataplane::Report report;
  report.endpoints.put({.id = web, .interface = "caliweb", .state = state, .message = message});
  return report;
}

TEST(BoardTest, KeepsTheNewestOfEverything) {
  Board board;
  EXPECT_FALSE(board.ready());
  auto report = reached(5);
  report.refused = {"route 10.0.0.1/32: no such device"};
  board.on(report);
  board.on(endpoint(State::up));

  const auto state = board.state();
  EXPECT_TRUE(state.ready) << "once is for ever";
  EXPECT_EQ(state.revision, 5) << "a report without a revision takes nothing back";
  EXPECT_TRUE(state.refused.empty()) << "what is refused is said anew each time";
  ASSERT_EQ(state.endpoints.size(), 1u);
  EXPECT_EQ(state.endpoints.at(web).interface, "caliweb");

  dataplane::Report gone;
  gone.endpoints.drop(web);
  board.on(gone);
  EXPECT_TRUE(board.state().endpoints.empty());
}

TEST(BoardTest, WaitsForARevision) {
  Board board;
  std::jthread later([&] {
    std::this_thread::sleep_for(milliseconds(20));
    board.on(reached(4));
    board.on(reached(7));
  });
  EXPECT_TRUE(board.wait(6, in(milliseconds(5000))));
  EXPECT_EQ(board.revision(), 7);
}

TEST(BoardTest, WaitsForTheFirstApplyWhateverTheRevision) {
  Board board;
  board.on(reached(9, false));
  const auto waited = board.wait(3, in(milliseconds(1)));
  EXPECT_EQ(waited.error(),
            (Error{Code::timeout, "revision 3 is not in force yet: the kernel has 9, the first apply is not done"}));
}

TEST(BoardTest, SaysHowFarTheKernelIsWhenTimeRunsOut) {
  Board board;
  board.on(reached(3));
  EXPECT_EQ(board.wait(4, in(milliseconds(1))).error(),
            (Error{Code::timeout, "revision 4 is not in force yet: the kernel has 3"}));
}

TEST(BoardTest, WaitsForAnEndpointToBeUp) {
  Board board;
  board.on(reached(3));
  EXPECT_EQ(board.wait_up(web, 3, in(milliseconds(1))).error().message,
            "endpoint k8s default/web eth0: not known to this node's agent");
  board.on(endpoint(State::down));
  EXPECT_EQ(board.wait_up(web, 3, in(milliseconds(1))).error().message,
            "endpoint k8s default/web eth0: its interface is not up");
  board.on(endpoint(State::error, "route refused"));
  EXPECT_EQ(board.wait_up(web, 3, in(milliseconds(1))).error().message, "endpoint k8s default/web eth0: route refused");
  std::jthread later([&] {
    std::this_thread::sleep_for(milliseconds(20));
    board.on(endpoint(State::up));
  });
  EXPECT_TRUE(board.wait_up(web, 3, in(milliseconds(5000))));
  EXPECT_EQ(board.wait_up(web, 4, in(milliseconds(1))).error().code, Code::timeout) << "up, but of the past";
}

TEST(BoardTest, EndsEveryWaitWhenItCloses) {
  Board board;
  board.on(reached(1));
  std::vector<std::jthread> waiting;
  std::atomic<int> canceled = 0;
  for (int i = 0; i < 4; ++i) {
    waiting.emplace_back([&, i] {
      const auto outcome =
          i % 2 ? board.wait(100, in(milliseconds(60000))) : board.wait_up(web, 1, in(milliseconds(60000)));
      canceled += !outcome && outcome.error().code == Code::canceled;
    });
  }
  std::this_thread::sleep_for(milliseconds(10));
  board.close();
  waiting.clear();
  EXPECT_EQ(canceled, 4);
  EXPECT_EQ(board.wait(1, in(milliseconds(60000))).error().code, Code::canceled) << "later ones too";
}

TEST(BoardTest, ShowsWhatIsNotPutIntoForce) {
  Board board;
  table::Delta<plan::Unsupported> delta;
  delta.put({.object = "IPPool p", .reason = "ipipMode Always: IPIP is not supported yet"});
  testing::internal::CaptureStderr();
  board.on(delta);
  board.on(delta);
  const auto log = testing::internal::GetCapturedStderr();

  EXPECT_EQ(board.state().unsupported.at("IPPool p").reason, "ipipMode Always: IPIP is not supported yet");
  EXPECT_THAT(log, testing::HasSubstr("object=\"IPPool p\""));
  EXPECT_EQ(log.find("not put into force"), log.rfind("not put into force")) << "once: " << log;
  EXPECT_THAT(metrics::text(), testing::HasSubstr("weft_unsupported 1"));

  table::Delta<plan::Unsupported> gone;
  gone.drop("IPPool p");
  board.on(gone);
  EXPECT_TRUE(board.state().unsupported.empty());
  EXPECT_THAT(metrics::text(), testing::HasSubstr("weft_unsupported 0"));
}

}  // namespace
}  // namespace weft::agent
