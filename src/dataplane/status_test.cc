#include "dataplane/status.h"

#include <gtest/gtest.h>

#include "dataplane/throttle.h"

namespace weft::dataplane {
namespace {

using enum EndpointStatus::State;
using std::chrono::milliseconds;

struct StatusTest : testing::Test {
  plan::Endpoint endpoint{.id = {"k8s", "default/web", "eth0"},
                          .interface = "cali1",
                          .ingress = {{.tier = "default", .policies = {{"NetworkPolicy", "default", "allow"}}}},
                          .profiles = {"kns.default"}};
  kernel::Link link{.index = 5, .name = "cali1", .up = true, .running = true};
  Troubles troubles;
  EndpointStatus::State state() { return status_of(endpoint, &link, troubles).state; }
};

TEST_F(StatusTest, IsUpWhenEverythingIs) { EXPECT_EQ(state(), up); }

TEST_F(StatusTest, IsDownWithItsInterface) {
  EXPECT_EQ(status_of(endpoint, nullptr, troubles).message, "interface cali1 is not there");
  link.running = false;
  EXPECT_EQ(status_of(endpoint, &link, troubles).message, "the other end of interface cali1 is down");
  link.up = false;
  EXPECT_EQ(status_of(endpoint, &link, troubles).message, "interface cali1 is down");
  EXPECT_EQ(state(), down);
}

TEST_F(StatusTest, IsAnErrorWhenItsPolicyOrRouteIsRefused) {
  troubles.objects = {{"NetworkPolicy/default/other", "no"}};
  EXPECT_EQ(state(), up);
  troubles.objects = {{"NetworkPolicy/default/allow", "too long"}};
  EXPECT_EQ(state(), error);
  EXPECT_EQ(status_of(endpoint, nullptr, troubles).message, "NetworkPolicy/default/allow: too long");
  troubles.objects = {{"Profile/kns.default", "no"}};
  EXPECT_EQ(state(), error);
  troubles.objects = {{"WorkloadEndpoint k8s default/web eth0", "no"}};
  EXPECT_EQ(state(), error);
  troubles.objects = {{"Tier/default", "no"}};
  EXPECT_EQ(state(), error);
  troubles.objects = {};
  troubles.interfaces = {{"cali1", "route 10.0.0.1/32: no"}};
  EXPECT_EQ(state(), error);
  troubles.interfaces = {};
  troubles.everything = "nftables: no";
  EXPECT_EQ(state(), error);
}

TEST(ThrottleTest, LetsTenThroughAndThenOneEvery100Milliseconds) {
  Throttle throttle(10, std::chrono::milliseconds(100));
  Throttle::Clock::time_point now{std::chrono::hours(1)};

  for (int i = 0; i < 10; ++i) EXPECT_EQ(throttle.take(now), milliseconds(0)) << i;
  EXPECT_EQ(throttle.take(now), milliseconds(100));
  EXPECT_EQ(throttle.take(now), milliseconds(200));
  now += milliseconds(1300);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(throttle.take(now), milliseconds(0)) << i;
  EXPECT_EQ(throttle.take(now), milliseconds(100));
}

}  // namespace
}  // namespace weft::dataplane
