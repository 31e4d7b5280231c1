#include "agent/node_name.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <map>

#include "base/file.h"
#include "base/strings.h"
#include "test/folder.h"

namespace weft::agent {
namespace {

class NodeNameTest : public testing::Test {
 protected:
  Result<std::string> name() const {
    return node_name({.flag = flag,
                      .environment = [this](const char* variable) -> const char* {
                        const auto found = environment.find(variable);
                        return found == environment.end() ? nullptr : found->second.c_str();
                      },
                      .file = folder.path() + "/nodename"});
  }
  void file(std::string_view content) const { ASSERT_TRUE(write_file_atomic(folder.path() + "/nodename", content)); }

  test::Folder folder;
  std::string flag;
  std::map<std::string, std::string> environment;
};

TEST_F(NodeNameTest, ComesFromTheFirstSourceThatHasOne) {
  char host[256] = {};
  ASSERT_EQ(::gethostname(host, sizeof host - 1), 0);
  EXPECT_EQ(name(), to_lower(host));
  file("");
  EXPECT_EQ(name(), to_lower(host)) << "an empty file says nothing";
  file("by-file\n");
  EXPECT_EQ(name(), "by-file");
  environment["NODENAME"] = "by-nodename";
  EXPECT_EQ(name(), "by-nodename");
  environment["FELIX_FELIXHOSTNAME"] = "by-felix";
  EXPECT_EQ(name(), "by-felix");
  flag = "by-flag";
  EXPECT_EQ(name(), "by-flag");
}

TEST_F(NodeNameTest, IgnoresVariablesThatAreEmpty) {
  file("by-file");
  environment["FELIX_FELIXHOSTNAME"] = "";
  environment["NODENAME"] = "";
  EXPECT_EQ(name(), "by-file");
}

TEST_F(NodeNameTest, NamesTheSourceOfABadName) {
  environment["NODENAME"] = "Node 1";
  EXPECT_EQ(name().error(), (Error{Code::invalid,
                                   "NODENAME: node name \"Node 1\" is not a DNS-1123 subdomain (lower-case letters, "
                                   "digits, '-' and '.')"}));
  flag = "n1.";
  EXPECT_EQ(name().error().message.substr(0, 7), "--node:") << "a bad one is not passed over";
}

TEST_F(NodeNameTest, KeepsTheRulesOfDns) {
  for (const auto& good : std::vector<std::string>{"n", "node-1", "1", "node1.rack2.example", std::string(253, 'a')}) {
    flag = good;
    EXPECT_EQ(name(), good);
  }
  for (const auto& bad :
       std::vector<std::string>{"-a", "a-", "a..b", ".a", "a_b", "a/b", "N1", "ä", "a b", std::string(254, 'a')}) {
    flag = bad;
    EXPECT_FALSE(name()) << bad;
  }
}

}  // namespace
}  // namespace weft::agent
