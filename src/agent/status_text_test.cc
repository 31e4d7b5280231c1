#include "agent/status_text.h"

#include <gtest/gtest.h>

namespace weft::agent {
namespace {

std::string text(std::string_view json) { return status_text(schema::parse_json(json).value()); }

TEST(StatusTextTest, SaysWhichRevisionIsInForce) {
  EXPECT_EQ(text(R"({"node":"n1","ready":true,"revision":28,"refused":[],"unsupported":[],
                     "endpoints":[{"id":"k8s default/a eth0","interface":"cali1","up":true}]})"),
            "Agent: revision 28 of the store is in force, 1 of 1 endpoints up\n");
}

TEST(StatusTextTest, NamesWhatIsNotInForceAndWhy) {
  EXPECT_EQ(text(R"({"ready":true,"revision":3,"refused":["route 10.0.0.1/32: no"],
                     "unsupported":[{"object":"NetworkPolicy/a/b","reason":"services"}],
                     "endpoints":[{"id":"k8s a/a eth0","up":false,"message":"no link"},{"id":"k8s a/b eth0","up":true},
                                  {"id":"k8s a/c eth0","up":false}]})"),
            "Agent: revision 3 of the store is in force, 1 of 3 endpoints up\n"
            "not up: k8s a/a eth0: no link\n"
            "not up: k8s a/c eth0\n"
            "refused: route 10.0.0.1/32: no\n"
            "not in force: NetworkPolicy/a/b: services\n");
}

TEST(StatusTextTest, ClaimsNoRevisionBeforeTheFirstApply) {
  EXPECT_EQ(text(R"({"ready":false,"revision":0,"refused":[],"unsupported":[],"endpoints":[]})"),
            "Agent: starting, the store's state is not in the kernel yet\n");
}

TEST(StatusTextTest, SaysThatNoAgentRuns) {
  const auto text = ask_status("/nowhere/agent.sock");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, Code::unavailable) << text.error().message;
}

}  // namespace
}  // namespace weft::agent
