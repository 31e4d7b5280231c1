// What the ground costs: a log line, a task handed to a loop, a program started.

#include "base/log.h"
#include "base/process.h"
#include "bench/bench.h"
#include "loop/loop.h"

int main() {
  using namespace weft;
  bench::measure("log line, formatted", [] {
    bench::keep(log::format_line(log::Format::text, "2026-11-24T10:00:00.123Z", log::Level::info, "agent",
                                 "policy applied", {{"policy", "default/web"}, {"rules", 3}}));
  });
  bench::measure("log line below the level", [] { log::debug("quiet"); });
  loop::Loop loop;
  bench::measure("task posted to a loop and run", [&] {
    loop.post([&] { loop.stop(); });
    loop.run();
  });
  bench::measure("program run to its end", [] { bench::keep(run({"/bin/true"})); });
}
