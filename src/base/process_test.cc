#include "base/process.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

namespace weft {
namespace {

using std::chrono::milliseconds;

TEST(ProcessTest, CollectsBothStreamsAndTheStatus) {
  const auto finished = run({"/bin/sh", "-c", "echo out; echo err >&2; exit 3"});

  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->out, "out\n");
  EXPECT_EQ(finished->err, "err\n");
  EXPECT_EQ(finished->exit_code(), 3);
  EXPECT_FALSE(finished->ok());
}

TEST(ProcessTest, SaysWhichProgramIsNotThere) {
  const auto by_name = run({"weft-no-such-program"});
  const auto by_path = run({"/nowhere/weft-no-such-program"});

  ASSERT_FALSE(by_name);
  EXPECT_EQ(by_name.error(), (Error{Code::not_found, "weft-no-such-program: no such program in PATH"}));
  ASSERT_FALSE(by_path);
  EXPECT_EQ(by_path.error(), (Error{Code::not_found, "/nowhere/weft-no-such-program: No such file or directory"}));
}

TEST(ProcessTest, KillsWhatDoesNotEndInTime) {
  const auto start = std::chrono::steady_clock::now();

  const auto finished = run({"sleep", "60"}, milliseconds(50));

  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error(), (Error{Code::timeout, "sleep 60: no end after 50 ms"}));
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(5000));
}

TEST(ProcessTest, DoesNotWaitForStreamsHeldOpenByAGrandchild) {
  const auto start = std::chrono::steady_clock::now();

  const auto finished = run({"/bin/sh", "-c", "sleep 3 & echo done"});

  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->out, "done\n");
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(2000));
}

TEST(ProcessTest, FeedsInputLargerThanAPipeAndReadsItBack) {
  const std::string input(1 << 20, 'x');

  const auto finished = run(Command{.argv = {"cat"}}, RunOptions{.input = input});

  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->out, input);
}

TEST(ProcessTest, SurvivesAProgramThatDoesNotReadItsInput) {
  const auto finished = run(Command{.argv = {"true"}}, RunOptions{.input = std::string(1 << 20, 'x')});

  ASSERT_TRUE(finished);
  EXPECT_TRUE(finished->ok());
}

TEST(ProcessTest, AddsToTheEnvironmentOrReplacesIt) {
  ::setenv("WEFT_TEST_A", "1", 1);

  const auto added = run(Command{.argv = {"/bin/sh", "-c", "echo $WEFT_TEST_A$WEFT_TEST_B"},
                                 .env_more = {"WEFT_TEST_A=2", "WEFT_TEST_B=3"}});
  const auto replaced = run(Command{.argv = {"env"}, .env = std::vector<std::string>{"ONLY=this"}});

  EXPECT_EQ(added->out, "23\n");
  EXPECT_EQ(replaced->out, "ONLY=this\n");
}

TEST(ProcessTest, PassesOnNoDescriptorsButThoseNamed) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);  // not close-on-exec

  const auto listed = run(Command{.argv = {"/bin/sh", "-c", "ls /proc/self/fd | wc -l"}, .keep = {ends[1]}});
  const auto plain = run(Command{.argv = {"/bin/sh", "-c", "ls /proc/self/fd | wc -l"}});

  EXPECT_EQ(std::stoi(listed->out), std::stoi(plain->out) + 1);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(ProcessTest, StartsWithDefaultSignalsWhateverOursAre) {
  sigset_t term;
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &term, nullptr);
  ::signal(SIGPIPE, SIG_IGN);

  const auto finished = run({"grep", "-E", "^Sig(Blk|Ign):\t0000000000000000$", "/proc/self/status"});

  ::sigprocmask(SIG_UNBLOCK, &term, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  EXPECT_EQ(finished->out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST(ProcessTest, StartsInTheFolderItIsTold) {
  EXPECT_EQ(run(Command{.argv = {"pwd"}, .directory = "/usr"})->out, "/usr\n");
}

TEST(ProcessTest, OwnGroupMeansOwnGroup) {
  const auto process = start(Command{.argv = {"sleep", "60"}, .own_group = true});
  ASSERT_TRUE(process);

  EXPECT_EQ(::getpgid(process->pid), process->pid);

  ::kill(process->pid, SIGKILL);
  int status = 0;
  ::waitpid(process->pid, &status, 0);
  EXPECT_EQ(describe_status(status), "killed by SIGKILL");
}

TEST(ProcessTest, AFailingProgramIsAnErrorWithItsWordsForRunOk) {
  const auto result = run_ok({"/bin/sh", "-c", "echo no such luck >&2; exit 2"});

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "/bin/sh -c echo no such luck >&2; exit 2: exit status 2: no such luck");
  EXPECT_EQ(run_ok({"echo", "yes"}), "yes\n");
}

}  // namespace
}  // namespace weft
