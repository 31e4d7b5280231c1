#include "api/pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace weft::api {
namespace {

bool finds(std::string_view pattern, std::string_view text) { return Pattern::parse(pattern).value().finds(text); }

TEST(PatternTest, IsReadAsGoReadsIt) {
  EXPECT_TRUE(finds("(?i)eth[0-9]+", "xETH0"));
  EXPECT_TRUE(finds(R"((?P<n>eth)\d)", "eth1"));
  EXPECT_TRUE(finds("^[[:word:]]+$", "a_1"));
  EXPECT_FALSE(finds("^eth", "veth"));
  EXPECT_TRUE(Pattern::parse("[a-z]{1,3}").value().matches("abc"));
  EXPECT_FALSE(Pattern::parse("[a-z]{1,3}").value().matches("abcd"));
  for (const auto* pattern : {"(", "*", "(?=eth)e", R"((a)\1)", "a{2}{3}", "[b-a]", R"(\)"}) {
    const auto refused = Pattern::parse(pattern);
    ASSERT_FALSE(refused) << pattern;
    EXPECT_EQ(refused.error().code, Code::invalid);
    EXPECT_FALSE(refused.error().message.empty());
  }
}

TEST(PatternTest, TakesWhateverAUserWrites) {
  const std::string long_text(1'000'000, 'a');
  EXPECT_TRUE(Pattern::parse("(a*)*|b").value().matches(long_text));
  EXPECT_TRUE(Pattern::parse("[a-z ]*").value().matches(long_text));
  (void)Pattern::parse(long_text);
  EXPECT_FALSE(Pattern::parse(std::string(60'000, '(')));
  (void)Pattern::parse(std::string(60'000, '(') + std::string(60'000, ')'));
  EXPECT_FALSE(Pattern::parse("((a{1000}){1000}){1000}"));
}

}  // namespace
}  // namespace weft::api
