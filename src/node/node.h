#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "node/settings.h"
#include "node/supervisor.h"
#include "store/settings.h"
#include "store/store.h"

/// `weft node`: makes this machine a node of the cluster and keeps its programs running.
namespace weft::node {

struct Options {
  std::string name;  // of the node
  Settings settings;
  store::Settings store;
  std::function<Result<std::unique_ptr<store::Store>>(const store::Settings&)> open_store;  // empty: store::open
  bool standalone = false;  // without an endpoint in `store`: run an etcd of our own

  std::string run_folder = "/run/weft";
  std::string state_folder = "/var/lib/weft";  // the standalone etcd's data
  std::string nodename_file = "/var/lib/calico/nodename";
  std::string confd_folder;  // conf.d and templates; empty: see find_confd_folder()
  std::string bird_config = "/etc/calico/confd/config/bird.cfg";
  std::string bird_socket = "/var/run/calico/bird.ctl";
  std::string bird = "bird";
  std::string program;  // this program, for its subcommands; empty: the running one
};

/// Runs until SIGTERM or SIGINT: locks the run folder, starts agent, confd and bird, registers the node in the store
/// (as soon as the store answers), installs the CNI plug-ins, and then keeps everything running. At the end the
/// programs are ended; routes, rules and pods stay as they are, and peers keep our routes (graceful restart).
///
/// SIGHUP is passed on to all programs. Each line they write is on standard error as "name | line".
/// @return  exit status: 0 after a signal, 1 when it could not go on, with the reason in the log
int run(const Options& options);

/// `weft node ps`: prints the table of programs. @return  exit status
int ps(const std::string& run_folder = "/run/weft");

/// The programs that run() keeps, in the order they are started.
std::vector<Program> programs_of(const Options& options);

/// Where confd's own templates lie: /etc/calico/confd when somebody put a conf.d there, else beside the program:
/// ../share/weft/confd (installed), ../../templates/confd (in the source tree).
std::string find_confd_folder(const std::string& program);

}  // namespace weft::node
