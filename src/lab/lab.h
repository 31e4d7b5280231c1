#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "net/cidr.h"
#include "schema/value.h"

namespace weft::store {
class Store;
}

/// A whole cluster on one machine, in namespaces: an etcd, nodes, pods; for trying, testing, measuring.
///
/// What there is of a lab on the machine: one process, the lab's init, whose namespaces hold everything else, and the
/// folder /run/weft-lab/<name> with that process's id. The lab's own files lie in a tmpfs that only its mount namespace
/// has, reached through /proc/<init>/root. Killing the init ends the lab.
namespace weft::lab {

/// The small network that the nodes sit on, in the lab's network namespace; .1 there is the lab itself (etcd,
/// "outside").
inline constexpr std::string_view fabric_v4 = "172.28.0.0/24";
inline constexpr std::string_view fabric_v6 = "fd28::/64";

struct NodeState {
  std::string name;
  int index = 0;  // its addresses end in 10 + index
  pid_t init = 0;

  net::Ip address() const;  // on the fabric
  net::Ip address_v6() const;
};

struct PodState {
  std::string namespace_;
  std::string name;
  std::string node;
  std::string container;  // container id, names the network namespace /run/netns/<container> of the node too
  std::vector<std::string> addresses;
  std::string full_name() const { return namespace_ + '/' + name; }
};

/// Where a node's container runtime looks for its network; `weft cni install` writes it.
inline constexpr std::string_view network_configuration = "/etc/cni/net.d/10-calico.conflist";

class Lab {
 public:
  struct UpOptions {
    int nodes = 3;
    std::vector<std::string> pools;  // default 10.65.0.0/16, and fd65::/112 with IPv6
    bool ipv6 = false;
    std::string etcd;  // endpoints of an etcd outside the lab; empty: its own
  };

  /// @param name  letters, digits, '-'
  explicit Lab(std::string name);
  /// A lab that is up; Code::not_found with what to do when it is not.
  static Result<Lab> find(const std::string& name);
  /// Names of the labs on this machine.
  static std::vector<std::string> names();

  const std::string& name() const { return name_; }
  bool is_up() const { return init_ > 0; }
  pid_t init() const { return init_; }
  /// Path, on the machine, of a file of the lab's own folder.
  std::string file(std::string_view relative) const;
  /// Path, on the machine, of a node's file: its /run, /etc, … as it sees them.
  static std::string file_of(const NodeState& node, std::string_view path);

  Result<> up(const UpOptions& options, const std::function<void(std::string_view)>& progress);
  /// Leaves nothing; a lab that is not there is fine.
  Result<> down();

  Result<std::vector<NodeState>> nodes() const;
  Result<NodeState> node(std::string_view name) const;
  Result<NodeState> add_node(const std::string& name);
  Result<> remove_node(const NodeState& node);
  /// Starts node's `weft node` anew; kernel state stays.
  Result<> restart_node(const NodeState& node);
  /// Kills with SIGKILL: agent, bird, confd, or all of them.
  Result<std::vector<pid_t>> kill_component(const NodeState& node, std::string_view component) const;
  /// Processes of a component on a node; "node" is its supervisor.
  std::vector<pid_t> component(const NodeState& node, std::string_view component) const;

  Result<std::vector<PodState>> pods() const;
  Result<PodState> pod(std::string_view full_name) const;  // "NS/NAME"; a bare name is in default

  /// The store, from the machine.
  std::string endpoints() const;  // http://127.0.0.1:…
  Result<std::unique_ptr<store::Store>> open_store() const;
  /// Variables with which programs on a node (or, without one, on the machine) reach the lab's store.
  Result<std::vector<std::pair<std::string, std::string>>> environment(const std::optional<NodeState>& node) const;

  Result<schema::Value> state() const;
  Result<> change_state(const std::function<Result<>(schema::Object&)>& change) const;

 private:
  Result<> start_init();
  Result<> start_fabric();
  Result<> start_store(const std::string& outside);
  Result<> start_nodes(const std::vector<std::pair<std::string, int>>& nodes);

  std::string name_;
  std::string folder_;  // /run/weft-lab/<name>
  pid_t init_ = 0;
};

/// Main function of an init: of the lab, and with a node's name of a node. Not for people.
int init_main(const std::string& lab, const std::string& folder, const std::string& node, int ready_fd, int go_fd);
/// Passes connections on: from a listening socket to an address in another network namespace. Not for people.
int relay_main(int listener_fd, int network_fd, const std::string& host, int port);

}  // namespace weft::lab
