#include "base/env.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace weft {
namespace {

TEST(EnvTest, TellsUnsetFromEmpty) {
  ::setenv("WEFT_TEST_ENV", "", 1);
  EXPECT_EQ(env("WEFT_TEST_ENV"), "");
  EXPECT_EQ(env_or("WEFT_TEST_ENV", "x"), "x");

  ::setenv("WEFT_TEST_ENV", "y", 1);
  EXPECT_EQ(env_or("WEFT_TEST_ENV", "x"), "y");

  ::unsetenv("WEFT_TEST_ENV");
  EXPECT_EQ(env("WEFT_TEST_ENV"), std::nullopt);
}

}  // namespace
}  // namespace weft
