#include "ctl/line_diff.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "base/process.h"
#include "test/folder.h"

namespace weft::ctl {
namespace {

TEST(LineDiffTest, ShowsWhatDiffersWithThreeLinesAround) {
  EXPECT_EQ(unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nfive\n6\n7\n8\n", "old", "new", false),
            "--- old\n+++ new\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
  EXPECT_EQ(unified_diff("", "a\nb\n", "old", "new", false), "--- old\n+++ new\n@@ -0,0 +1,2 @@\n+a\n+b\n");
  EXPECT_EQ(unified_diff("a\n", "a\n", "old", "new", false), "");
  EXPECT_NE(unified_diff("a\n", "b\n", "old", "new", true).find("\033[31m-a\033[0m\n"), std::string::npos);
}

/// patch(1) understands it: from the old text it makes the new one.
TEST(LineDiffTest, IsWhatPatchTakes) {
  const std::vector<std::string> texts = {"",
                                          "a\n",
                                          "a\nb\nc\n",
                                          "b\nc\nd\n",
                                          "x\na\nb\nc\nd\ne\nf\ng\nh\ni\nj\n",
                                          "a\nb\nC\nd\ne\nf\ng\nh\nI\nj\nk\n",
                                          "j\ni\nh\na\n"};
  const test::Folder folder;
  const std::string old_file = folder.path() + "/old", patch = folder.path() + "/patch";
  const auto found = run({"sh", "-c", "command -v patch"});
  if (!found || !found->ok()) GTEST_SKIP() << "no patch(1)";
  for (const auto& before : texts) {
    for (const auto& after : texts) {
      const std::string diff = unified_diff(before, after, "old", "old", false);
      EXPECT_EQ(diff.empty(), before == after);
      if (diff.empty()) continue;
      ASSERT_TRUE(write_file_atomic(old_file, before));
      ASSERT_TRUE(write_file_atomic(patch, diff));
      const auto done = run({"patch", "-s", "-o", folder.path() + "/new", old_file, patch});
      ASSERT_TRUE(done && done->ok()) << done->out << done->err << diff;
      EXPECT_EQ(*read_file(folder.path() + "/new"), after) << diff;
    }
  }
}

}  // namespace
}  // namespace weft::ctl
