#include "node/supervisor.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "base/file.h"

namespace weft::node {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Program sh(const std::string& name, const std::string& script) {
  return {.name = name,
          .command = {.argv = {"/bin/sh", "-c", script}, .own_group = true},
          .needs_file = {},
          .prepare = {},
          .ask_end = {}};
}

struct SupervisorTest : testing::Test {
  loop::Loop loop;
  std::vector<std::string> lines;
  std::unique_ptr<Supervisor> supervisor;
  loop::SourcePtr beat, limit;

  void make(std::vector<Program> programs, milliseconds grace = seconds(5)) {
    supervisor = std::make_unique<Supervisor>(
        loop, std::move(programs),
        Supervisor::Options{
            .line = [this](std::string_view name,
                           std::string_view line) { lines.push_back(std::string(name) + " | " + std::string(line)); },
            .changed = {},
            .grace = grace});
    supervisor->start();
  }
  /// Runs the loop until the condition holds.
  template <class Condition>
  bool until(Condition condition) {
    bool holds = false;
    beat = loop.every(milliseconds(1), [&] {
      if ((holds = condition())) loop.stop();
    });
    limit = loop.after(seconds(10), [&] { loop.stop(); });
    loop.run();
    beat.reset();
    return holds;
  }
  void stop() {
    bool done = false;
    supervisor->stop([&] { done = true; });
    ASSERT_TRUE(until([&] { return done; }));
  }
  Row row(std::size_t index = 0) const { return supervisor->rows()[index]; }
};

TEST_F(SupervisorTest, PassesOnLinesUnderTheirProgramsName) {
  make({sh("agent", "echo up; exec sleep 60"), sh("confd", "echo ready >&2; exec sleep 60")});

  EXPECT_TRUE(until([&] { return lines.size() == 2; }));

  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(lines, (std::vector<std::string>{"agent | up", "confd | ready"}));
  EXPECT_EQ(row().state, "running");
  EXPECT_EQ(row(1).restarts, 0);
  stop();
}

TEST_F(SupervisorTest, StartsAgainWhatWasKilledAndNothingElse) {
  make({sh("agent", "exec sleep 60"), sh("confd", "exec sleep 60")});
  const int agent = row(0).pid;
  const int confd = row(1).pid;
  ASSERT_GT(agent, 0);

  ::kill(agent, SIGKILL);

  EXPECT_TRUE(until([&] { return row(0).pid != 0 && row(0).pid != agent; }));
  EXPECT_EQ(row(0).restarts, 1);
  EXPECT_EQ(row(0).last_end, "killed by SIGKILL");
  EXPECT_EQ(row(1).pid, confd);
  EXPECT_EQ(row(1).restarts, 0);
  stop();
}

TEST_F(SupervisorTest, WaitsLongerEachTimeForWhatEndsAtOnce) {
  const auto start = std::chrono::steady_clock::now();
  make({sh("agent", "exit 3")});

  EXPECT_TRUE(until([&] { return row().restarts == 5; }));

  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(20 + 40 + 80 + 160));
  EXPECT_EQ(row().last_end, "exit status 3");
  EXPECT_EQ(row().state, "backoff");
  stop();
  EXPECT_EQ(row().state, "stopped");
}

TEST(BackoffTest, GrowsToItsLimitAndBeginsAnewAfterAGoodRun) {
  Backoff backoff;
  EXPECT_EQ(backoff.after_run({}), milliseconds(20));
  EXPECT_EQ(backoff.after_run({}), milliseconds(40));
  for (int i = 0; i < 20; ++i) backoff.after_run({});
  EXPECT_EQ(backoff.after_run({}), seconds(10));
  EXPECT_EQ(backoff.after_run(seconds(11)), milliseconds(20));
}

TEST_F(SupervisorTest, AProgramThatIsNotThereIsTriedAgainAndSaysSo) {
  make({{.name = "bird", .command = {.argv = {"/nowhere/bird"}}, .needs_file = {}, .prepare = {}, .ask_end = {}}});

  EXPECT_TRUE(until([&] { return row().restarts == 2; }));
  EXPECT_EQ(row().last_end, "/nowhere/bird: No such file or directory");
  stop();
}

TEST_F(SupervisorTest, StartsAProgramOnceItsFileIsThere) {
  std::string folder = testing::TempDir() + "weft-supervisor-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  auto bird = sh("bird", "echo started; exec sleep 60");
  bird.needs_file = folder + "/bird.cfg";
  make({bird});
  EXPECT_EQ(row().state, "waiting");

  const auto later = loop.after(milliseconds(50), [&] { ASSERT_TRUE(write_file_atomic(folder + "/bird.cfg", "")); });

  EXPECT_TRUE(until([&] { return row().state == "running"; }));
  stop();
  std::filesystem::remove_all(folder);
}

TEST_F(SupervisorTest, StopsWithTermAndKillsWhatDoesNotListen) {
  make({sh("good", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.01; done"),
        sh("bad", "trap '' TERM; echo up; while :; do sleep 0.01; done")},
       milliseconds(300));
  ASSERT_TRUE(until([&] { return lines.size() == 2; }));

  stop();

  EXPECT_EQ(lines.back(), "good | bye");
  EXPECT_EQ(row(0).last_end, "exit status 0");
  EXPECT_EQ(row(1).last_end, "killed by SIGKILL");
  EXPECT_EQ(row(0).pid, 0);
}

TEST_F(SupervisorTest, AsksInTheProgramsOwnWayOrKillsAtOnce) {
  auto listens = sh("listens", "exec sleep 60");
  auto deaf = sh("deaf", "trap 'exit 9' TERM; echo up; while :; do sleep 0.01; done");
  listens.ask_end = [&] { return ::kill(row(0).pid, SIGUSR1) == 0; };
  deaf.ask_end = [] { return false; };
  make({listens, deaf});
  ASSERT_TRUE(until([&] { return lines.size() == 1; }));

  stop();

  EXPECT_EQ(row(0).last_end, "killed by SIGUSR1");
  EXPECT_EQ(row(1).last_end, "killed by SIGKILL");
}

TEST_F(SupervisorTest, ForwardsASignalToAll) {
  const std::string script = "trap 'echo hup' HUP; echo up; while :; do sleep 0.01; done";
  make({sh("a", script), sh("b", script)});
  ASSERT_TRUE(until([&] { return lines.size() == 2; }));

  supervisor->forward(SIGHUP);

  EXPECT_TRUE(until([&] { return lines.size() == 4; }));
  stop();
}

}  // namespace
}  // namespace weft::node
