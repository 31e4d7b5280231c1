#include "ipam/leaks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/memory.h"

namespace weft::ipam {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class LeaksTest : public testing::Test {
 protected:
  LeaksTest() {
    put("nodes/n1", R"({"kind":"Node","metadata":{"name":"n1"},"spec":{}})");
    pool("p4", R"("cidr":"10.65.0.0/28","blockSize":29)");
    pool("p6", R"("cidr":"fd00::/124","blockSize":125)");
  }
  void put(const std::string& path, const std::string& value) {
    ASSERT_TRUE(store.put("/calico/resources/v3/projectcalico.org/" + path, value));
  }
  void pool(const std::string& name, const std::string& spec) {
    put("ippools/" + name, R"({"kind":"IPPool","metadata":{"name":")" + name + R"("},"spec":{)" + spec +
                               R"(,"allowedUses":["Workload","Tunnel"],"assignmentMode":"Automatic"}})");
  }
  void assign(const std::string& handle, const std::vector<std::string>& ips) {
    AssignIpRequest request{.node = "n1", .owner = {handle, {}}, .ips = {}};
    for (const auto& ip : ips) request.ips.push_back(*net::Ip::parse(ip));
    const auto assigned = ipam.assign_ips(request);
    ASSERT_TRUE(assigned) << assigned.error().message;
  }
  /// By a workload.
  void use(const std::string& network) {
    put(endpoint, R"({"kind":"WorkloadEndpoint","metadata":{"name":"n1-k8s-db-eth0","namespace":"shop"},)"
                  R"("spec":{"ipNetworks":[")" +
                      network + R"("]}})");
  }
  Leaks whole() {
    const auto report = check(store).value();
    return whole_handles(leaks_of(report), report);
  }
  static std::vector<std::string> texts(const Leaks& leaks) {
    std::vector<std::string> ips;
    for (const auto& [ip, claim] : leaks.addresses) ips.push_back(net::to_string(ip));
    return ips;
  }

  static constexpr const char* endpoint = "workloadendpoints/shop/n1-k8s-db-eth0";
  store::Memory store;
  Ipam ipam{store};
};

TEST_F(LeaksTest, AreAllOfAHandleOrNone) {
  assign("net.half", {"10.65.0.1", "10.65.0.9", "fd00::1"});
  assign("net.gone", {"10.65.0.2", "fd00::2"});
  use("10.65.0.9/32");
  ASSERT_THAT(leaks_of(check(store).value()).addresses, SizeIs(4));

  const Leaks leaks = whole();

  EXPECT_THAT(texts(leaks), ElementsAre("10.65.0.2", "fd00::2"));
  EXPECT_EQ(collect(ipam, leaks).addresses, 2u);
  EXPECT_THAT(texts(whole()), IsEmpty());
  ASSERT_TRUE(store.remove(std::string("/calico/resources/v3/projectcalico.org/") + endpoint));
  EXPECT_THAT(texts(whole()), ElementsAre("10.65.0.1", "10.65.0.9", "fd00::1"));
}

TEST_F(LeaksTest, OfNoHandleAreEachOnItsOwn) {
  assign("", {"10.65.0.1", "10.65.0.2"});
  use("10.65.0.1/32");

  EXPECT_THAT(texts(whole()), ElementsAre("10.65.0.2"));
}

}  // namespace
}  // namespace weft::ipam
