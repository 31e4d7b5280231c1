#include "agent/web.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "metrics/metrics.h"
#include "schema/value.h"

namespace weft::agent {
namespace {

using testing::HasSubstr;

/// A port that is free now.
int free_port() { return http::Server::start({}, {}).value()->port(); }

class WebTest : public testing::Test {
 protected:
  WebTest() {
    settings.health_port = static_cast<std::uint16_t>(free_port());
    settings.prometheus_port = static_cast<std::uint16_t>(free_port());
  }
  static int status(int port, const std::string& path) {
    const auto response = http::get("127.0.0.1", port, path);
    return response ? response->status : 0;
  }

  plan::AgentSettings settings;
  Board board;
  Web web{board};
};

TEST_F(WebTest, SaysWhetherTheAgentLivesAndIsReady) {
  web.serve(settings);
  EXPECT_EQ(status(settings.health_port, "/liveness"), 200);
  EXPECT_EQ(status(settings.health_port, "/readiness"), 503);
  dataplane::Report report;
  report.revision = 1;
  board.on(report);
  EXPECT_EQ(status(settings.health_port, "/readiness"), 503) << "the kernel has not acknowledged anything";
  report.ready = true;
  board.on(report);
  EXPECT_EQ(status(settings.health_port, "/readiness"), 200);
  EXPECT_EQ(status(settings.health_port, "/metrics"), 404);
}

TEST_F(WebTest, ShowsMetrics) {
  metrics::counter("weft_web_test", "A number.").add(3);
  web.serve(settings);
  const auto response = http::get("127.0.0.1", settings.prometheus_port, "/metrics");
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_THAT(response->type, HasSubstr("version=0.0.4"));
  EXPECT_THAT(response->body, HasSubstr("weft_web_test 3\n"));
}

TEST_F(WebTest, MovesToOtherPorts) {
  web.serve(settings);
  const int before = settings.health_port;
  settings.health_port = static_cast<std::uint16_t>(free_port());
  web.serve(settings);
  EXPECT_EQ(status(before, "/liveness"), 0);
  EXPECT_EQ(status(settings.health_port, "/liveness"), 200);
}

TEST_F(WebTest, TakesAPortOnceItIsFree) {
  auto holder = http::Server::start({}, {}).value();
  settings.health_port = static_cast<std::uint16_t>(holder->port());
  testing::internal::CaptureStderr();
  web.serve(settings);
  web.retry();
  const auto log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(log.find("cannot listen"), log.rfind("cannot listen")) << "said once: " << log;
  EXPECT_THAT(log, HasSubstr("what=health"));
  EXPECT_EQ(status(settings.prometheus_port, "/metrics"), 200) << "the other one is not held back";

  holder.reset();
  web.retry();
  EXPECT_EQ(status(settings.health_port, "/liveness"), 200);
}

TEST_F(WebTest, ShowsStateOfParts) {
  web.serve(settings);
  loop::Loop loop;
  web.set_state("dataplane", [] { return std::string(R"({"routes":2})"); }, &loop);
  std::jthread thread([&] { loop.run(); });
  const auto ask = [&] {
    const auto response = http::get("127.0.0.1", settings.health_port, "/debug/state");
    return response ? schema::parse_json(response->body).value() : schema::Value();
  };

  auto state = ask();
  EXPECT_EQ(*state.at("ready")->as_bool(), false);
  EXPECT_EQ(state.at("dataplane", "routes")->number(), 2);

  loop.stop();
  thread.join();
  state = ask();
  EXPECT_EQ(state.text("dataplane"), "busy") << "a part that hangs holds nobody back";
  web.set_state("dataplane", {}, nullptr);
  EXPECT_EQ(ask().at("dataplane"), nullptr);
}

}  // namespace
}  // namespace weft::agent
