#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <thread>

#include "base/result.h"
#include "cni/protocol.h"
#include "plan/endpoint.h"
#include "store/store.h"

namespace weft::cni {

struct ServerOptions {
  std::string node;
  store::Store& store;
  std::string state_folder;  // releases that wait for the store are kept here, in cni-releases.json
  /// Waits until the endpoint, and everything up to the revision, is in force in the kernel. Says why it is not.
  std::function<Result<>(const plan::EndpointId&, store::Revision, std::chrono::steady_clock::time_point deadline)>
      wait;
  std::function<Result<>()> ready = {};              // for STATUS: whether ADD can work now; none: yes
  std::string interface_prefix = "cali";             // of pods' interfaces on the node
  std::string mtu_file = "/var/lib/calico/mtu";      // for configurations without mtu; need not be there
  std::chrono::seconds policy_timeout{30};           // for `wait`; policy_setup_timeout_seconds of a configuration wins
  std::chrono::milliseconds release_interval{1000};  // how often a waiting release is tried again
};

/// The agent's side of the CNI plug-ins: addresses, endpoint, veth pair, and the reply once policy is in force.
///
/// handle() may be called from any thread and blocks; its threads must be in the node's network namespace, and so must
/// the one that makes the Server. Requests about one container wait for one another. An ADD that fails leaves nothing
/// behind; what cannot be taken back at once (the store is away) is remembered in a file and done as soon as it can be.
class Server {
 public:
  explicit Server(ServerOptions options);
  ~Server();

  Answer handle(const Request& request);

  /// How many releases wait for the store.
  std::size_t waiting_releases() const;

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace weft::cni
