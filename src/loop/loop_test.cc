#include "loop/loop.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <ctime>
#include <thread>

#include "base/fd.h"

namespace weft::loop {
namespace {

using std::chrono::milliseconds;

std::pair<Fd, Fd> make_pipe() {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

TEST(LoopTest, CallsWhenADescriptorIsReadable) {
  Loop loop;
  auto [in, out] = make_pipe();
  ASSERT_EQ(::write(out.get(), "x", 1), 1);

  std::uint32_t seen = 0;
  const auto source = loop.on_fd(in.get(), EPOLLIN, [&](std::uint32_t events) {
    seen = events;
    loop.stop();
  });
  loop.run();

  EXPECT_EQ(seen, std::uint32_t{EPOLLIN});
}

TEST(LoopTest, CallsAfterADelayAndNotBefore) {
  Loop loop;
  const auto start = std::chrono::steady_clock::now();

  const auto timer = loop.after(milliseconds(20), [&] { loop.stop(); });
  loop.run();

  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, milliseconds(20));
  EXPECT_LT(took, milliseconds(2000));
}

TEST(LoopTest, RepeatsUntilTheSourceIsDestroyedInItsOwnCallback) {
  Loop loop;
  int calls = 0;
  SourcePtr end;

  SourcePtr beat = loop.every(milliseconds(1), [&] {
    if (++calls < 3) return;
    beat.reset();
    end = loop.after(milliseconds(20), [&] { loop.stop(); });
  });
  loop.run();

  EXPECT_EQ(calls, 3);
}

TEST(LoopTest, ADestroyedSourceIsNotCalledEvenWhenItWasDue) {
  Loop loop;
  auto [in, out] = make_pipe();
  ASSERT_EQ(::write(out.get(), "x", 1), 1);
  int calls = 0;
  SourcePtr first, second;

  first = loop.on_fd(in.get(), EPOLLIN, [&](std::uint32_t) {
    ++calls;
    second.reset();
    first.reset();
    loop.stop();
  });
  auto copy = Fd(::dup(in.get()));
  second = loop.on_fd(copy.get(), EPOLLIN, [&](std::uint32_t) {
    ++calls;
    first.reset();
    second.reset();
    loop.stop();
  });
  loop.run();

  EXPECT_EQ(calls, 1);
}

TEST(LoopTest, RunsTasksPostedFromAnotherThreadOnItsOwn) {
  Loop loop;
  std::thread::id ran_on;

  std::jthread other([&] {
    loop.post([&] {
      ran_on = std::this_thread::get_id();
      loop.stop();
    });
  });
  loop.run();

  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(LoopTest, RunsAgainAfterAStop) {
  Loop loop;
  loop.stop();
  loop.run();
  bool ran = false;

  loop.post([&] {
    ran = true;
    loop.stop();
  });
  loop.run();

  EXPECT_TRUE(ran);
}

TEST(LoopTest, HearsASignal) {
  Loop loop;
  const auto source = loop.on_signal(SIGUSR1, [&] { loop.stop(); });

  ::kill(::getpid(), SIGUSR1);
  loop.run();
}

TEST(LoopTest, TellsHowAChildEnded) {
  Loop loop;
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(7);
  int ended = -1;

  const auto source = loop.on_exit(pid, [&](int status) {
    ended = status;
    loop.stop();
  });
  loop.run();

  ASSERT_TRUE(WIFEXITED(ended));
  EXPECT_EQ(WEXITSTATUS(ended), 7);
  EXPECT_EQ(::waitpid(pid, nullptr, WNOHANG), -1);  // reaped
}

TEST(LoopTest, UsesNoProcessorTimeWhileItWaits) {
  Loop loop;
  const auto timer = loop.after(milliseconds(200), [&] { loop.stop(); });
  const std::clock_t before = std::clock();

  loop.run();

  EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 20);
}

}  // namespace
}  // namespace weft::loop
