#include "base/log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/fd.h"

namespace weft::log {
namespace {

constexpr auto when = "2026-11-24T10:00:00.123Z";

std::string text(std::string_view message, Fields fields = {}, std::string_view part = "agent") {
  return format_line(Format::text, when, Level::info, part, message, fields);
}
std::string json(std::string_view message, Fields fields = {}) {
  return format_line(Format::json, when, Level::warning, "agent", message, fields);
}

TEST(LogTest, WritesTimeLevelPartSentenceAndFields) {
  EXPECT_EQ(text("policy applied", {{"policy", "default/web"}, {"rules", 3}}),
            "2026-11-24T10:00:00.123Z INFO agent: policy applied policy=default/web rules=3");
  EXPECT_EQ(text("up", {}, ""), "2026-11-24T10:00:00.123Z INFO up");
}

TEST(LogTest, QuotesValuesThatWouldNotReadAsOne) {
  EXPECT_EQ(text("m", {{"a", "two words"}, {"b", ""}, {"c", "x=y"}, {"d", "say \"hi\""}, {"e", "plain"}}),
            R"(2026-11-24T10:00:00.123Z INFO agent: m a="two words" b="" c="x=y" d="say \"hi\"" e=plain)");
}

TEST(LogTest, AnEventIsOneLineWhateverItHolds) {
  EXPECT_EQ(text("a\nb", {{"c", "d\r\ne\t\x01"}}), R"(2026-11-24T10:00:00.123Z INFO agent: a\nb c="d\r\ne\t\u0001")");
  EXPECT_EQ(json("a\nb").find('\n'), std::string::npos);
}

TEST(LogTest, WritesJsonWithEveryValueAString) {
  EXPECT_EQ(json("say \"hi\"", {{"rules", 3}, {"path", "a\\b"}}),
            R"({"time":"2026-11-24T10:00:00.123Z","level":"warning","part":"agent","message":"say \"hi\"",)"
            R"("rules":"3","path":"a\\b"})");
}

TEST(LogTest, KnowsTheLevelsByAllTheirNames) {
  const std::pair<const char*, Level> rows[] = {
      {"Trace", Level::trace},     {"DEBUG", Level::debug}, {"info", Level::info},   {"Warn", Level::warning},
      {"WARNING", Level::warning}, {"Error", Level::error}, {"panic", Level::fatal}, {"none", Level::fatal}};
  for (const auto& [name, expected] : rows) {
    Level level = Level::info;
    EXPECT_TRUE(parse_level(name, level)) << name;
    EXPECT_EQ(level, expected) << name;
  }
  Level level = Level::error;
  EXPECT_FALSE(parse_level("loud", level));
  EXPECT_EQ(level, Level::error);
}

TEST(LogTest, SaysNothingBelowItsLevel) {
  set_level(Level::warning);
  testing::internal::CaptureStderr();

  info("quiet");
  warning("loud");

  const std::string written = testing::internal::GetCapturedStderr();
  set_level(Level::info);
  EXPECT_EQ(written.find("quiet"), std::string::npos);
  EXPECT_NE(written.find("WARNING loud\n"), std::string::npos) << written;
}

TEST(LogTest, PutsThePrefixInFrontOfTheWholeLine) {
  set_prefix("node | ");
  testing::internal::CaptureStderr();

  warning("loud");

  set_prefix("");
  EXPECT_TRUE(testing::internal::GetCapturedStderr().starts_with("node | 2"));
}

/// Standard error is the writing end of a pipe.
class UnreadLogTest : public testing::Test {
 protected:
  UnreadLogTest() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    reader.reset(ends[0]);
    const Fd writer(ends[1]);
    before.reset(::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0));
    ::dup2(writer.get(), STDERR_FILENO);
  }
  ~UnreadLogTest() override { ::dup2(before.get(), STDERR_FILENO); }

  Fd reader, before;
};

TEST_F(UnreadLogTest, LosesLinesRatherThanWaitForAReaderThatDoesNotRead) {
  const std::string long_line(3000, 'x');
  for (int i = 0; i < 100; ++i) warning(long_line);  // more than the pipe takes

  std::string read(1 << 20, ' ');
  read.resize(static_cast<std::size_t>(::read(reader.get(), read.data(), read.size())));
  warning("heard again");
  char rest[4096];
  const std::string last(rest, static_cast<std::size_t>(::read(reader.get(), rest, sizeof rest)));

  EXPECT_NE(last.find("WARNING lines of this log were lost count="), std::string::npos) << last;
  EXPECT_NE(last.find("heard again\n"), std::string::npos) << last;
}

}  // namespace
}  // namespace weft::log
