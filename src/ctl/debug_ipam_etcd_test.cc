// Many processes that allocate and release on one etcd, while some are stopped and killed at random.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include <fmt/core.h>

#include "api/codec.h"
#include "base/process.h"
#include "ipam/check.h"
#include "ipam/race.h"
#include "schema/value.h"
#include "store/etcd/open.h"
#include "test/etcd.h"

namespace weft::ctl {
namespace {

/// A `weft debug ipam` that is asked line by line.
class Filter {
 public:
  explicit Filter(const std::string& endpoint) : endpoint_(endpoint) { start(); }
  ~Filter() { end(); }

  /// The answer; nullopt when the process was killed: nobody knows then whether it was done.
  std::optional<schema::Value> ask(const schema::Object& question) {
    const std::string line = schema::to_json(question) + '\n';
    if (::write(to_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) return std::nullopt;
    std::string answer;
    for (char c = 0; c != '\n';) {
      pollfd wanted{.fd = from_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&wanted, 1, 120'000) <= 0 || ::read(from_.get(), &c, 1) <= 0) return std::nullopt;
      answer += c;
    }
    auto value = schema::parse_json(answer);
    return value ? std::optional(*value) : std::nullopt;
  }
  void restart() {
    end();
    start();
  }
  /// Any thread.
  void signal(int number) {
    const std::lock_guard lock(mutex_);
    if (pid_ > 0) ::kill(pid_, number);
  }

 private:
  void start() {
    int in[2], out[2];
    ASSERT_EQ(::pipe2(in, O_CLOEXEC), 0);
    ASSERT_EQ(::pipe2(out, O_CLOEXEC), 0);
    const Fd theirs_in(in[0]), theirs_out(out[1]);
    to_ = Fd(in[1]);
    from_ = Fd(out[0]);
    const Command command{.argv = {WEFT_PROGRAM, "debug", "ipam"},
                          .env = {{"DATASTORE_TYPE=etcdv3", "ETCD_ENDPOINTS=" + endpoint_}},
                          .in = theirs_in.get(),
                          .out = theirs_out.get()};
    const auto process = ::weft::start(command);
    ASSERT_TRUE(process) << process.error().message;
    const std::lock_guard lock(mutex_);
    pid_ = process->pid;
  }
  void end() {
    const std::lock_guard lock(mutex_);
    to_ = Fd();
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
    pid_ = 0;
  }

  const std::string endpoint_;
  Fd to_, from_;
  std::mutex mutex_;
  pid_t pid_ = 0;
};

/// What all racers together hold.
class Held {
 public:
  void take(const std::string& handle, const schema::Value& share) {
    const std::lock_guard lock(mutex_);
    for (const auto& each : *share.at("ips")->as_array()) {
      const std::string ip = each.as_string()->substr(0, each.as_string()->find('/'));
      const auto [at, fresh] = by_ip_.emplace(ip, handle);
      EXPECT_TRUE(fresh) << ip << " was given to " << handle << " and to " << at->second;
      ++given_;
    }
  }
  /// Before the release: afterwards others may get them at once.
  void give_back(const std::string& handle) {
    const std::lock_guard lock(mutex_);
    std::erase_if(by_ip_, [&](const auto& each) { return each.second == handle; });
  }
  std::size_t given() const { return given_; }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> by_ip_;
  std::atomic<std::size_t> given_ = 0;
};

/// One process and what it was given. What a killed one was about to take is known by its handle, and released by it.
void race(Filter& filter, int number, Held& held, std::stop_token stop, std::atomic<int>& unanswered) {
  std::mt19937 random(static_cast<unsigned>(number));
  std::vector<std::string> mine;
  const std::string host = "node" + std::to_string(number / 2);
  const auto release = [&](const std::string& handle) {
    held.give_back(handle);
    for (;;) {
      const auto answer = filter.ask({{"op", "releaseByHandle"}, {"handle", handle}});
      if (answer) {
        const auto* error = answer->at("error");
        EXPECT_TRUE(error == nullptr || error->as_string()->find("does not exist") != std::string::npos)
            << schema::to_json(*answer);
        return;
      }
      filter.restart();
    }
  };
  for (int round = 0; !stop.stop_requested(); ++round) {
    if (!mine.empty() && random() % 5 < 2) {
      const auto at = mine.begin() + static_cast<std::ptrdiff_t>(random() % mine.size());
      const std::string handle = std::move(*at);
      mine.erase(at);
      release(handle);
      continue;
    }
    const std::string handle = fmt::format("net.{}-{}", number, round);
    const auto answer = filter.ask({{"op", "autoAssign"},
                                    {"host", host},
                                    {"num4", static_cast<int>(random() % 3) + 1},
                                    {"handle", handle},
                                    {"intendedUse", "Workload"},
                                    {"attrs", schema::Object{{"node", host}}}});
    if (!answer) {
      ++unanswered;
      filter.restart();
      release(handle);
      continue;
    }
    ASSERT_TRUE(answer->at("ok") && *answer->at("ok")->as_bool()) << schema::to_json(*answer);
    if (answer->at("v4", "ips")->as_array()->empty()) {  // all is given out
      if (!mine.empty()) release(std::exchange(mine.back(), mine.front())), mine.erase(mine.begin());
      continue;
    }
    held.take(handle, *answer->at("v4"));
    mine.push_back(handle);
  }
  for (const auto& handle : mine) release(handle);
}

TEST(DebugIpamRaceTest, GivesNoAddressTwiceAndLeavesNothingBehindWhenProcessesAreStoppedAndKilled) {
  // By hand: WEFT_IPAM_RACE_SECONDS=60.
  const char* seconds = std::getenv("WEFT_IPAM_RACE_SECONDS");
  ::signal(SIGPIPE, SIG_IGN);  // a racer asks one that was killed since its last answer
  const auto duration = std::chrono::seconds(seconds ? std::atoi(seconds) : 5);
  constexpr int racers = 16;
  test::Etcd etcd;
  auto store = store::open({.etcd_endpoints = {etcd.endpoint(), "test"}}).value();
  // Fewer addresses than are wanted: blocks are fought for, borrowed from and full.
  ipam::racing::prepare(*store, racers / 2, "10.65.0.0/24", 28);

  std::vector<std::unique_ptr<Filter>> filters;
  for (int i = 0; i < racers; ++i) filters.push_back(std::make_unique<Filter>(etcd.endpoint()));
  Held held;
  std::atomic<int> unanswered = 0;
  int stopped = 0, killed = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < racers; ++i)
    threads.emplace_back(
        [&, i](std::stop_token stop) { race(*filters[static_cast<std::size_t>(i)], i, held, stop, unanswered); });
  std::mt19937 random(7);
  // On a busy machine longer, until enough happened to mean something.
  const auto end = std::chrono::steady_clock::now() + duration;
  for (auto now = end - duration; now < end || (held.given() < 200 && now < end + std::chrono::seconds(60));
       now = std::chrono::steady_clock::now()) {
    Filter& victim = *filters[random() % racers];
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 80));
    if (random() % 8 == 0) {
      ++killed;
      victim.signal(SIGKILL);
      continue;
    }
    ++stopped;
    victim.signal(SIGSTOP);
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 60));
    victim.signal(SIGCONT);
  }
  for (auto& thread : threads) thread.request_stop();
  for (auto& filter : filters) filter->signal(SIGCONT);
  threads.clear();
  fmt::print("{} addresses given to {} processes; {} stops, {} kills, {} requests without an answer\n", held.given(),
             racers, stopped, killed, unanswered.load());

  const auto report = ipam::check(*store).value();
  for (const auto& problem : report.problems) {
    // A claim that was cut off between its two steps: the next claim of that block takes it up.
    EXPECT_TRUE(problem.text == "is left pending") << problem.object << ": " << problem.text;
  }
  EXPECT_TRUE(report.allocations.empty());
  EXPECT_EQ(report.handles, 0u);
  EXPECT_GE(held.given(), 200u);
  ipam::Ipam(*store).release_affinities(std::nullopt, std::nullopt, true).value();
  EXPECT_TRUE(store->list("/calico/ipam/")->entries.empty());
}

}  // namespace
}  // namespace weft::ctl
