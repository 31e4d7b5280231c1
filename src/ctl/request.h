#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "ctl/access.h"
#include "ctl/documents.h"
#include "ctl/report.h"
#include "ctl/write.h"

/// What a user asks of resources, as typed; and the commands that answer. Both programs, weft and calicoctl, fill
/// a Request and call these.
namespace weft::ctl {

struct Request {
  Access access;
  Voice voice = Voice::weft;
  std::string file;  // -f: a file, a folder, "-"
  bool recursive = false;
  bool skip_empty = false;
  Scope scope;       // -n, -A
  std::string kind;  // "nodes", "node/n1"
  std::vector<std::string> names;
  std::string output;    // -o
  std::string selector;  // -l: labels that are wanted
  bool export_ = false;  // without what belongs to this cluster only
  bool watch = false;    // go on with what changes
  bool skip_exists = false, skip_not_exists = false;
  bool dry_run = false;
  std::string patch, patch_type = "strategic";
  bool overwrite = false, remove_label = false;
};

/// The kind, nullptr without one; a name behind a slash goes to the names.
Result<const api::Kind*> kind_of(Request& request);
/// The documents of -f, with the complaints of both programs about files that hold nothing.
Result<Documents> documents_of(const Request& request);
/// What a user made of a stored object. What is unknown in both is a newer version's: it stays, and is no mistake.
/// @return Code::invalid with all mistakes; or kind, name or namespace are others
Result<api::Object> changed(const api::Object& before, schema::Value value);
/// A stub that has the name and the namespace that are asked for.
Result<api::Object> named(const api::Kind& kind, const std::string& name, const Request& request);

// Each @return the exit status.
int get(Request& request);
int write(Request& request, Verb verb);
int validate(const Request& request);
int patch(Request& request);
/// `words`: "key=value", or with --remove "key"
int label(Request& request, const std::vector<std::string>& words);
int diff(Request& request);
int edit(Request& request);

/// Options that several commands share.
void add_file_options(cli::Command& command, Request& request);
void offer_kinds_and_names(cli::Command& command, Request& request);

}  // namespace weft::ctl
