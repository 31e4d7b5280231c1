#include "base/result.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <set>

namespace weft {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(Code::invalid, "odd");
  return n / 2;
}
Result<int> quarter(int n) {
  const int h = TRY(half(n));
  return TRY(within(half(h), "second half"));
}
Result<> nothing_but(bool good) {
  if (!good) return fail(Code::denied, "no");
  return {};
}
Result<std::unique_ptr<int>> through(bool good) {
  TRY(nothing_but(good));
  auto owned = TRY(Result<std::unique_ptr<int>>(std::make_unique<int>(5)));
  return owned;
}

TEST(ResultTest, TryGivesTheValueOrReturnsTheError) {
  EXPECT_EQ(quarter(8), 2);
  EXPECT_EQ(quarter(7).error(), (Error{Code::invalid, "odd"}));
}

TEST(ResultTest, WithinPutsWhatWeWereDoingInFront) {
  EXPECT_EQ(quarter(6).error(), (Error{Code::invalid, "second half: odd"}));
  EXPECT_EQ((Error{Code::invalid, "c"}.within("b").within("a").message), "a: b: c");
}

TEST(ResultTest, TryWorksForVoidAndForMoveOnlyValues) {
  EXPECT_EQ(*through(true).value(), 5);
  EXPECT_EQ(through(false).error().code, Code::denied);
}

TEST(ResultTest, AnErrnoBecomesACodeAndASentence) {
  EXPECT_EQ(errno_error(ENOENT, "/x"), (Error{Code::not_found, "/x: No such file or directory"}));
  EXPECT_EQ(errno_error(EACCES, "/x").code, Code::denied);
  EXPECT_EQ(errno_error(EEXIST, "/x").code, Code::exists);
  EXPECT_EQ(errno_error(ECONNREFUSED, "/x").code, Code::unavailable);
  EXPECT_EQ(errno_error(EOPNOTSUPP, "/x").code, Code::unsupported);
}

TEST(ResultTest, EveryCodeHasItsOwnName) {
  std::set<std::string_view> names;
  for (int code = 0; code <= static_cast<int>(Code::internal); ++code) names.insert(to_string(static_cast<Code>(code)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(Code::internal) + 1);
}

TEST(ResultDeathTest, CheckStopsTheProgramAndSaysWhere) {
  EXPECT_DEATH(CHECK(1 + 1 == 3), "CHECK failed: 1 \\+ 1 == 3 \\(.*result_test.cc:[0-9]+\\)");
}

}  // namespace
}  // namespace weft
