#include "cni/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "cni/client.h"
#include "cni/journal.h"
#include "cni/plugin.h"

namespace weft::cni {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ProtocolTest, ReadsWhatItWrites) {
  const Request request{
      "ADD", "cni", {{"CNI_IFNAME", "eth0"}, {"CNI_ARGS", "a=\"b\";c=\n"}}, R"({"name":"net"})", R"({"ips":[]})"};
  EXPECT_EQ(*parse_request(to_json(request)), request);
  const Answer answer{11, R"({"code":11})"};
  EXPECT_EQ(*parse_answer(to_json(answer)), answer);
}

TEST(ProtocolTest, RefusesWhatIsNoRequest) {
  EXPECT_FALSE(parse_request(""));
  EXPECT_FALSE(parse_request("[]"));
  EXPECT_FALSE(parse_request("{}"));
  EXPECT_FALSE(parse_request(R"({"verb":1})"));
  EXPECT_FALSE(parse_request(R"({"verb":"ADD","environment":{"A":1}})"));
  EXPECT_FALSE(parse_answer(R"({"output":""})"));
}

TEST(ClientTest, SaysUnavailableAtOnceWhenNobodyListens) {
  EXPECT_EQ(ask("/no/such/socket", {"status"}, std::chrono::seconds(5)).error().code, Code::unavailable);
}

TEST(PluginTest, TellsItsVersions) {
  const auto printed = call("cni", {{"CNI_COMMAND", "VERSION"}}, "");

  EXPECT_EQ(printed.status, 0);
  EXPECT_EQ(printed.text,
            R"({"cniVersion":"1.1.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]})");
}

TEST(PluginTest, ChecksWhatTheSpecificationWantsBeforeItAsksAnybody) {
  const auto code = [](std::map<std::string, std::string> environment, const std::string& config) {
    return call("cni", environment, config).text;
  };
  EXPECT_THAT(code({}, "{}"), HasSubstr(R"("code":4)"));
  EXPECT_THAT(code({{"CNI_COMMAND", "ADD"}}, "{}"), HasSubstr("CNI_CONTAINERID: required"));
  EXPECT_THAT(code({{"CNI_COMMAND", "ADD"}}, "{"), HasSubstr(R"("code":6)"));
  EXPECT_THAT(code({{"CNI_COMMAND", "CHECK"}}, R"({"cniVersion":"0.3.1"})"), HasSubstr(R"("code":1)"));
  EXPECT_THAT(code({{"CNI_COMMAND", "STATUS"}}, R"({"cniVersion":"1.1.0","weft_socket":"/no/such/socket"})"),
              testing::AllOf(HasSubstr(R"("code":11)"), HasSubstr("/no/such/socket")));
}

TEST(PluginTest, DoesNotFindAnIpamPluginOutsideOfCniPath) {
  const std::map<std::string, std::string> environment = {{"CNI_COMMAND", "ADD"},
                                                          {"CNI_CONTAINERID", "c"},
                                                          {"CNI_NETNS", "n"},
                                                          {"CNI_IFNAME", "eth0"},
                                                          {"CNI_PATH", "/no/such/folder"}};

  EXPECT_THAT(call("cni", environment, R"({"ipam":{"type":"host-local"}})").text,
              HasSubstr("plug-in host-local: not in CNI_PATH"));
  EXPECT_THAT(call("cni", environment, R"({"ipam":{"type":"../sh"}})").text, HasSubstr("not a plug-in's name"));
}

TEST(JournalTest, SurvivesARestartAndEndsEmpty) {
  std::string folder = (std::filesystem::temp_directory_path() / "weft-journal.XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  const std::string file = folder + "/state/cni-releases.json";
  const PendingRelease one{"c1", "eth0", "/calico/x", {"net.c1", "default.web"}};
  {
    Journal journal(file);
    ASSERT_TRUE(journal.add(one));
    ASSERT_TRUE(journal.add({"c2", "eth0", "", {"net.c2"}}));
    ASSERT_TRUE(journal.add(one));  // replaces
  }
  Journal journal(file);
  EXPECT_EQ(journal.all().size(), 2u);
  ASSERT_TRUE(journal.drop("c2", "eth0"));
  EXPECT_THAT(Journal(file).all(), ElementsAre(one));
  ASSERT_TRUE(journal.drop("c1", "eth0"));
  EXPECT_FALSE(file_exists(file));

  ASSERT_TRUE(write_file_atomic(file, "{"));
  EXPECT_TRUE(Journal(file).all().empty());
  EXPECT_TRUE(file_exists(file + ".bad"));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace weft::cni
