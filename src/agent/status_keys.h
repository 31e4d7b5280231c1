#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "dataplane/dataplane.h"
#include "store/store.h"

namespace weft::agent {

/// Endpoint and agent status in the store, as Felix writes it where EndpointReportingEnabled says so (datamodel 1.3):
///   /calico/felix/v2/<region>/host/<host>/workload/<orchestrator>/<workload>/endpoint/<endpoint>   {"status":"up"}
///   /calico/felix/v2/<region>/host/<host>/status                 with a lease, renewed
///   /calico/felix/v2/<region>/host/<host>/last_reported_status   the same, without
///
/// Endpoint keys that a former run left are taken away, and all of them when reporting is switched off.
///
/// A thread of its own writes; `on` and `set` only hand over. A store that does not answer is tried again, and its keys
/// are read anew then.
class StatusKeys {
 public:
  struct Options {
    bool enabled = false;
    std::string region;                     // OpenstackRegion; empty: no-region
    std::chrono::milliseconds delay{1000};  // EndpointReportingDelaySecs: changes within it share one write
    std::chrono::seconds interval{30};      // ReportingIntervalSecs
    std::chrono::seconds ttl{90};           // ReportingTTLSecs
    bool operator==(const Options&) const = default;
  };

  StatusKeys(store::Store& store, std::string host);
  ~StatusKeys();

  void set(const Options& options);
  void on(const table::Delta<dataplane::EndpointStatus>& states);

 private:
  void run();
  Result<> write_endpoints(const Options& options);
  Result<> write_report(const Options& options);

  store::Store& store_;
  const std::string host_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();

  std::mutex mutex_;
  std::condition_variable changed_;
  Options options_;
  std::map<plan::EndpointId, dataplane::EndpointStatus> wanted_;
  bool stopping_ = false;
  bool dirty_ = false;

  // Of the writing thread.
  std::map<std::string, std::string> written_;  // key -> value
  std::string listed_;                          // the prefix whose keys are all in `written_`
  bool first_ = true;
  std::thread thread_;
};

}  // namespace weft::agent
