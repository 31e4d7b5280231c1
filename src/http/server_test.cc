#include "http/server.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <thread>

#include "base/process.h"

namespace weft::http {
namespace {

using std::chrono::milliseconds;

std::unique_ptr<Server> serve(Handlers handlers, Options options = {}) {
  auto server = Server::start(options, std::move(handlers));
  EXPECT_TRUE(server) << server.error().message;
  return server ? std::move(*server) : nullptr;
}

TEST(HttpServerTest, AnswersAPathOnAPortOfTheKernelsChoice) {
  const auto server = serve({{"/liveness", [](const Request&) { return Response{.body = "ok\n"}; }}});
  ASSERT_GT(server->port(), 0);

  const auto response = get("127.0.0.1", server->port(), "/liveness");

  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "ok\n");
  EXPECT_EQ(response->type, "text/plain; charset=utf-8");
}

TEST(HttpServerTest, PassesStatusTypeAndQueryThrough) {
  const auto server = serve({{"/state", [](const Request& request) {
                                return Response{503, "{\"of\":\"" + request.query.at("of") + "\"}", "application/json"};
                              }}});

  const auto response = get("127.0.0.1", server->port(), "/state?of=pods&x=1");

  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->body, R"({"of":"pods"})");
  EXPECT_EQ(response->type, "application/json");
}

TEST(HttpServerTest, AnUnknownPathIs404) {
  const auto server = serve({{"/a", [](const Request&) { return Response{}; }}});

  EXPECT_EQ(get("127.0.0.1", server->port(), "/ab")->status, 404);
  EXPECT_EQ(get("127.0.0.1", server->port(), "/")->status, 404);
}

TEST(HttpServerTest, HandsOverTheBodyOfAPut) {
  const auto server = serve({{"/level", [](const Request& r) { return Response{.body = r.method + " " + r.body}; }}});
  const std::string url = "http://127.0.0.1:" + std::to_string(server->port()) + "/level";

  const auto put = run({"curl", "-s", "-X", "PUT", "--data-binary", "debug", url});

  ASSERT_TRUE(put) << put.error().message;
  EXPECT_EQ(put->out, "PUT debug");
}

TEST(HttpServerTest, SaysThatThePortIsTaken) {
  const auto server = serve({});

  const auto second = Server::start({.port = server->port()}, {});

  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), (Error{Code::exists, "HTTP server on 127.0.0.1:" + std::to_string(server->port()) +
                                                     ": the port is taken by another process"}));
}

TEST(HttpServerTest, GivesThePortBackAtItsEnd) {
  auto server = serve({});
  const int port = server->port();
  server.reset();

  EXPECT_FALSE(get("127.0.0.1", port, "/"));
  EXPECT_TRUE(Server::start({.port = port}, {}));
}

TEST(HttpServerTest, ListensOnIpv6) {
  const auto server = serve({{"/a", [](const Request&) { return Response{.body = "six"}; }}}, {.host = "::1"});

  EXPECT_EQ(get("::1", server->port(), "/a")->body, "six");
}

TEST(HttpServerTest, ASlowAnswerDoesNotHoldUpAnother) {
  std::atomic<bool> release = false;
  const auto server = serve({{"/slow",
                              [&](const Request&) {
                                while (!release) std::this_thread::sleep_for(milliseconds(1));
                                return Response{};
                              }},
                             {"/fast", [](const Request&) { return Response{.body = "fast"}; }}});
  std::jthread slow([&] { get("127.0.0.1", server->port(), "/slow"); });

  EXPECT_EQ(get("127.0.0.1", server->port(), "/fast")->body, "fast");
  release = true;
}

TEST(HttpServerTest, UsesNoProcessorTimeWhileNobodyAsks) {
  const auto server = serve({});
  const std::clock_t before = std::clock();

  std::this_thread::sleep_for(milliseconds(300));

  EXPECT_LT(std::clock() - before, CLOCKS_PER_SEC / 50);
}

}  // namespace
}  // namespace weft::http
