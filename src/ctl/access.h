#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/kinds.h"
#include "base/result.h"
#include "cli/command.h"
#include "store/store.h"

/// What commands that need the store have in common.
namespace weft::ctl {

/// Where the store is, and how strict we are about it.
struct Access {
  std::string config;                   // -c; empty: the default file, where it is there
  std::string context;                  // --context, of a kubeconfig: etcd has none, and nothing reads it
  bool allow_version_mismatch = false;  // the cluster may speak a newer data model than we
  bool as_calicoctl = false;            // in calicoctl's words, and a version that is none is refused
  bool on_resources = false;            // calicoctl's commands on resources say more than others when there is no store
};

/// -c, --context and --allow-version-mismatch. In calicoctl's tree the last two are options of the program.
void add_access(cli::Command& command, Access& access);
/// The options that calicoctl has for all of its commands: --log-level, --context, --allow-version-mismatch.
void add_access_of_program(cli::Command& root);

/// The store that is configured.
/// @return Code::unsupported when the cluster's Calico is newer than what we know, unless that is allowed
Result<std::unique_ptr<store::Store>> open_store(const Access& access);

/// Prints the error on the standard error, or where calicoctl has always printed those words. @return 1
int complain(const Error& error);

/// A kind by any of its names. @return an error that says which one was probably meant
Result<const api::Kind*> find_kind(const std::string& name);
/// Lower-case names of all kinds, for completion.
std::vector<std::string> kind_words();

}  // namespace weft::ctl
