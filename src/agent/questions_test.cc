#include "agent/questions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/sync.h"
#include "schema/value.h"
#include "store/memory.h"

namespace weft::agent {
namespace {

using testing::HasSubstr;

class QuestionsTest : public testing::Test {
 protected:
  cni::Answer ask(const std::string& verb, const std::string& words = {}) {
    return questions.answer({.verb = verb, .plugin = {}, .environment = {}, .config = words, .ipam = {}});
  }

  store::Memory store;
  Board board;
  // What arrives is in force at once.
  client::Sync sync{store, {"Tier"}, [this](api::Changes changes) {
                      dataplane::Report report;
                      report.revision = changes.revision;
                      report.ready = true;
                      board.on(report);
                    }};
  Questions questions{"n1", board, sync};
};

TEST_F(QuestionsTest, SaysWhatIsInForce) {
  using State = dataplane::EndpointStatus::State;
  dataplane::Report report;
  report.revision = 40;
  report.ready = true;
  report.refused = {"route 10.0.0.9/32: no such device"};
  report.endpoints.put({.id = {"k8s", "default/a", "eth0"}, .interface = "calia", .state = State::up, .message = {}});
  report.endpoints.put(
      {.id = {"k8s", "default/b", "eth0"}, .interface = "calib", .state = State::down, .message = "no interface"});
  Board own;
  own.on(report);
  table::Delta<plan::Unsupported> unsupported;
  unsupported.put({.object = "IPPool p", .reason = "no IPIP"});
  own.on(unsupported);

  const auto answer =
      Questions("n1", own, sync).answer({.verb = "status", .plugin = {}, .environment = {}, .config = {}, .ipam = {}});

  EXPECT_EQ(answer.code, 0);
  EXPECT_EQ(answer.output, R"({"node":"n1","ready":true,"revision":40,"refused":["route 10.0.0.9/32: no such device"],)"
                           R"("unsupported":[{"object":"IPPool p","reason":"no IPIP"}],"endpoints":[)"
                           R"({"id":"k8s default/a eth0","interface":"calia","up":true},)"
                           R"({"id":"k8s default/b eth0","interface":"calib","up":false,"message":"no interface"}]})");
}

TEST_F(QuestionsTest, WaitsForARevisionThatConcernsNothingHere) {
  const auto revision = store.put("/somebody/elses", "x").value();
  const auto answer = ask("wait", R"({"revision":)" + std::to_string(revision) + R"(,"timeout":5})");
  EXPECT_EQ(answer.code, 0) << answer.output;
  EXPECT_THAT(answer.output, HasSubstr("\"ready\":true"));
}

TEST_F(QuestionsTest, WaitsNoLongerThanItIsTold) {
  const auto answer = ask("wait", R"({"revision":1000000,"timeout":0.05})");
  EXPECT_EQ(answer.code, 1);
  EXPECT_THAT(answer.output, HasSubstr("revision 1000000 is not in force yet"));
}

TEST_F(QuestionsTest, SaysWhatItDoesNotUnderstand) {
  EXPECT_EQ(ask("wait", "{}").output, "wait: revision: a number");
  EXPECT_EQ(ask("wait", "nonsense").code, 1);
  EXPECT_EQ(ask("dance").output, "verb \"dance\": known are status and wait");
}

}  // namespace
}  // namespace weft::agent
