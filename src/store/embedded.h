#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/process.h"
#include "base/result.h"

namespace weft::store {

/// How a private etcd runs.
struct EmbeddedOptions {
  std::string data;                   // its data folder; made when it is not there
  std::string address = "127.0.0.1";  // where it listens, IPv4 or IPv6; peers too, though there are none
  std::uint16_t port = 0;             // for clients; 0: a free one, another at each start
  std::string log;                    // file that it logs to; empty: `data` + ".log"
  std::string program = "etcd";       // looked up in PATH, then in /usr/bin
  // With a certificate and key it speaks TLS; with a CA too, only to clients with a certificate of that CA.
  std::string cert_file, key_file, ca_file;
  bool ends_with_parent = false;              // with the thread that started it
  bool own_session = false;                   // stays when our terminal goes
  std::chrono::milliseconds timeout{20'000};  // until it answers
  std::vector<std::string> more;              // further flags of etcd's
};

/// A single-member etcd of our own: a child process with its own data folder and ports. Destroying it stops it, unless
/// it was detached. Its data stays.
class Embedded {
 public:
  /// Starts it and waits until it answers.
  /// @return  Code::not_found, with the package to install, when there is no etcd; else what its log says
  static Result<std::unique_ptr<Embedded>> start(EmbeddedOptions options);
  ~Embedded();
  Embedded(const Embedded&) = delete;
  Embedded& operator=(const Embedded&) = delete;

  /// "http://127.0.0.1:34567"
  const std::string& endpoint() const { return endpoint_; }
  pid_t pid() const { return process_.pid; }
  int pidfd() const { return process_.pidfd.get(); }

  /// SIGTERM, and SIGKILL when it has not ended after `patience`; waits for its end.
  void stop(std::chrono::milliseconds patience = std::chrono::milliseconds(5'000));
  /// SIGKILL, as a crash would be; waits for its end.
  void kill();
  /// Lets it run on without us; `stop_detached` ends it. Who started it still is its parent.
  pid_t detach();

  /// Stops an etcd that another process started and detached; one that is not there any more is fine.
  /// @param data  its data folder: a process with another command line got the pid since, and is left alone
  static Result<> stop_detached(pid_t pid, const std::string& data,
                                std::chrono::milliseconds patience = std::chrono::milliseconds(5'000));

 private:
  Embedded(Process process, std::string endpoint) : process_(std::move(process)), endpoint_(std::move(endpoint)) {}

  Process process_;
  std::string endpoint_;
};

}  // namespace weft::store
