#include "metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace weft::metrics {
namespace {

class CounterOf : public Counter {
 public:
  explicit CounterOf(prometheus::Counter& inner) : inner_(inner) {}
  void add(double amount) override { inner_.Increment(amount); }
  double value() const override { return inner_.Value(); }

 private:
  prometheus::Counter& inner_;
};

class GaugeOf : public Gauge {
 public:
  explicit GaugeOf(prometheus::Gauge& inner) : inner_(inner) {}
  void set(double value) override { inner_.Set(value); }
  double value() const override { return inner_.Value(); }

 private:
  prometheus::Gauge& inner_;
};

class HistogramOf : public Histogram {
 public:
  explicit HistogramOf(prometheus::Histogram& inner) : inner_(inner) {}
  void observe(double seconds) override { inner_.Observe(seconds); }

 private:
  prometheus::Histogram& inner_;
};

// Three steps a decade, 100 µs to 100 s.
const prometheus::Histogram::BucketBoundaries& buckets() {
  static const prometheus::Histogram::BucketBoundaries list{
      0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100};
  return list;
}

// Never destroyed: a metric may be counted while the process ends.
struct Store {
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  std::mutex mutex;
  std::map<std::pair<std::string, Labels>, std::unique_ptr<Counter>> counters;
  std::map<std::pair<std::string, Labels>, std::unique_ptr<Gauge>> gauges;
  std::map<std::pair<std::string, Labels>, std::unique_ptr<Histogram>> histograms;
};
Store& all() {
  static auto* store = new Store;
  return *store;
}

template <class Metric>
Metric& remembered(std::map<std::pair<std::string, Labels>, std::unique_ptr<Metric>>& known, std::string_view name,
                   const Labels& labels, const std::function<std::unique_ptr<Metric>()>& make) {
  const std::lock_guard lock(all().mutex);
  auto& slot = known[{std::string(name), labels}];
  if (!slot) slot = make();
  return *slot;
}

}  // namespace

Counter& counter(std::string_view name, std::string_view help, const Labels& labels) {
  return remembered<Counter>(all().counters, name, labels, [&] {
    auto& family = prometheus::BuildCounter().Name(std::string(name)).Help(std::string(help)).Register(all().registry);
    return std::make_unique<CounterOf>(family.Add(labels));
  });
}

Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels) {
  return remembered<Gauge>(all().gauges, name, labels, [&] {
    auto& family = prometheus::BuildGauge().Name(std::string(name)).Help(std::string(help)).Register(all().registry);
    return std::make_unique<GaugeOf>(family.Add(labels));
  });
}

Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels) {
  return remembered<Histogram>(all().histograms, name, labels, [&] {
    auto& family =
        prometheus::BuildHistogram().Name(std::string(name)).Help(std::string(help)).Register(all().registry);
    return std::make_unique<HistogramOf>(family.Add(labels, buckets()));
  });
}

std::string text() { return prometheus::TextSerializer().Serialize(all().registry.Collect()); }

}  // namespace weft::metrics
