#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace weft::bench {

/// Values in milliseconds (or whatever), to be asked for quantiles.
class Sample {
 public:
  void add(double value) { values_.push_back(value); }
  double p50() const { return quantile(0.5); }
  double p99() const { return quantile(0.99); }
  std::size_t size() const { return values_.size(); }

 private:
  double quantile(double q) const;
  std::vector<double> values_;
};

std::string milliseconds(double value);          // "0.82 ms", "12.3 ms", "1.24 s"
std::string milliseconds(const Sample& sample);  // "0.82 / 1.90 ms"

/// Prints a line of the table: what was measured beside what a program without any logic of its own would need, what
/// Felix was recorded to need on such a machine (Calico master, nftables mode), and what we aim for.
class Table {
 public:
  /// @param size  small, medium, large: which of the recorded figures are shown
  explicit Table(const std::string& size);
  void head() const;
  void row(std::string_view what, const std::string& measured, const std::string& limit) const;

 private:
  std::string size_;
  int column_;
};

}  // namespace weft::bench
