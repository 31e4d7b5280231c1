#include "node/check.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "api/pattern.h"
#include "base/file.h"
#include "base/process.h"
#include "base/strings.h"
#include "dataplane/ruleset.h"
#include "kernel/conntrack.h"
#include "kernel/link.h"
#include "kernel/netns.h"
#include "kernel/nft_rows.h"
#include "kernel/sysctl.h"

namespace weft::node {
namespace {

Result<> try_veth() {
  auto socket = TRY(kernel::Socket::open(NETLINK_ROUTE));
  return kernel::create_veth(socket, {.name = "weft0", .mac = {}, .peer_name = "weft1", .peer_mac = {}});
}

Result<> try_nftables() {
  dataplane::Ruleset ruleset;
  const auto refused = TRY(ruleset.sync());
  if (!refused.empty()) return std::unexpected(Error(refused[0].error).within(refused[0].object));
  return {};
}

Result<> try_conntrack() {
  auto socket = TRY(kernel::Socket::open(NETLINK_NETFILTER));
  const net::Ip nobody = net::Ip::v4(0xc0000201);
  return kernel::forget_connections(socket, {&nobody, 1});
}

std::optional<bool> is_on(const std::string& sysctl) {
  const auto value = kernel::read_sysctl(sysctl);
  if (!value) return std::nullopt;
  return *value != "0";
}

std::string family_name(unsigned family) {
  switch (family) {
    case NFPROTO_INET: return "inet";
    case NFPROTO_IPV4: return "ip";
    case NFPROTO_IPV6: return "ip6";
    default: return fmt::format("family {}", family);
  }
}

/// Of nf_tables, which is where iptables-nft puts its chains too.
Result<std::vector<DroppingChain>> dropping_chains() {
  auto socket = TRY(kernel::Socket::open(NETLINK_NETFILTER));
  std::vector<DroppingChain> found;
  for (const unsigned family : {NFPROTO_INET, NFPROTO_IPV4, NFPROTO_IPV6}) {
    const nfgenmsg header{.nfgen_family = static_cast<std::uint8_t>(family), .version = NFNETLINK_V0, .res_id = 0};
    const auto chains =
        TRY(socket.ask(kernel::message(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, NLM_F_DUMP, header)));
    for (const auto& message : chains) {
      const auto [fixed, chain] = TRY(kernel::parse<nfgenmsg, kernel::nft::ChainRow>(message.payload));
      if (fixed.nfgen_family != family || !chain.hook || !chain.hook->hook || !chain.policy) continue;
      if (chain.hook->hook->value != NF_INET_FORWARD || chain.policy->value != NF_DROP) continue;
      if (family == NFPROTO_INET && chain.table == "weft") continue;
      found.push_back({fmt::format("table {} {} chain {}", family_name(family), chain.table, chain.name)});
    }
  }
  return found;
}

/// Of iptables' older kernel side, when some program has loaded it.
std::vector<DroppingChain> legacy_dropping_chains() {
  std::vector<DroppingChain> found;
  for (const auto& [names, program] : {std::pair("/proc/net/ip_tables_names", "iptables-legacy"),
                                       std::pair("/proc/net/ip6_tables_names", "ip6tables-legacy")}) {
    const auto tables = read_file(names);
    if (!tables || ("\n" + *tables).find("\nfilter\n") == std::string::npos) continue;
    const auto rules = run_ok({program, "-S", "FORWARD"});
    if (rules && rules->find("-P FORWARD DROP") != std::string::npos)
      found.push_back({fmt::format("{} filter FORWARD", program)});
  }
  return found;
}

const char* mark_of(Finding::Level level) {
  switch (level) {
    case Finding::Level::good: return "ok";
    case Finding::Level::note: return "note";
    case Finding::Level::warning: return "WARNING";
    case Finding::Level::missing: return "MISSING";
  }
  return "";
}

std::string version_of_bird(const std::string& bird) {
  const auto answer = run({bird, "--version"}, std::chrono::milliseconds(2000));
  if (!answer || !answer->ok()) return "";
  return std::string(trim(answer->err.empty() ? answer->out : answer->err));  // BIRD says it on standard error
}

}  // namespace

Facts gather_facts(const std::string& bird) {
  Facts facts;
  facts.root = ::geteuid() == 0;
  utsname name{};
  if (::uname(&name) == 0) facts.kernel = name.release;

  if (const auto space = kernel::Netns::create()) {
    facts.veth = kernel::run_in(*space, try_veth);
    facts.nftables = kernel::run_in(*space, try_nftables);
    facts.conntrack = kernel::run_in(*space, try_conntrack);
  } else {
    facts.veth = facts.nftables = facts.conntrack = std::unexpected(space.error());
  }
  facts.ipv6 = file_exists("/proc/net/if_inet6");
  facts.forwarding_v4 = is_on("net/ipv4/ip_forward");
  facts.forwarding_v6 = is_on("net/ipv6/conf/all/forwarding");
  if (auto chains = dropping_chains()) facts.dropping = std::move(*chains);
  for (auto& chain : legacy_dropping_chains()) facts.dropping.push_back(std::move(chain));
  facts.bird = version_of_bird(bird);

  if (auto socket = kernel::Socket::open(NETLINK_ROUTE)) {
    const auto counts = api::Pattern::parse(mtu_pattern).value();
    for (const auto& link : kernel::list_links(*socket).value_or(std::vector<kernel::Link>{})) {
      if (!link.up || !counts.finds(link.name)) continue;
      if (facts.mtu != 0 && link.mtu >= facts.mtu) continue;
      facts.mtu = link.mtu;
      facts.mtu_of = link.name;
    }
  }
  if (facts.mtu == 0) facts.mtu = mtu_without_interface;
  return facts;
}

std::vector<Finding> judge(const Facts& facts) {
  using Level = Finding::Level;
  std::vector<Finding> findings;
  const auto say = [&](Level level, std::string subject, std::string text) {
    findings.push_back({level, std::move(subject), std::move(text)});
  };
  const auto feature = [&](const Result<>& result, const char* subject, const char* good, const char* without) {
    if (result)
      say(Level::good, subject, good);
    else
      say(Level::missing, subject, fmt::format("{} ({})", without, result.error().message));
  };
  say(Level::good, "kernel", facts.kernel);
  if (!facts.root) say(Level::warning, "root", "not root: the kernel refuses to say what follows as refused");
  feature(facts.veth, "veth", "pods can be connected", "no veth pairs: pods cannot be connected");
  feature(facts.nftables, "nftables", "the policy table was accepted", "no policy: the kernel refuses our table");
  feature(facts.conntrack, "conntrack", "connections of removed addresses can be ended",
          "no connection tracking over netlink");
  if (!facts.ipv6) say(Level::warning, "ipv6", "this kernel has no IPv6: only IPv4 pools will work");

  const auto forwarding = [&](std::optional<bool> on, const char* subject, const char* sysctl) {
    if (!on)
      say(Level::warning, subject, fmt::format("{} cannot be read", sysctl));
    else if (*on)
      say(Level::good, subject, "on");
    else
      say(Level::note, subject, fmt::format("off: the agent sets {}=1, unless IPForwarding is Disabled", sysctl));
  };
  forwarding(facts.forwarding_v4, "forwarding", "net.ipv4.ip_forward");
  if (facts.ipv6) forwarding(facts.forwarding_v6, "forwarding6", "net.ipv6.conf.all.forwarding");

  for (const auto& chain : facts.dropping) {
    say(Level::warning, "firewall",
        fmt::format("{} has policy drop: traffic of pods that no rule there accepts is lost, whatever our table says; "
                    "accept it there (interfaces cali+) or set the policy to accept",
                    chain.where));
  }
  if (facts.dropping.empty()) say(Level::good, "firewall", "no other firewall drops forwarded traffic by default");

  if (facts.bird.empty())
    say(Level::missing, "bird", "not found: install bird2, or set CALICO_NETWORKING_BACKEND=none");
  else if (facts.bird.find("version 2.") == std::string::npos)
    say(Level::warning, "bird", facts.bird + ": the templates are for BIRD 2");
  else
    say(Level::good, "bird", facts.bird);

  if (facts.mtu_of.empty())
    say(Level::warning, "mtu",
        fmt::format("{} bytes, for no network interface is up whose name matches {}", facts.mtu, mtu_pattern));
  else
    say(Level::good, "mtu", fmt::format("{} bytes, as {} has", facts.mtu, facts.mtu_of));
  return findings;
}

int check_system(const std::string& bird) {
  int status = 0;
  for (const auto& finding : judge(gather_facts(bird))) {
    fmt::print("{:<8} {:<12} {}\n", mark_of(finding.level), finding.subject, finding.text);
    if (finding.level == Finding::Level::missing) status = 1;
  }
  return status;
}

}  // namespace weft::node
