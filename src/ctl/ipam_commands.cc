// `weft ipam` and `calicoctl ipam`: the addresses that are given out.

#include "ctl/access.h"
#include "ctl/ipam.h"

namespace weft::ctl {

namespace {

/// What all of them have.
struct Words {
  Access access;
  IpamShow show;
  IpamCheck check;
  IpamRelease release;
  IpamSplit split;
  IpamConfigure configure;
  std::string kubeconfig;  // of calicoctl; nothing is asked there
};

template <class W>
void runs(cli::Command& command, Words& words, W& own, int (*does)(store::Store&, const W&, Voice)) {
  add_access(command, words.access);
  const Voice voice = command.style() == cli::Style::cobra ? Voice::calicoctl : Voice::weft;
  command.run([&words, &own, does, voice] {
    const auto store = open_store(words.access);
    return store ? does(**store, own, voice) : complain(store.error());
  });
}

}  // namespace

void add_ipam(cli::Command& root) {
  static Words words;
  auto ipam = root.sub("ipam", "IP address management\n\nLook at the addresses that are given out, and change how.");

  auto check =
      ipam.sub("check",
               "Check the integrity of the IPAM datastructures\n\n"
               "Looks for addresses that are leaked or given out twice, and for blocks, handles and\naffinities "
               "that contradict each other. What it finds can be given to `ipam release`.");
  check.flag("--show-all-ips", words.check.all, "Print all IPs that are checked.");
  check.flag("--show-problem-ips", words.check.problems, "Print all IPs that are leaked or not allocated properly.");
  check.option("-o,--output", words.check.output, "Path to output report file.");
  if (check.style() == cli::Style::cobra)
    check.option("--kubeconfig", words.kubeconfig, "Path to Kubeconfig file.").hidden("--kubeconfig");
  runs(check, words, words.check, check_ipam);

  auto release = ipam.sub("release",
                          "Release a Calico assigned IP address\n\n"
                          "Releases one address, or all that reports of `ipam check` say are leaked: those that all "
                          "reports\nhave, and only while they still are what they were. The datastore must be locked.");
  release.option("--ip", words.release.ip, "IP address to release.");
  release.option("--from-report", words.release.reports, "Release all leaked addresses from the report.");
  release.flag("--force", words.release.force, "Force release of leaked addresses.");
  runs(release, words, words.release, release_ipam);

  auto show = ipam.sub("show",
                       "Show details of a Calico assigned IP address or overall IP usage\n\n"
                       "How full pools are, or who has an address.");
  show.option("--ip", words.show.ip, "Report whether this specific IP address is in use.");
  show.flag("--show-blocks", words.show.blocks, "Show detailed information for IP blocks as well as pools.");
  show.flag("--show-borrowed", words.show.borrowed, "Show detailed information for borrowed IP addresses.");
  show.flag("--show-configuration", words.show.configuration, "Show current Calico IPAM configuration.");
  runs(show, words, words.show, show_ipam);

  auto split = ipam.sub("split",
                        "Split an IP pool into the specified number of smaller IP pools\n\n"
                        "Replaces a pool by smaller ones of equal size; their number is a power of two. Blocks "
                        "and\naddresses stay as they are. The datastore must be locked.");
  split.usage("NUMBER").takes(1, 1).positional("NUMBER", words.split.parts, "how many");
  split.option("--cidr", words.split.cidr, "CIDR of the IP pool to split.");
  split.option("--name", words.split.name, "Name of the IP pool to split.");
  runs(split, words, words.split, split_pool);

  auto configure = ipam.sub("configure", "Configure IPAM\n\nChanges settings of the whole cluster.");
  configure.option("--strictaffinity", words.configure.strict_affinity, "Set StrictAffinity to true/false.");
  configure.option("--max-blocks-per-host", words.configure.max_blocks,
                   "Set the maximum number of blocks that can be affine to a host.");
  configure.option("--kubevirt-ip-persistence", words.configure.persistence,
                   "Control whether KubeVirt VMs retain persistent IP addresses (Enabled|Disabled).");
  configure.option("--ip-cooldown-seconds", words.configure.cooldown,
                   "Set the minimum time between release and re-allocation of an IP address.");
  runs(configure, words, words.configure, configure_ipam);
}

}  // namespace weft::ctl
