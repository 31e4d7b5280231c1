#include "api/types.h"

#include <gtest/gtest.h>

using namespace weft;
using namespace weft::api;

namespace {
std::string canonical(std::string_view text) {
  const auto duration = parse_duration(text);
  return duration ? to_string(*duration) : "refused";
}
}  // namespace

TEST(Durations, AreRewrittenAsGoDoes) {
  EXPECT_EQ(canonical("90s"), "1m30s");
  EXPECT_EQ(canonical("120s"), "2m0s");
  EXPECT_EQ(canonical("3600s"), "1h0m0s");
  EXPECT_EQ(canonical("1.5h"), "1h30m0s");
  EXPECT_EQ(canonical("1h2m3.004s"), "1h2m3.004s");
  EXPECT_EQ(canonical("1500ms"), "1.5s");
  EXPECT_EQ(canonical("1500us"), "1.5ms");
  EXPECT_EQ(canonical("1500ns"), "1.5µs");
  EXPECT_EQ(canonical("0"), "0s");
  EXPECT_EQ(canonical("-1m"), "-1m0s");
  EXPECT_EQ(canonical(".5s"), "500ms");
}

TEST(Durations, NeedAUnitAndARange) {
  for (const auto* text : {"", "5", "s", "1x", "1s5", "--1s", "1.2.3s", "9999999999h", ".s", "1 s", "+"}) {
    EXPECT_EQ(canonical(text), "refused") << text;
  }
}

TEST(AsNumbers, AreReadInDottedForm) {
  EXPECT_EQ(parse_as_number("1.10")->value, 65546u);
  EXPECT_EQ(parse_as_number("4294967295")->value, 4294967295u);
  EXPECT_FALSE(parse_as_number("4294967296"));
  EXPECT_FALSE(parse_as_number("1.65536"));
  EXPECT_FALSE(parse_as_number("1."));
  EXPECT_FALSE(parse_as_number("x"));
}

TEST(Ports, AreNumbersRangesOrNames) {
  EXPECT_EQ(to_string(*parse_port("80")), "80");
  EXPECT_EQ(to_string(*parse_port("80:90")), "80:90");
  EXPECT_TRUE(parse_port("http-8")->is_named());
  EXPECT_FALSE(parse_port("90:80"));
  EXPECT_FALSE(parse_port("65536"));
  EXPECT_FALSE(parse_port("a b"));
  EXPECT_FALSE(parse_port(""));
}
