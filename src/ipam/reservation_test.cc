#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ipam/check.h"
#include "ipam/ipam.h"
#include "store/memory.h"

namespace weft::ipam {
namespace {

class ReservationTest : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(ReservationTest, IsKeptFromWhoTakesAnyAddressAndGivenToWhoAsksForIt) {
  const auto [range, wanted] = GetParam();
  const net::Ip ip = *net::Ip::parse(wanted);
  store::Memory store;
  const auto put = [&](const std::string& path, const std::string& value) {
    ASSERT_TRUE(store.put("/calico/resources/v3/projectcalico.org/" + path, value));
  };
  put("nodes/n1", R"({"kind":"Node","metadata":{"name":"n1"},"spec":{}})");
  put("ippools/p", R"({"kind":"IPPool","metadata":{"name":"p"},"spec":{"cidr":")" + std::string(range) +
                       R"(","blockSize":)" + (ip.is_v4() ? "29" : "125") +
                       R"(,"allowedUses":["Workload"],"assignmentMode":"Automatic"}})");
  put("ipreservations/r",
      R"({"kind":"IPReservation","metadata":{"name":"r"},"spec":{"reservedCIDRs":[")" + std::string(range) + R"("]}})");
  Ipam ipam(store);

  const AssignRequest::Wanted one{.count = 1, .pools = {}}, none;
  const AssignRequest any{
      .node = "n1", .owner = {"net.any", {}}, .v4 = ip.is_v4() ? one : none, .v6 = ip.is_v4() ? none : one};
  EXPECT_EQ(ipam.assign(any).error().code, Code::exhausted);
  const AssignIpRequest asked{.node = "n1", .owner = {"net.asked", {}}, .ips = {ip}};
  ASSERT_TRUE(ipam.assign_ips(asked));
  EXPECT_EQ(ipam.holder(ip).value().value().handle, "net.asked");
  EXPECT_EQ(ipam.assign_ips(asked).error().code, Code::exists);
  EXPECT_EQ(ipam.assign(any).error().code, Code::exhausted) << "its block is reserved still";
  EXPECT_THAT(check(store).value().problems, testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Families, ReservationTest,
                         testing::Values(std::pair("10.65.0.0/28", "10.65.0.5"), std::pair("fd00::/124", "fd00::5")));

}  // namespace
}  // namespace weft::ipam
