#pragma once

#include <map>
#include <string>

#include "dataplane/dataplane.h"
#include "plan/endpoint.h"

namespace weft::agent {

/// Whether a former run left any: this node had endpoints.
/// @param prefix  EndpointStatusPathPrefix
bool has_status_files(const std::string& prefix);

/// Files that say which endpoints are up, one each: <prefix>/endpoint-status/<orchestrator> <workload> <endpoint>,
/// path-escaped (datamodel 6.5). Calico's CNI plug-in and confd wait for them. A file is there while its endpoint is
/// up.
///
/// Owner: the agent's main thread. A file that cannot be written is logged once, counted
/// (weft_status_file_errors) and tried again by `retry()`.
class StatusFiles {
 public:
  /// @param prefix  EndpointStatusPathPrefix; empty: no files
  explicit StatusFiles(std::string prefix = {}) { move_to(std::move(prefix)); }

  /// Another folder: files go there from now on; those in the old one are removed.
  void move_to(std::string prefix);

  void on(const table::Delta<plan::Endpoint>& endpoints);
  void on(const table::Delta<dataplane::EndpointStatus>& states);
  /// Removes files that nobody of us stands behind; after the first complete report. Folders that come later are
  /// cleaned at once.
  void remove_stale();
  void retry();

 private:
  void refresh(const plan::EndpointId& id);

  std::string folder_;
  bool complete_ = false;  // what is up is known
  std::map<plan::EndpointId, plan::Endpoint> endpoints_;
  std::map<plan::EndpointId, dataplane::EndpointStatus> states_;
  std::map<std::string, std::string> written_;      // file name -> content
  std::map<plan::EndpointId, std::string> failed_;  // why
};

/// "k8s default%2Fweb-1 eth0"
std::string status_file_name(const plan::EndpointId& id);
/// {"ifaceName","mac","ipv4Nets","ipv6Nets"} as JSON text.
std::string status_file_content(const plan::Endpoint& endpoint);

}  // namespace weft::agent
