#include "ctl/debug.h"

#include "ctl/debug_calc.h"
#include "ctl/debug_ipam.h"
#include "ctl/debug_key.h"
#include "ctl/debug_selector.h"
#include "ctl/filter.h"

namespace weft::ctl {

void add_debug(cli::Command& root) {
  auto debug = root.sub("debug",
                        "Ask single parts directly.\n\n"
                        "The filters among them read questions from standard input, one JSON object per line, and "
                        "answer one JSON\nobject per line in the same order, at once. See docs/debug.md.");
  add_filter(debug, "selector",
             "What selectors match: canonical text, identity, labels.\n\n"
             "  echo '{\"id\": 1, \"selector\": \"a == \\\"b\\\"\", \"labels\": [{\"a\": \"b\"}]}' | weft debug "
             "selector",
             answer_selector);
  add_filter(debug, "key",
             "Keys of the store and of syncers, and their parts; names of workload endpoints.\n\n"
             "  echo '{\"op\": \"path\", \"path\": \"/calico/v1/Ready\"}' | weft debug key",
             answer_key);
  add_debug_ipam(debug);
  add_debug_calc(debug);
}

}  // namespace weft::ctl
