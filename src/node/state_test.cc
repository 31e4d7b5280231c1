#include "node/state.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace weft::node {
namespace {

using std::chrono::seconds;
using std::chrono::system_clock;

struct NodeStateTest : testing::Test {
  std::string folder = [] {
    std::string name = testing::TempDir() + "weft-state-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    return name;
  }();
  system_clock::time_point start{seconds(1'000'000)};
  State state = {.node = "node1",
                 .pid = 100,
                 .since = start,
                 .rows = {{"agent", 101, "running", 2, start + seconds(10), "killed by SIGKILL"},
                          {"bird", 0, "waiting", 0, start, ""}}};

  ~NodeStateTest() override { std::filesystem::remove_all(folder); }
};

TEST_F(NodeStateTest, ReadsBackWhatItWrote) { EXPECT_EQ(parse_state(to_json(state)), state); }

TEST_F(NodeStateTest, SaysThatNothingRunsWhenNobodyHoldsTheFolder) {
  ASSERT_TRUE(save_state(folder, state));

  const auto loaded = load_state(folder);

  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error(), (Error{Code::not_found, "no `weft node` runs here"}));
}

TEST_F(NodeStateTest, ShowsTheStateOfWhoHoldsTheFolder) {
  const auto lock = lock_run_folder(folder);
  ASSERT_TRUE(lock);
  ASSERT_TRUE(save_state(folder, state));

  EXPECT_EQ(load_state(folder), state);
}

TEST_F(NodeStateTest, OnlyOneHoldsTheFolder) {
  auto lock = lock_run_folder(folder);
  ASSERT_TRUE(lock);
  EXPECT_EQ(lock_run_folder(folder).error().code, Code::exists);

  lock->reset();
  EXPECT_TRUE(lock_run_folder(folder));
}

TEST_F(NodeStateTest, BadStateIsAnErrorNotACrash) {
  for (const char* text : {"", "[]", "{}", R"({"programs":{}})", R"({"programs":[1,null,{"pid":"x"}]})"})
    parse_state(text);
  EXPECT_FALSE(parse_state("{}"));
}

TEST_F(NodeStateTest, PrintsATable) {
  EXPECT_EQ(table(state, start + seconds(3700)),
            "PROGRAM       PID  STATE         FOR  RESTARTS  LAST END\n"
            "node          100  running      1h1m         0  -\n"
            "agent         101  running      1h1m         2  killed by SIGKILL\n"
            "bird            -  waiting      1h1m         0  -\n");
}

}  // namespace
}  // namespace weft::node
