#include "loop/child.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "base/strings.h"

namespace weft::loop {
namespace {

using std::chrono::milliseconds;

struct ChildTest : testing::Test {
  Loop loop;
  std::vector<std::string> lines;
  int status = -1;

  Result<std::unique_ptr<Child>> sh(const std::string& script, Command command = {}) {
    command.argv = {"/bin/sh", "-c", script};
    return Child::start(loop, std::move(command),
                        {.out = [this](std::string_view line) { lines.push_back("out " + std::string(line)); },
                         .err = [this](std::string_view line) { lines.push_back("err " + std::string(line)); },
                         .ended =
                             [this](int how) {
                               status = how;
                               loop.stop();
                             }});
  }
};

TEST_F(ChildTest, GivesLinesOfBothStreamsThenTheEnd) {
  const auto child = sh("echo one; echo two; printf 'no newline'; echo three >&2; exit 4");
  ASSERT_TRUE(child) << child.error().message;
  loop.run();

  std::sort(lines.begin(), lines.end());
  EXPECT_EQ(lines, (std::vector<std::string>{"err three", "out no newline", "out one", "out two"}));
  EXPECT_EQ(WEXITSTATUS(status), 4);
  EXPECT_EQ((*child)->pid(), 0);
}

TEST_F(ChildTest, SaysThatTheProgramIsNotThere) {
  const auto child = Child::start(loop, Command{.argv = {"/nowhere/program"}}, {});

  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().code, Code::not_found);
}

TEST_F(ChildTest, StopsWithTermFirst) {
  const auto child = sh("trap 'echo asked; exit 0' TERM; echo up; while :; do sleep 0.01; done");
  const auto beat = loop.every(milliseconds(2), [&] {
    if (lines.size() == 1) (*child)->stop(milliseconds(5000));
  });
  loop.run();

  EXPECT_EQ(lines.back(), "out asked");
  EXPECT_EQ(status, 0);
}

TEST_F(ChildTest, KillsWhatDoesNotListen) {
  const auto child = sh("trap '' TERM; echo up; while :; do sleep 0.01; done");
  const auto beat = loop.every(milliseconds(5), [&] {
    if (lines.size() == 1) {
      lines.emplace_back("asked");
      (*child)->stop(milliseconds(20));
    }
  });
  loop.run();

  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

TEST_F(ChildTest, TakesItsGroupWithIt) {
  const auto child = sh("sleep 60 & echo $!; wait", Command{.own_group = true});
  int grandchild = 0;
  const auto beat = loop.every(milliseconds(2), [&] {
    if (lines.empty() || grandchild != 0) return;
    grandchild = std::stoi(lines[0].substr(4));
    (*child)->signal(SIGKILL);
  });
  loop.run();

  // Killed; whoever adopted it reaps it soon. A zombie counts as gone.
  for (int i = 0; i < 500 && ::kill(grandchild, 0) == 0; ++i) {
    const auto stat = run({"cat", "/proc/" + std::to_string(grandchild) + "/stat"});
    if (stat->out.find(") Z ") != std::string::npos) return;
    std::this_thread::sleep_for(milliseconds(2));
  }
  EXPECT_NE(::kill(grandchild, 0), 0);
}

TEST_F(ChildTest, DestroyingItEndsAndReapsTheProcess) {
  int pid = 0;
  {
    const auto child = sh("sleep 60");
    pid = (*child)->pid();
    ASSERT_EQ(::kill(pid, 0), 0);
  }

  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(ChildTest, MayBeDestroyedByItsOwnEnd) {
  std::unique_ptr<Child> child;
  child = *Child::start(loop, Command{.argv = {"true"}}, {.ended = [&](int) {
                          child.reset();
                          loop.stop();
                        }});
  loop.run();

  EXPECT_EQ(child, nullptr);
}

TEST_F(ChildTest, EndsWithTheThreadThatStartedItWhenAsked) {
  int pid = 0;
  std::thread([&] {
    const auto process = start(Command{.argv = {"sleep", "60"}, .ends_with_parent = true});
    pid = process->pid;
  }).join();

  int how = 0;
  ASSERT_EQ(::waitpid(pid, &how, 0), pid);
  EXPECT_EQ(describe_status(how), "killed by SIGTERM");
}

}  // namespace
}  // namespace weft::loop
