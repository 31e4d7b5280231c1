#include "store/known_keys.h"

#include <gtest/gtest.h>

#include <map>

namespace weft::store {
namespace {

std::map<std::string, Revision> all(const KnownKeys& known) {
  std::map<std::string, Revision> out;
  known.each([&](const std::string& key, const Sent& sent) { EXPECT_TRUE(out.emplace(key, sent.revision).second); });
  EXPECT_EQ(out.size(), known.size());
  return out;
}

TEST(KnownKeysTest, HoldsKeysOfAnyShapeApart) {
  KnownKeys known;
  Revision revision = 0;
  const std::map<std::string, Revision> keys = {{"/a/b", 1}, {"/a/b/", 2}, {"/a/b/c", 3}, {"a", 4}, {"", 5}, {"/", 6}};
  for (const auto& [key, value] : keys) known.put(key, {++revision, 0});
  EXPECT_EQ(all(known).size(), keys.size());
  for (const auto& [key, value] : keys) ASSERT_TRUE(known.find(key)) << key;
  EXPECT_EQ(known.find("/a"), nullptr);
  EXPECT_EQ(known.find("/a/b/c/"), nullptr);
}

TEST(KnownKeysTest, TheLastWordCounts) {
  KnownKeys known;
  known.put("/a/b", {1, 10});
  known.put("/a/b", {2, 20});
  EXPECT_EQ(*known.find("/a/b"), (Sent{2, 20}));
  EXPECT_EQ(known.size(), 1u);
  known.erase("/a/c");
  known.erase("/b/b");
  EXPECT_EQ(known.size(), 1u);
  known.erase("/a/b");
  EXPECT_EQ(all(known).size(), 0u);
  EXPECT_EQ(known.find("/a/b"), nullptr);
}

}  // namespace
}  // namespace weft::store
