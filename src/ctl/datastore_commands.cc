// `datastore migrate`: a cluster's data as a text, and back.

#include <cstdio>

#include <fmt/core.h>

#include "base/file.h"
#include "ctl/access.h"
#include "ctl/commands.h"
#include "ctl/migrate.h"
#include "ctl/policy_names.h"

namespace weft::ctl {
namespace {

struct Words {
  Access access;
  std::string file;
};

int with_store(const Access& access, const std::function<Result<>(store::Store&)>& action) {
  const auto store = open_store(access);
  if (!store) return complain(store.error());
  const auto done = action(**store);
  return done ? 0 : complain(done.error());
}

Result<> import_file(store::Store& store, const std::string& file) {
  if (file.empty()) return fail(Code::invalid, "-f FILE: what an export wrote (- is standard input)");
  const std::string text = TRY(read_file(file == "-" ? "/dev/stdin" : file));
  const auto imported = TRY(within(import_cluster(store, text), "imported file: " + file));
  fmt::print(
      "Successfully applied {} resource(s)\nSuccessfully applied {} IPAM resource(s)\n"
      "Datastore information successfully imported. The datastore is locked: unlock it when nodes use it.\n",
      imported.resources, imported.ipam);
  return {};
}

}  // namespace

void add_datastore(cli::Command& root) {
  static Words w;
  auto datastore = root.sub("datastore", "All data of a cluster at once\n\nLocks, exports and imports all of it.");
  datastore.under("Resources");
  auto migrate = datastore.sub(
      "migrate", "Move a cluster's data to another datastore\n\nLock it, export it, import it there, unlock it there.");
  auto export_ = migrate.sub("export",
                             "Print all data of a locked datastore\n\nPrints resources and IPAM's data, for "
                             "an import elsewhere. Profiles and endpoints of\nworkloads are left out.");
  export_.example("  datastore migrate export > cluster.yaml");
  add_access(export_, w.access);
  export_.run([] {
    return with_store(w.access, [](store::Store& store) -> Result<> {
      fmt::print("{}", TRY(export_cluster(store)));
      return {};
    });
  });
  auto import_ = migrate.sub("import",
                             "Write what an export printed into an empty datastore\n\nWrites resources, "
                             "IPAM's data and the cluster's id. The datastore is locked afterwards.");
  import_.option("-f,--filename", w.file, "What an export wrote.");
  import_.example("  datastore migrate import -f cluster.yaml");
  add_access(import_, w.access);
  import_.run([] { return with_store(w.access, [](store::Store& store) { return import_file(store, w.file); }); });
  for (const bool locked : {true, false}) {
    auto command = migrate.sub(locked ? "lock" : "unlock",
                               locked ? "Have nodes ignore changes of the datastore\n\nNodes keep what is in force."
                                      : "Have nodes act upon the datastore again\n\nAfter a lock.");
    add_access(command, w.access);
    command.run([locked] {
      return with_store(w.access, [locked](store::Store& store) -> Result<> {
        TRY(lock(store, locked));
        fmt::print("Datastore {}.\n", locked ? "locked" : "unlocked");
        return {};
      });
    });
  }
  auto names =
      datastore.sub("migrate-policy-names",
                    "Put policies of the tier default under the names that they are listed by\n\nBefore Calico "
                    "3.32 they lay under default.NAME. May be run again.");
  add_access(names, w.access);
  names.run([] {
    return with_store(w.access, [](store::Store& store) -> Result<> {
      fmt::print("Policy name migration complete, migrated {} policies.\n", TRY(migrate_policy_names(store)));
      return {};
    });
  });
}

}  // namespace weft::ctl
