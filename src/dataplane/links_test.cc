#include "dataplane/links.h"

#include <gtest/gtest.h>

namespace weft::dataplane {
namespace {

using Names = Links::Names;

TEST(LinksTest, TellsWhatAppearedChangedAndWent) {
  Links links;

  EXPECT_EQ(links.read({{.index = 1, .name = "lo"}, {.index = 2, .name = "cali1"}}), (Names{"lo", "cali1"}));
  EXPECT_EQ(links.put({.index = 2, .name = "cali1"}), Names{});
  EXPECT_EQ(links.put({.index = 2, .name = "cali1", .up = true}), (Names{"cali1"}));
  EXPECT_EQ(links.read({{.index = 1, .name = "lo"}}), (Names{"cali1"}));
  EXPECT_EQ(links.find("cali1"), nullptr);
  EXPECT_EQ(links.drop(7), Names{});
}

TEST(LinksTest, FollowsARename) {
  Links links;
  links.put({.index = 2, .name = "tmp"});

  EXPECT_EQ(links.put({.index = 2, .name = "cali1"}), (Names{"tmp", "cali1"}));
  EXPECT_EQ(links.find("tmp"), nullptr);
  EXPECT_EQ(links.find("cali1")->index, 2);
}

TEST(LinksTest, KeepsANameThatANewInterfaceTookBeforeTheOldOneWent) {
  Links links;
  links.put({.index = 2, .name = "cali1"});
  links.put({.index = 3, .name = "cali1"});

  links.drop(2);

  ASSERT_NE(links.find("cali1"), nullptr);
  EXPECT_EQ(links.find("cali1")->index, 3);
}

}  // namespace
}  // namespace weft::dataplane
