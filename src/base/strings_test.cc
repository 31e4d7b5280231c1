#include "base/strings.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

using Parts = std::vector<std::string>;

TEST(StringsTest, SplitsKeepingEmptyParts) {
  EXPECT_EQ(split("a,b,,c,", ','), (Parts{"a", "b", "", "c", ""}));
  EXPECT_EQ(split("a", ','), Parts{"a"});
  EXPECT_EQ(split("", ','), Parts{});
}

TEST(StringsTest, JoinsEqualPartsToo) {
  EXPECT_EQ(join({"a", "a", ""}, ", "), "a, a, ");
  EXPECT_EQ(join({}, ", "), "");
}

TEST(StringsTest, TrimsBothSidesOnly) {
  EXPECT_EQ(trim(" \t a b\r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
}

TEST(StringsTest, MakesControlCharactersVisible) {
  EXPECT_EQ(printable("a\nb\x1b[0m\x7f \xc3\xa4"), "a\\nb\\x1b[0m\\x7f \xc3\xa4");
}

TEST(StringsTest, LowersAsciiAndLeavesTheRest) { EXPECT_EQ(to_lower("ÄBC-Z9"), "Äbc-z9"); }

}  // namespace
}  // namespace weft
