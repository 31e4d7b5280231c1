#include "loop/loop.h"

#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <utility>
#include <vector>

#include "base/fd.h"

namespace weft::loop {
namespace {

std::uint64_t now_us() {
  timespec ts{};
  ::clock_gettime(CLOCK_MONOTONIC, &ts);
  return static_cast<std::uint64_t>(ts.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(ts.tv_nsec) / 1000;
}

std::uint64_t count_us(std::chrono::microseconds d) {
  return d.count() > 0 ? static_cast<std::uint64_t>(d.count()) : 0;
}

// A source and its callback. The callback is held by a shared pointer that the trampolines copy, so that it may
// destroy its own source.
template <class Function>
struct Registered : Source {
  explicit Registered(Function f) : call(std::make_shared<Function>(std::move(f))) {}
  Registered(const Registered&) = delete;
  Registered& operator=(const Registered&) = delete;
  ~Registered() override { sd_event_source_disable_unref(source); }

  std::shared_ptr<Function> call;
  sd_event_source* source = nullptr;
  Fd fd;                          // of the source's own, closed with it
  std::uint64_t interval_us = 0;  // of a repeating timer
  int pid = 0;                    // of a child
};

using FdSource = Registered<std::function<void(std::uint32_t)>>;
using CallSource = Registered<std::function<void()>>;
using ExitSource = Registered<std::function<void(int)>>;

int fd_ready(sd_event_source*, int, std::uint32_t events, void* data) {
  const auto call = static_cast<FdSource*>(data)->call;
  (*call)(events);
  return 0;
}

int timer_due(sd_event_source* source, std::uint64_t due_us, void* data) {
  auto* self = static_cast<CallSource*>(data);
  if (self->interval_us > 0) {
    const std::uint64_t next = due_us + self->interval_us;
    const std::uint64_t now = now_us();
    sd_event_source_set_time(source, next > now ? next : now + self->interval_us);  // missed beats are not made up for
    sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
  }
  const auto call = self->call;
  (*call)();
  return 0;
}

int signal_arrived(sd_event_source*, const signalfd_siginfo*, void* data) {
  const auto call = static_cast<CallSource*>(data)->call;
  (*call)();
  return 0;
}

int child_ended(sd_event_source* source, int, std::uint32_t, void* data) {
  auto* self = static_cast<ExitSource*>(data);
  int status = 0;
  const pid_t reaped = ::waitpid(self->pid, &status, WNOHANG);
  if (reaped == 0) return 0;  // not yet
  sd_event_source_set_enabled(source, SD_EVENT_OFF);
  const auto call = self->call;
  (*call)(reaped == self->pid ? status : 0);
  return 0;
}

}  // namespace

struct Loop::Inner {
  sd_event* event = nullptr;
  Fd wake;
  sd_event_source* wake_source = nullptr;
  std::atomic<bool> stopping = false;
  std::mutex mutex;
  std::vector<std::function<void()>> tasks;

  void poke() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(wake.get(), &one, sizeof one);
  }

  static int woken(sd_event_source*, int fd, std::uint32_t, void* data) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto n = ::read(fd, &count, sizeof count);
    auto* self = static_cast<Inner*>(data);
    std::vector<std::function<void()>> due;
    {
      const std::lock_guard lock(self->mutex);
      due.swap(self->tasks);
    }
    for (auto& task : due) task();
    return 0;
  }
};

Loop::Loop() : inner_(std::make_unique<Inner>()) {
  CHECK(sd_event_new(&inner_->event) >= 0);
  inner_->wake.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  CHECK(inner_->wake);
  CHECK(sd_event_add_io(inner_->event, &inner_->wake_source, inner_->wake.get(), EPOLLIN, Inner::woken, inner_.get()) >=
        0);
}

Loop::~Loop() {
  sd_event_source_disable_unref(inner_->wake_source);
  sd_event_unref(inner_->event);
}

SourcePtr Loop::on_fd(int fd, std::uint32_t events, std::function<void(std::uint32_t)> ready) {
  auto registered = std::make_unique<FdSource>(std::move(ready));
  CHECK(sd_event_add_io(inner_->event, &registered->source, fd, events, fd_ready, registered.get()) >= 0);
  return registered;
}

SourcePtr Loop::after(std::chrono::microseconds delay, std::function<void()> due) {
  auto registered = std::make_unique<CallSource>(std::move(due));
  CHECK(sd_event_add_time(inner_->event, &registered->source, CLOCK_MONOTONIC, now_us() + count_us(delay), 1, timer_due,
                          registered.get()) >= 0);
  return registered;
}

SourcePtr Loop::every(std::chrono::microseconds interval, std::function<void()> due) {
  auto registered = std::make_unique<CallSource>(std::move(due));
  registered->interval_us = count_us(interval);
  CHECK(registered->interval_us > 0);
  CHECK(sd_event_add_time(inner_->event, &registered->source, CLOCK_MONOTONIC, now_us() + registered->interval_us,
                          1 + registered->interval_us / 64, timer_due, registered.get()) >= 0);
  return registered;
}

SourcePtr Loop::on_signal(int signal, std::function<void()> arrived) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  auto registered = std::make_unique<CallSource>(std::move(arrived));
  CHECK(sd_event_add_signal(inner_->event, &registered->source, signal, signal_arrived, registered.get()) >= 0);
  return registered;
}

SourcePtr Loop::on_exit(int pid, std::function<void(int)> ended) {
  auto registered = std::make_unique<ExitSource>(std::move(ended));
  registered->pid = pid;
  registered->fd.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  CHECK(registered->fd);
  CHECK(sd_event_add_io(inner_->event, &registered->source, registered->fd.get(), EPOLLIN, child_ended,
                        registered.get()) >= 0);
  return registered;
}

void Loop::post(std::function<void()> task) {
  {
    const std::lock_guard lock(inner_->mutex);
    inner_->tasks.push_back(std::move(task));
  }
  inner_->poke();
}

void Loop::run() {
  while (!inner_->stopping.exchange(false)) CHECK(sd_event_run(inner_->event, UINT64_MAX) >= 0);
}

void Loop::stop() {
  inner_->stopping = true;
  inner_->poke();
}

}  // namespace weft::loop
