#include "agent/web.h"

#include <chrono>
#include <future>

#include "base/log.h"
#include "metrics/metrics.h"
#include "schema/value.h"

namespace weft::agent {

Web::Web(Board& board) : board_(board) {}
Web::~Web() = default;

void Web::serve(const plan::AgentSettings& settings) {
  health_.wanted = {.host = settings.health_host, .port = settings.health_port};
  // Off by default means here: on loopback only.
  metrics_.wanted = {.host = !settings.prometheus               ? "127.0.0.1"
                             : settings.prometheus_host.empty() ? "0.0.0.0"
                                                                : settings.prometheus_host,
                     .port = settings.prometheus_port};
  retry();
}

void Web::retry() {
  open(health_, health_handlers());
  open(metrics_, metrics_handlers());
}

void Web::open(Place& place, const http::Handlers& handlers) {
  const auto same = [](const http::Options& a, const http::Options& b) { return a.host == b.host && a.port == b.port; };
  if (place.server && same(place.wanted, place.served)) return;
  if (!same(place.wanted, place.tried)) place.complained = false;
  place.tried = place.wanted;
  place.server.reset();
  auto server = http::Server::start(place.wanted, handlers);
  if (!server) {
    static auto& errors =
        metrics::counter("weft_http_listen_errors", "Ports for health and metrics that could not be opened.");
    errors.add();
    if (!std::exchange(place.complained, true))
      log::warning("cannot listen; tried again", {{"what", place.name}, {"reason", server.error().message}});
    return;
  }
  place.complained = false;
  place.server = std::move(*server);
  place.served = place.wanted;
}

http::Handlers Web::health_handlers() {
  return {{"/liveness", [](const http::Request&) { return http::Response{.status = 200, .body = "alive\n"}; }},
          {"/readiness",
           [this](const http::Request&) {
             return board_.ready() ? http::Response{.status = 200, .body = "ready\n"}
                                   : http::Response{.status = 503,
                                                    .body = "not ready: the store's state is not in the kernel yet\n"};
           }},
          {"/debug/state", [this](const http::Request&) {
             return http::Response{.status = 200, .body = state(), .type = "application/json"};
           }}};
}

http::Handlers Web::metrics_handlers() {
  return {{"/metrics", [this](const http::Request&) {
             {
               const std::lock_guard lock(mutex_);
               if (look_) look_();
             }
             return http::Response{
                 .status = 200, .body = metrics::text(), .type = "text/plain; version=0.0.4; charset=utf-8"};
           }}};
}

void Web::set_state(const std::string& part, std::function<std::string()> ask, loop::Loop* loop) {
  const std::lock_guard lock(mutex_);
  if (ask)
    parts_[part] = {std::move(ask), loop};
  else
    parts_.erase(part);
}

void Web::before_metrics(std::function<void()> look) {
  const std::lock_guard lock(mutex_);
  look_ = std::move(look);
}

std::string Web::state() {
  std::map<std::string, std::shared_future<std::string>> answers;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, part] : parts_) {
      auto promise = std::make_shared<std::promise<std::string>>();
      answers.emplace(name, promise->get_future().share());
      part.loop->post([this, promise, name] {
        std::function<std::string()> ask;
        {
          const std::lock_guard inner(mutex_);
          if (const auto it = parts_.find(name); it != parts_.end()) ask = it->second.ask;
        }
        promise->set_value(ask ? ask() : "null");
      });
    }
  }
  const auto reached = board_.state();
  std::string text = "{\"ready\":" + std::string(reached.ready ? "true" : "false") +
                     ",\"revision\":" + std::to_string(reached.revision);
  for (auto& [name, answer] : answers) {
    const bool came = answer.wait_for(std::chrono::seconds(2)) == std::future_status::ready;
    text += ",\"" + name + "\":" + (came ? answer.get() : "\"busy\"");
  }
  return text + "}\n";
}

}  // namespace weft::agent
