#include "ctl/commands.h"

#include "ctl/crds.h"
#include "ctl/debug.h"

namespace weft::ctl {

void add_commands(cli::Command& root) {
  add_resources(root);
  add_explain(root);
  add_ipam(root);
  add_datastore(root);
  add_debug(root);
  add_crds(root);
}

}  // namespace weft::ctl
