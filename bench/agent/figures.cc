#include "bench/agent/figures.h"

#include <fmt/core.h>

#include <algorithm>

namespace weft::bench {

namespace {

struct Recorded {
  std::string_view what;
  std::string_view felix[3];
  std::string_view aim[3];
};

// Felix: recorded figures, quoted; not measured here.
constexpr Recorded recorded[] = {
    {"start: until the last rule and route", {"360 ms", "2.4 s", "24 s"}, {"50 ms", "200 ms", "1.5 s"}},
    {"start: CPU until then", {"380 ms", "3.2 s", "34 s"}, {"30 ms", "200 ms", "1.5 s"}},
    {"resident memory, settled", {"88 MB", "150 MB", "728 MB"}, {"20 MB", "30 MB", "90 MB"}},
    {"remote endpoint appears, p50 / p99",
     {"5.6 / 20 ms", "59 / 72 ms", "552 / 660 ms"},
     {"1 / 5 ms", "1 / 5 ms", "1 / 5 ms"}},
    {"policy of one pod changes, p50 / p99",
     {"4.4 / 6.3 ms", "8.2 / 10.5 ms", "17 / 35 ms"},
     {"1 / 5 ms", "1 / 5 ms", "1 / 5 ms"}},
    {"local endpoint appears, p50 / p99",
     {"30 / 46 ms", "168 / 244 ms", "1.7 / 3.2 s"},
     {"2 / 8 ms", "2 / 8 ms", "3 / 10 ms"}},
    {"local endpoint removed, p50 / p99", {"45 ms", "190 ms", "1.7 s"}, {"2 ms", "2 ms", "3 ms"}},
    {"CPU per remote endpoint", {"14 ms", "72 ms", "618 ms"}, {"0.3 ms", "0.3 ms", "0.5 ms"}},
    {"CPU per local endpoint", {"53 ms", "264 ms", "2.4 s"}, {"1 ms", "1 ms", "1.5 ms"}},
    {"idle, of one core", {"1.3 %", "1.3 %", "1.4 %"}, {"0.1 %", "0.1 %", "0.1 %"}},
    {"CNI ADD, one after another, p50 / p99",
     {"177 / 268 ms", "172 / 271 ms", "-"},
     {"5 / 15 ms", "5 / 15 ms", "6 / 20 ms"}},
    {"CNI DEL, p50 / p99", {"151 ms", "184 ms", "-"}, {"5 ms", "5 ms", "6 ms"}},
    {"from ADD's return until in force, p50 / p99", {"33 ms", "113 ms", "-"}, {"0", "0", "0"}},
    {"CNI ADD, eight at once", {"11 per s", "8 per s", "-"}, {"300 per s", "300 per s", "200 per s"}},
    {"memory growth over 10 000 changes", {"-", "-", "-"}, {"none", "none", "none"}},
};

}  // namespace

double Sample::quantile(double q) const {
  if (values_.empty()) return 0;
  auto sorted = values_;
  const auto at = std::min(sorted.size() - 1, static_cast<std::size_t>(q * static_cast<double>(sorted.size())));
  std::nth_element(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(at), sorted.end());
  return sorted[at];
}

std::string milliseconds(double value) {
  if (value >= 1000) return fmt::format("{:.2f} s", value / 1000);
  return value >= 10 ? fmt::format("{:.0f} ms", value) : fmt::format("{:.2f} ms", value);
}
std::string milliseconds(const Sample& sample) {
  if (sample.size() == 0) return "-";
  return fmt::format("{:.2f} / {:.2f} ms", sample.p50(), sample.p99());
}

Table::Table(const std::string& size) : size_(size), column_(size == "small" ? 0 : size == "medium" ? 1 : 2) {}

void Table::head() const {
  fmt::print("{:<44} {:>18}  {:>32}  {:>12}  {:>16}\n", size_, "measured", "limit, measured in this run", "aim",
             "Felix, recorded");
}

void Table::row(std::string_view what, const std::string& measured, const std::string& limit) const {
  std::string_view felix = "", aim = "";
  for (const auto& one : recorded) {
    if (one.what != what) continue;
    felix = one.felix[column_];
    aim = one.aim[column_];
  }
  fmt::print("{:<44} {:>18}  {:>32}  {:>12}  {:>16}\n", what, measured, limit, aim, felix);
  std::fflush(stdout);
}

}  // namespace weft::bench
