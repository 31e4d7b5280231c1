// What the store costs, with a real etcd on loopback: a read, a write, a change until a watch has it, 10 000 keys read,
// a mirror of them; and what a process that only watches needs while nothing happens.

#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <thread>

#include "base/file.h"
#include "base/log.h"
#include "bench/bench.h"
#include "store/etcd/open.h"
#include "store/mirror.h"
#include "test/etcd.h"

namespace {

long resident_kib() {
  const auto text = weft::read_file("/proc/self/statm").value_or("0 0");
  return std::atol(text.c_str() + text.find(' ')) * (::sysconf(_SC_PAGESIZE) / 1024);
}
double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}
long threads() {
  const auto text = weft::read_file("/proc/self/status").value_or("");
  const auto at = text.find("Threads:");
  return at == text.npos ? 0 : std::atol(text.c_str() + at + 8);
}

}  // namespace

int main() {
  using namespace weft;
  log::set_level(log::Level::warning);
  const long before = resident_kib();
  test::Etcd etcd;
  auto store = store::open({.etcd_endpoints = {etcd.endpoint(), "bench"}}).value();

  bench::measure("one key read", [&] { bench::keep(store->get("/bench/a")); });
  bench::measure("one key written", [&] { bench::keep(store->put("/bench/a", "1")); });

  std::mutex mutex;
  std::condition_variable changed;
  store::Revision seen = 0;
  store::Mirror mirror(*store, {.prefix = "/bench/"},
                       [&](std::span<const store::Event>, store::Revision revision, bool) {
                         const std::lock_guard lock(mutex);
                         seen = revision;
                         changed.notify_all();
                       });
  bench::measure("one key written and seen by a mirror", [&] {
    const auto revision = store->put("/bench/a", "1").value();
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return seen >= revision; });
  });
  bench::measure("a mirror asked how far it is", [&] { bench::keep(mirror.catch_up(std::chrono::seconds(5))); });

  const auto idle = [&](const char* what) {
    const double start = cpu_seconds();
    std::this_thread::sleep_for(std::chrono::seconds(5));
    std::printf("%-48s %.3f %% CPU, %.1f MiB resident (%.1f at start), %ld threads\n", what,
                (cpu_seconds() - start) / 5 * 100, static_cast<double>(resident_kib()) / 1024,
                static_cast<double>(before) / 1024, threads());
  };
  idle("idle, one key mirrored:");

  const std::string value(500, 'x');
  for (int i = 0; i < 10'000; i += 100) {
    std::vector<store::Op> ops;
    for (int k = i; k < i + 100; ++k) ops.push_back({.key = "/bench/keys/" + std::to_string(k), .value = value});
    if (!store->commit(ops)) return 1;
  }
  bench::measure("10 000 keys of 500 bytes read", [&] { bench::keep(store->list("/bench/keys/")); });
  bench::measure("10 000 keys, a mirror started and in sync", [&] {
    store::Mirror other(*store, {.prefix = "/bench/keys/"},
                        [](std::span<const store::Event>, store::Revision, bool) {});
    bench::keep(other.catch_up(std::chrono::seconds(10)));
  });
  idle("idle, 10 000 keys mirrored:");
}
