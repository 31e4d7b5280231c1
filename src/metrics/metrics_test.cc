#include "metrics/metrics.h"

#include <gtest/gtest.h>

#include <thread>

namespace weft::metrics {
namespace {

bool has_line(const std::string& line) { return ("\n" + text()).find("\n" + line + "\n") != std::string::npos; }

TEST(MetricsTest, WritesACounterWithHelpTypeAndLabels) {
  counter("weft_test_rows", "Rows of a test.", {{"table", "route"}}).add();
  counter("weft_test_rows", "Rows of a test.", {{"table", "route"}}).add(2);
  counter("weft_test_rows", "Rows of a test.", {{"table", "link"}}).add();

  EXPECT_TRUE(has_line("# HELP weft_test_rows Rows of a test.")) << text();
  EXPECT_TRUE(has_line("# TYPE weft_test_rows counter")) << text();
  EXPECT_TRUE(has_line(R"(weft_test_rows{table="route"} 3)")) << text();
  EXPECT_TRUE(has_line(R"(weft_test_rows{table="link"} 1)")) << text();
}

TEST(MetricsTest, GivesTheSameMetricForTheSameNameAndLabels) {
  EXPECT_EQ(&gauge("weft_test_same", "x"), &gauge("weft_test_same", "x"));
  EXPECT_NE(&gauge("weft_test_same", "x"), &gauge("weft_test_same", "x", {{"a", "b"}}));
}

TEST(MetricsTest, AGaugeGoesUpAndDown) {
  gauge("weft_test_level", "A level.").set(5);
  gauge("weft_test_level", "A level.").set(2);

  EXPECT_TRUE(has_line("weft_test_level 2")) << text();
}

TEST(MetricsTest, AHistogramCountsIntoBucketsOfSeconds) {
  histogram("weft_test_seconds", "A duration.").observe(0.0002);
  histogram("weft_test_seconds", "A duration.").observe(3);

  EXPECT_TRUE(has_line(R"(weft_test_seconds_bucket{le="0.0001"} 0)")) << text();
  EXPECT_TRUE(has_line(R"(weft_test_seconds_bucket{le="0.00025"} 1)")) << text();
  EXPECT_TRUE(has_line(R"(weft_test_seconds_bucket{le="100"} 2)")) << text();
  EXPECT_TRUE(has_line("weft_test_seconds_count 2")) << text();
}

TEST(MetricsTest, CountsFromSeveralThreadsWithoutLosingOne) {
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int n = 0; n < 1000; ++n) counter("weft_test_threads", "x").add();
      });
    }
  }

  EXPECT_EQ(counter("weft_test_threads", "x").value(), 4000);
}

}  // namespace
}  // namespace weft::metrics
