#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/process.h"
#include "kernel/netlink.h"
#include "schema/value.h"
#include "store/embedded.h"

namespace weft::bench {

using Clock = std::chrono::steady_clock;

/// Moves this process into a network namespace and a file system view of its own: an agent, an etcd and pods can run
/// here and the machine does not notice. Before the first thread; needs root.
Result<> leave_the_machine();

/// A folder and an etcd in it; both gone at the end.
class PrivateEtcd {
 public:
  /// @param disk  its data lies in /var/tmp and not in memory
  explicit PrivateEtcd(bool disk);
  ~PrivateEtcd();
  std::string endpoint() const { return etcd_->endpoint(); }
  const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
  std::unique_ptr<store::Embedded> etcd_;
};

/// `weft agent`, the real program.
class Agent {
 public:
  Agent(std::string program, const PrivateEtcd& etcd);
  ~Agent();

  void start();
  void stop();
  bool ready() const;
  double cpu_seconds() const;
  double resident_mib() const;
  double peak_mib() const;
  std::string log() const;
  schema::Value ask(const std::string& verb, const std::string& words = {}) const;
  pid_t pid() const { return process_.pid; }

 private:
  double status_mib(const char* field) const;
  std::string program_, endpoint_, log_;
  Process process_;
};

/// Hears what the kernel of this namespace is told to change, with the time.
class Observer {
 public:
  Observer();

  struct Event {
    bool route = false;  // of rtnetlink; else of nf_tables
    int type = 0;        // RTM_…, NFT_MSG_…
    std::string_view payload;
    Clock::time_point at;
    bool says(std::string_view bytes) const { return payload.find(bytes) != payload.npos; }
  };
  /// Forgets what happened so far.
  void forget();
  /// Reads what comes until `done` says so. @return when that was; nullopt: the limit passed
  std::optional<Clock::time_point> until(const std::function<bool(const Event&)>& done,
                                         Clock::duration limit = std::chrono::seconds(20));
  /// Reads until nothing came for `quiet`. @return when the last one came, and what `sample` gave then
  struct Last {
    std::optional<Clock::time_point> at;
    double sample = 0;
    std::size_t events = 0;
  };
  Last until_quiet(Clock::duration quiet, const std::function<double()>& sample);

 private:
  bool wait(Clock::duration limit);
  void read(const std::function<void(const Event&)>& each);
  kernel::EventSocket routes_, rules_;
};

}  // namespace weft::bench
