#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "loop/loop.h"

namespace weft::agent {

/// The agent's unix socket: one request per connection. The client writes one JSON document and shuts down its writing
/// side; the agent answers with one JSON document and closes. Root only: the file's mode and the peer's credentials say
/// so.
///
/// The loop's thread reads requests and never blocks; a few workers run `handle` and write answers. A client that sends
/// nothing, too much (16 MiB) or never reads is cut off after a time and holds nobody back.
///
/// Metrics: weft_socket_requests, weft_socket_refused{reason}.
class Socket {
 public:
  using Handler = std::function<std::string(std::string_view request)>;

  /// Makes the folder of `path`, takes over a socket left by a dead agent, refuses a live one's (Code::exists).
  static Result<std::unique_ptr<Socket>> open(loop::Loop& loop, std::string path, Handler handle, unsigned workers = 8);
  ~Socket();  // ends the workers after the requests they are working on; removes the file

 private:
  struct Client;
  Socket(loop::Loop& loop, std::string path, Fd listener, Handler handle, unsigned workers);
  void accept();
  void read(std::list<Client>::iterator client);
  void finish(std::list<Client>::iterator client, bool complete);
  void work();

  loop::Loop& loop_;
  std::string path_;
  Fd listener_;
  Handler handle_;
  loop::SourcePtr accepting_;
  std::list<Client> clients_;

  struct Job {
    Fd fd;
    std::string request;
  };
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace weft::agent
