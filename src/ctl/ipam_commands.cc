// `weft ipam`: the addresses that are given out.

#include "ctl/access.h"
#include "ctl/ipam.h"

namespace weft::ctl {

void add_ipam(cli::Command& root) {
  static Access access;
  static IpamWords words;
  auto ipam = root.sub("ipam", "Look at the addresses that are given out.");
  auto show = ipam.sub("show", "How full pools are, or who has an address.");
  show.flag("--show-blocks", words.blocks, "each block too");
  show.option("--ip", words.ip, "who has this address");
  add_access(show, access);
  show.run([] {
    const auto store = open_store(access);
    return store ? show_ipam(**store, words) : complain(store.error());
  });
  auto check = ipam.sub("check",
                        "Look for addresses that are leaked or given out twice, and for blocks, handles and affinities "
                        "that contradict each other.");
  add_access(check, access);
  check.run([] {
    const auto store = open_store(access);
    return store ? check_ipam(**store) : complain(store.error());
  });
}

}  // namespace weft::ctl
