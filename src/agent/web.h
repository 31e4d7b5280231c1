#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "agent/board.h"
#include "http/server.h"
#include "loop/loop.h"
#include "plan/settings.h"

namespace weft::agent {

/// Health, metrics and state over HTTP: /liveness, /readiness and /debug/state on the health port, /metrics on its own.
/// Health is always on. Both listen on loopback unless settings name an address.
///
/// Owner: the agent's main thread; answers come from the servers' threads.
class Web {
 public:
  explicit Web(Board& board);
  ~Web();

  /// Listens where the settings say; what listens there already goes on. A port that is taken is logged and tried
  /// again.
  void serve(const plan::AgentSettings& settings);
  void retry();

  /// A part's own view for /debug/state, as JSON text; asked on `loop`'s thread. An empty function takes it away.
  void set_state(const std::string& part, std::function<std::string()> ask, loop::Loop* loop);

  /// Called before each answer to /metrics, on a server's thread: for what is looked up and not counted.
  void before_metrics(std::function<void()> look);

 private:
  struct Place {
    std::string name;
    http::Options wanted, tried, served;
    std::unique_ptr<http::Server> server;
    bool complained = false;
  };
  void open(Place& place, const http::Handlers& handlers);
  http::Handlers health_handlers();
  http::Handlers metrics_handlers();
  std::string state();

  Board& board_;
  Place health_{.name = "health", .wanted = {}, .tried = {}, .served = {}, .server = {}};
  Place metrics_{.name = "metrics", .wanted = {}, .tried = {}, .served = {}, .server = {}};
  struct Part {
    std::function<std::string()> ask;
    loop::Loop* loop;
  };
  std::mutex mutex_;
  std::map<std::string, Part> parts_;
  std::function<void()> look_;
};

}  // namespace weft::agent
