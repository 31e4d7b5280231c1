#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "cni/protocol.h"
#include "loop/loop.h"

namespace weft::agent {

/// The agent's unix socket: one request per connection. The client writes one JSON document and shuts down its writing
/// side; the agent answers with one JSON document and closes. Root only: the file's mode and the peer's credentials say
/// so.
///
/// The loop's thread reads requests and never blocks; a few workers run `handle` and write answers. A client that sends
/// nothing, too much or never reads is cut off after a time and holds nobody back.
///
/// Metrics: weft_socket_requests, weft_socket_refused{reason}.
class Socket {
 public:
  using Handler = std::function<std::string(std::string_view request)>;

  struct Limits {
    uid_t user = 0;                             // who may ask
    unsigned workers = 8;                       // requests worked on at once
    std::size_t bytes = cni::max_document;      // of a request
    std::size_t clients = 1024;                 // whose request is not complete yet, at once
    std::chrono::milliseconds patience{10000};  // for a request to arrive, and for an answer to be read
  };

  /// Makes the folder of `path`, takes over a socket left by a dead agent, refuses a live one's (Code::exists) and a
  /// file that is no socket.
  static Result<std::unique_ptr<Socket>> open(loop::Loop& loop, std::string path, Handler handle, const Limits& limits);
  static Result<std::unique_ptr<Socket>> open(loop::Loop& loop, std::string path, Handler handle) {
    return open(loop, std::move(path), std::move(handle), Limits());
  }
  ~Socket();  // ends the workers after the requests they are working on; removes the file

  /// Complete requests that no worker has taken yet.
  std::size_t waiting() const;

 private:
  struct Client;
  Socket(loop::Loop& loop, std::string path, Fd listener, Handler handle, const Limits& limits);
  void listen();
  void accept();
  void read(std::list<Client>::iterator client);
  void finish(std::list<Client>::iterator client, bool complete);
  void work();

  loop::Loop& loop_;
  std::string path_;
  Fd listener_;
  Handler handle_;
  const Limits limits_;
  loop::SourcePtr accepting_;  // or, out of descriptors, the time until then
  std::list<Client> clients_;

  struct Job {
    Fd fd;
    std::string request;
  };
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace weft::agent
