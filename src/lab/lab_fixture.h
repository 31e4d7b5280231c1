#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include <fmt/core.h>

#include "base/file.h"
#include "base/process.h"
#include "base/strings.h"
#include "test/netns.h"

/// What tests that drive a lab by the program's command line share.
namespace weft::lab {

struct Outcome {
  int status = 0;
  std::string out;  // standard output
  std::string err;
};

/// A lab of the test's own name; afterwards it is gone, and the machine's own network is as it was.
class LabTest : public ::testing::Test {
 protected:
  void SetUp() override { links_before = test::shell("ip -o link; ip route; ip -6 route; nft list ruleset").output; }
  void TearDown() override {
    if (HasFailure()) {
      for (const auto& line : split(weft("lab logs").out, '\n')) fmt::print("{}\n", line);
    }
    EXPECT_EQ(weft("lab down").status, 0);
    EXPECT_FALSE(file_exists("/run/weft-lab/" + name));
    EXPECT_EQ(test::shell("ip -o link; ip route; ip -6 route; nft list ruleset").output, links_before)
        << "the machine's own network changed";
  }

  /// Runs `weft WORDS` by a shell.
  Outcome weft(const std::string& words, std::string_view input = {}) { return sh("weft " + words, input); }
  Outcome sh(const std::string& line, std::string_view input = {}) {
    Command command{.argv = {"/bin/sh", "-c", line}};
    const std::string program = WEFT_PROGRAM;
    command.env_more = {"WEFT_LAB=" + name, "PATH=" + program.substr(0, program.rfind('/')) +
                                                ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
    const auto finished = ::weft::run(command, {.timeout = std::chrono::seconds(60), .input = std::string(input)});
    if (!finished) return {.status = 255, .out = {}, .err = finished.error().message};
    return {finished->exit_code(), finished->out, finished->err};
  }
  /// The same, and it has to succeed. @return what it printed
  std::string ok(const std::string& words, std::string_view input = {}) {
    const auto outcome = weft(words, input);
    EXPECT_EQ(outcome.status, 0) << "weft " << words << "\n" << outcome.out << outcome.err;
    return outcome.out;
  }
  static std::string last_line(const std::string& text) {
    const auto lines = split(trim(text), '\n');
    return lines.empty() ? std::string() : lines.back();
  }
  std::string add_pod(const std::string& words) { return last_line(ok("lab pod add " + words)); }
  bool connects(const std::string& from, const std::string& address, int port) {
    return weft(fmt::format("lab exec {} -- timeout 1 bash -c 'exec 3<>/dev/tcp/{}/{}'", from, address, port)).status ==
           0;
  }
  bool eventually(const std::function<bool()>& condition, int seconds = 20) {
    return test::eventually(condition, std::chrono::seconds(seconds));
  }

  std::string name = fmt::format("t{}", ::getpid());
  std::string links_before;
};

}  // namespace weft::lab
