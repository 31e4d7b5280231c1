#include "cni/result.h"

#include <gtest/gtest.h>

namespace weft::cni {
namespace {

AddResult example() {
  AddResult result;
  result.interfaces = {{"cali1", "", ""}, {"eth0", "02:00:00:00:00:01", "/var/run/netns/x"}};
  result.addresses = {{*net::Address::parse("10.65.0.1/32"), std::nullopt, 1},
                      {*net::Address::parse("fd00::1/128"), std::nullopt, 1}};
  result.routes = {{*net::Cidr::parse("10.65.0.0/26"), std::nullopt}, {*net::Cidr::parse("fd00::/122"), std::nullopt}};
  return result;
}

TEST(AddResultTest, IsWrittenAsEachVersionHasIt) {
  EXPECT_EQ(to_json(example(), "0.2.0"),
            R"({"cniVersion":"0.2.0","ip4":{"ip":"10.65.0.1/32","routes":[{"dst":"10.65.0.0/26"}]},)"
            R"("ip6":{"ip":"fd00::1/128","routes":[{"dst":"fd00::/122"}]},"dns":{}})");
  EXPECT_EQ(
      to_json(example(), "0.4.0"),
      R"({"cniVersion":"0.4.0","interfaces":[{"name":"cali1"},{"name":"eth0","mac":"02:00:00:00:00:01","sandbox":"/var/run/netns/x"}],)"
      R"("ips":[{"version":"4","interface":1,"address":"10.65.0.1/32"},{"version":"6","interface":1,"address":"fd00::1/128"}],)"
      R"("routes":[{"dst":"10.65.0.0/26"},{"dst":"fd00::/122"}],"dns":{}})");
  EXPECT_EQ(
      to_json(example(), "1.1.0"),
      R"({"cniVersion":"1.1.0","interfaces":[{"name":"cali1"},{"name":"eth0","mac":"02:00:00:00:00:01","sandbox":"/var/run/netns/x"}],)"
      R"("ips":[{"interface":1,"address":"10.65.0.1/32"},{"interface":1,"address":"fd00::1/128"}],)"
      R"("routes":[{"dst":"10.65.0.0/26"},{"dst":"fd00::/122"}],"dns":{}})");
}

TEST(AddResultTest, IsReadFromEachVersion) {
  for (const char* version : {"0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"})
    EXPECT_EQ(*AddResult::parse(*schema::parse_json(to_json(example(), version))), example()) << version;
  AddResult old = example();
  old.interfaces.clear();
  for (auto& each : old.addresses) each.interface.reset();
  EXPECT_EQ(*AddResult::parse(*schema::parse_json(to_json(example(), "0.1.0"))), old);
}

TEST(AddResultTest, NamesTheFieldThatIsWrong) {
  const auto error_of = [](const char* json) {
    const auto result = AddResult::parse(*schema::parse_json(json));
    return result ? std::string("none") : result.error().message.substr(0, result.error().message.find(' '));
  };
  EXPECT_EQ(error_of(R"({"ips":[{"address":"10.0.0"}]})"), "ips:");
  EXPECT_EQ(error_of(R"({"ips":{}})"), "ips:");
  EXPECT_EQ(error_of(R"({"ip4":{"ip":"x"}})"), "ip4:");
  EXPECT_EQ(error_of(R"({"routes":[{"dst":"x"}]})"), "routes:");
  EXPECT_EQ(error_of(R"({"interfaces":[{}]})"), "interfaces:");
}

}  // namespace
}  // namespace weft::cni
