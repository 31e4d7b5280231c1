#include "ctl/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <thread>
#include <utility>

#include "base/fd.h"

namespace weft::ctl {
namespace {

Result<schema::Object> echo(const schema::Object& question) {
  if (const auto* what = question.find("say")) return schema::Object{{"said", *what}};
  return fail(Code::invalid, "say: missing");
}

/// A filter in a thread, with the ends of its pipes that a caller has.
struct Running {
  Running() {
    int in[2] = {};
    int out[2] = {};
    EXPECT_EQ(::pipe(in), 0);
    EXPECT_EQ(::pipe(out), 0);
    input.reset(in[1]);
    output.reset(out[0]);
    thread = std::thread([this, in = in[0], out = out[1]] {
      status = run_filter(in, out, echo);
      ::close(in);
      ::close(out);
    });
  }
  ~Running() {
    input.reset();
    if (thread.joinable()) thread.join();
  }
  void write(std::string_view text) {
    while (!text.empty()) {
      const auto n = ::write(input.get(), text.data(), text.size());
      ASSERT_GT(n, 0);
      text.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  std::string line() {
    while (unread.find('\n') == std::string::npos) {
      char chunk[65536];
      const auto n = ::read(output.get(), chunk, sizeof chunk);
      if (n <= 0) return std::exchange(unread, {});
      unread.append(chunk, static_cast<std::size_t>(n));
    }
    const auto end = unread.find('\n');
    std::string text = unread.substr(0, end);
    unread.erase(0, end + 1);
    return text;
  }
  int finish() {
    input.reset();
    thread.join();
    return status;
  }

  Fd input, output;
  std::string unread;
  int status = -1;
  std::thread thread;
};

TEST(Filter, RepeatsTheIdAndTurnsAnErrorIntoAnAnswer) {
  EXPECT_EQ(answer_line(R"({"id":7,"say":"x"})", echo), R"({"id":7,"said":"x"})");
  EXPECT_EQ(answer_line(R"({"say":[1,2],"id":{"a":null}})", echo), R"({"id":{"a":null},"said":[1,2]})");
  EXPECT_EQ(answer_line(R"({"id":7})", echo), R"({"id":7,"ok":false,"error":"say: missing"})");
  EXPECT_EQ(answer_line(R"([7])", echo), R"({"ok":false,"error":"not a JSON object"})");
  EXPECT_THAT(answer_line(R"({"id":7)", echo), testing::StartsWith(R"({"ok":false,"error":)"));
  EXPECT_THAT(answer_line("", echo), testing::StartsWith(R"({"ok":false,"error":)"));
}

TEST(Filter, AnswersEachLineBeforeItNeedsTheNext) {
  Running filter;
  for (const char* id : {"1", "2", "3"}) {
    filter.write(std::string(R"({"say":)") + id + "}\n");
    EXPECT_EQ(filter.line(), std::string(R"({"said":)") + id + "}");
  }
  filter.write("{\"say\":1}\n\nno\n{\"say\":4}");  // the last line has no end
  EXPECT_EQ(filter.line(), R"({"said":1})");
  EXPECT_THAT(filter.line(), testing::HasSubstr(R"("ok":false)"));
  EXPECT_THAT(filter.line(), testing::HasSubstr(R"("ok":false)"));
  filter.input.reset();
  EXPECT_EQ(filter.line(), R"({"said":4})");
  EXPECT_EQ(filter.finish(), 0);
}

TEST(Filter, TakesLinesOfManyMegabytes) {
  Running filter;
  const std::string text(std::size_t{8} << 20, 'x');
  std::thread writer([&] { filter.write(R"({"say":")" + text + "\"}\n{\"say\":2}\n"); });
  EXPECT_EQ(filter.line().size(), text.size() + std::string(R"({"said":""})").size());
  EXPECT_EQ(filter.line(), R"({"said":2})");
  writer.join();
  EXPECT_EQ(filter.finish(), 0);
}

}  // namespace
}  // namespace weft::ctl
