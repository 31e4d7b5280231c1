#include "http/server.h"

#include <fmt/core.h>
#include <httplib.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "base/log.h"

namespace weft::http {

struct Server::Inner {
  Handlers handlers;
  httplib::Server server;
  int port = 0;
  std::thread thread;

  void answer(const httplib::Request& in, httplib::Response& out) const {
    const auto handler = handlers.find(in.path);
    if (handler == handlers.end()) {
      out.status = 404;
      out.set_content("not found\n", "text/plain; charset=utf-8");
      return;
    }
    Request request{.method = in.method, .path = in.path, .query = {}, .body = in.body};
    for (const auto& [name, value] : in.params) request.query.emplace(name, value);
    const Response response = handler->second(request);
    out.status = response.status;
    out.set_content(response.body, response.type);
  }
};

Result<std::unique_ptr<Server>> Server::start(const Options& options, Handlers handlers) {
  auto inner = std::make_unique<Inner>();
  inner->handlers = std::move(handlers);
  auto& server = inner->server;
  server.new_task_queue = [] { return new httplib::ThreadPool(2); };
  server.set_keep_alive_max_count(1);  // an idle connection must not hold one of two threads
  server.set_read_timeout(2, 0);
  server.set_write_timeout(5, 0);
  server.set_payload_max_length(8U << 20);
  server.set_socket_options([](int socket) {  // the default would share a taken port
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server.set_pre_routing_handler([self = inner.get()](const httplib::Request& in, httplib::Response& out) {
    if (in.method == "PUT" || in.method == "POST") return httplib::Server::HandlerResponse::Unhandled;  // body first
    self->answer(in, out);
    return httplib::Server::HandlerResponse::Handled;
  });
  const auto answer = [self = inner.get()](const httplib::Request& in, httplib::Response& out) {
    self->answer(in, out);
  };
  server.Put(".*", answer);
  server.Post(".*", answer);

  errno = 0;
  inner->port = options.port;
  if (options.port == 0)
    inner->port = server.bind_to_any_port(options.host);
  else if (!server.bind_to_port(options.host, options.port))
    inner->port = -1;
  if (inner->port < 0) {
    const int number = errno;
    const std::string where = fmt::format("HTTP server on {}:{}", options.host, options.port);
    if (number == EADDRINUSE) return fail(Code::exists, where + ": the port is taken by another process");
    if (number == 0) return fail(Code::invalid, where + ": no such address");
    return fail_errno(number, where);
  }

  inner->thread = std::thread([self = inner.get()] { self->server.listen_after_bind(); });
  while (!server.is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // stop() needs that
  return std::unique_ptr<Server>(new Server(std::move(inner)));
}

Server::Server(std::unique_ptr<Inner> inner) : inner_(std::move(inner)) {}

Server::~Server() {
  inner_->server.stop();
  inner_->thread.join();
}

int Server::port() const { return inner_->port; }

Result<Response> get(const std::string& host, int port, const std::string& path, int timeout_seconds) {
  httplib::Client client(host, port);
  client.set_connection_timeout(timeout_seconds, 0);
  client.set_read_timeout(timeout_seconds, 0);
  const auto result = client.Get(path);
  if (!result) {
    return fail(Code::unavailable,
                fmt::format("http://{}:{}{}: {}", host, port, path, httplib::to_string(result.error())));
  }
  return Response{.status = result->status, .body = result->body, .type = result->get_header_value("Content-Type")};
}

}  // namespace weft::http
