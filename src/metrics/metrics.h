#pragma once

#include <atomic>
#include <map>
#include <string>
#include <string_view>

/// Metrics of this process, in Prometheus' text format. Thread-safe; a metric lives as long as the process.
/// Names as Calico's where the meaning is the same, weft_ otherwise. Use a static reference at the place that counts:
///
///     static auto& refused = metrics::counter("weft_rows_refused", "Rows the kernel refused.", {{"table", "route"}});
///     refused.add();
namespace weft::metrics {

using Labels = std::map<std::string, std::string>;

class Counter {
 public:
  virtual ~Counter() = default;
  virtual void add(double amount = 1) = 0;
  virtual double value() const = 0;
};
class Gauge {
 public:
  virtual ~Gauge() = default;
  virtual void set(double value) = 0;
  virtual double value() const = 0;
};
/// Seconds, in buckets from 100 µs to 100 s.
class Histogram {
 public:
  virtual ~Histogram() = default;
  virtual void observe(double seconds) = 0;
};

Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels = {});

/// Everything, in text format 0.0.4.
std::string text();

}  // namespace weft::metrics
