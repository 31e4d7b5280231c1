#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/result.h"

/// A small HTTP server for health, metrics and state of a process: few requests, on loopback, no TLS.
namespace weft::http {

struct Request {
  std::string method;                        // GET, HEAD, PUT, POST
  std::string path;                          // "/debug/state"
  std::map<std::string, std::string> query;  // of "?a=b"; the first of equal names
  std::string body;                          // at most 8 MiB
};

struct Response {
  int status = 200;
  std::string body;
  std::string type = "text/plain; charset=utf-8";
};

/// By exact path. Called on the server's threads, two at once at most; an unknown path is 404.
using Handlers = std::map<std::string, std::function<Response(const Request&)>>;

struct Options {
  std::string host = "127.0.0.1";  // address or name to listen on; "::1" and "::" too
  int port = 0;                    // 0: one the kernel chooses, see Server::port()
};

/// A running server; destroying it closes the port and waits for answers in progress. One thread waits for
/// connections, two answer; none runs while nobody asks.
class Server {
 public:
  /// @return  Code::exists when the port is taken; the message names address and port
  static Result<std::unique_ptr<Server>> start(const Options& options, Handlers handlers);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const;

 private:
  struct Inner;
  explicit Server(std::unique_ptr<Inner> inner);
  std::unique_ptr<Inner> inner_;
};

/// A request to such a server, for tools and tests. The whole must take less than `timeout_seconds`.
/// @return  any answered status; Code::unavailable when nobody listens
Result<Response> get(const std::string& host, int port, const std::string& path, int timeout_seconds = 5);

}  // namespace weft::http
