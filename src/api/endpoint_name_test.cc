#include "api/endpoint_name.h"

#include <gtest/gtest.h>

namespace weft::api {
namespace {

TEST(EndpointNames, DoubleDashesOfTheirParts) {
  EXPECT_EQ(*to_name({"node-1", "k8s", "my-pod", "eth0"}), "node--1-k8s-my--pod-eth0");
  EXPECT_EQ(*parse_endpoint_name("node--1-k8s-my--pod-eth0"), (EndpointName{"node-1", "k8s", "my-pod", "eth0"}));
  EXPECT_EQ(*parse_endpoint_name("a---b-c"), (EndpointName{"a-", "b", "c", ""}));
}

TEST(EndpointNames, NeedAllTheirPartsWithoutDashesAtTheirEnds) {
  EXPECT_FALSE(to_name({"-n", "k8s", "p", "eth0"}));
  EXPECT_FALSE(to_name({"n", "k8s", "p-", "eth0"}));
  EXPECT_FALSE(to_name({"n", "k8s", "p", ""}));
  EXPECT_FALSE(to_name({"", "k8s", "p", "e"}));
}

TEST(EndpointNames, MayBeReadInPart) {
  EXPECT_EQ(*parse_endpoint_name("node--1-k8s-"), (EndpointName{"node-1", "k8s", "", ""}));
  EXPECT_EQ(*parse_endpoint_name("node"), (EndpointName{"node", "", "", ""}));
  EXPECT_EQ(*parse_endpoint_name("-a-b"), (EndpointName{"-a", "b", "", ""}));
  EXPECT_EQ(*parse_endpoint_name("--a"), (EndpointName{"-", "a", "", ""}));
  EXPECT_FALSE(parse_endpoint_name("a-b-c-d-e"));
  EXPECT_FALSE(parse_endpoint_name(""));
}

TEST(EndpointNames, BeginWithTheirFirstParts) {
  EXPECT_EQ(*to_name_prefix({"n-1", "", "", ""}), "n--1-");
  EXPECT_EQ(*to_name_prefix({"n", "k8s", "p", ""}), "n-k8s-p-");
  EXPECT_EQ(*to_name_prefix({"n", "k8s", "", "eth0"}), "n-k8s-");
  EXPECT_EQ(*to_name_prefix({"n", "k8s", "p", "eth0"}), "n-k8s-p-eth0");
  EXPECT_FALSE(to_name_prefix({"", "k8s", "p", "eth0"}));
  EXPECT_FALSE(to_name_prefix({"n", "-k8s", "", ""}));
}

TEST(EndpointNames, MatchThePartsThatAreGiven) {
  const EndpointName wanted{"node1", "k8s", "pod", ""};
  EXPECT_TRUE(name_matches(wanted, "node1-k8s-pod-eth0"));
  EXPECT_FALSE(name_matches(wanted, "node1-k8s-pod--1-eth0"));  // begins with the same prefix
  EXPECT_FALSE(name_matches(wanted, "node1-k8s-pod"));
  EXPECT_FALSE(name_matches(wanted, "node1-k8s-pod-eth0-x"));
  EXPECT_FALSE(name_matches(wanted, ""));
  EXPECT_FALSE(name_matches({"a", "", "", ""}, "a-b-c-"));  // shorter than four parts can be
  EXPECT_TRUE(name_matches({"a", "", "", ""}, "a-b-c-d"));
}

}  // namespace
}  // namespace weft::api
