#include "ctl/diags.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <vector>

#include <fmt/core.h>

#include "base/file.h"
#include "base/process.h"
#include "base/program.h"

namespace weft::ctl {
namespace {

struct Source {
  std::string file, what;
  std::vector<std::string> command;
};

std::vector<Source> sources() {
  const std::string weft = own_program();
  return {
      {"date", "date and name", {"sh", "-c", "date; hostname; uname -a; uptime"}},
      {"addresses", "interfaces", {"ip", "-d", "-s", "address"}},
      {"routes4", "routes (IPv4)", {"ip", "-4", "-d", "route", "show", "table", "all"}},
      {"routes6", "routes (IPv6)", {"ip", "-6", "-d", "route", "show", "table", "all"}},
      {"rules", "routing rules", {"sh", "-c", "ip -4 rule; ip -6 rule"}},
      {"neighbours", "neighbours", {"ip", "neighbour"}},
      {"nftables", "nftables", {"nft", "-a", "list", "ruleset"}},
      {"iptables4", "iptables (IPv4)", {"iptables-save", "-c"}},
      {"iptables6", "iptables (IPv6)", {"ip6tables-save", "-c"}},
      {"sockets", "sockets", {"ss", "-anp"}},
      {"sysctl", "kernel settings", {"sysctl", "-a", "-r", "^net\\."}},
      {"checksystem", "what the machine lacks", {weft, "node", "checksystem"}},
      {"version", "version", {weft, "version"}},
      {"ps", "our programs", {weft, "node", "ps"}},
      {"bgp", "BGP sessions", {weft, "node", "status"}},
      {"agent", "the agent's state", {"sh", "-c", "curl -s --max-time 5 http://localhost:9099/debug/state"}},
      {"journal", "journal", {"journalctl", "-u", "weft*", "--no-pager", "-n", "20000"}},
  };
}

std::string time_stamp() {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  std::array<char, 32> text;
  std::strftime(text.data(), text.size(), "%Y%m%d_%H%M%S", &local);
  return text.data();
}

}  // namespace

Result<std::string> collect_diagnostics(const std::string& log_folder, const std::string& target) {
  std::string folder = target + "/weft-diags.XXXXXX";
  if (!::mkdtemp(folder.data())) return fail_errno(errno, folder);
  const std::string inside = folder + "/diagnostics";
  TRY(make_directories(inside, 0700));
  fmt::print("Collecting diagnostics\nUsing temp dir: {}\n", folder);
  for (const auto& source : sources()) {
    fmt::print("Dumping {}\n", source.what);
    std::fflush(stdout);
    const auto finished = run(source.command);
    // What is not installed here, or says no, is worth knowing too.
    const std::string text = finished ? finished->out + finished->err : finished.error().message + '\n';
    TRY(write_file_atomic(inside + '/' + source.file, text, 0600));
  }
  if (file_exists(log_folder)) {
    fmt::print("Copying logs of {}\n", log_folder);
    if (auto copied = run_ok({"cp", "-r", "--", log_folder, inside + "/logs"}); !copied)
      fmt::print(stderr, "{}\n", copied.error().message);
  } else {
    fmt::print("No logs found in {}\n", log_folder);
  }
  const std::string archive = fmt::format("{}/diags-{}.tar.gz", folder, time_stamp());
  TRY(run_ok({"tar", "-czf", archive, "-C", folder, "diagnostics"}));
  TRY(run_ok({"rm", "-rf", "--", inside}));
  return archive;
}

}  // namespace weft::ctl
