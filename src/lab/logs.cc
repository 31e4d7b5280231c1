#include "lab/logs.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <thread>
#include <vector>

#include <fmt/core.h>

#include "lab/spaces.h"

namespace weft::lab {
namespace {

/// One file being read line by line.
struct Tail {
  std::string label;  // in front of each line; empty: none
  Fd fd;
  std::string rest;

  /// Prints the complete lines there are. `component` is what `weft node` puts in front: "agent | …".
  void drain(const std::string& component) {
    char buffer[65536];
    ssize_t n = 0;
    while ((n = ::read(fd.get(), buffer, sizeof buffer)) > 0) rest.append(buffer, static_cast<std::size_t>(n));
    std::size_t begin = 0;
    for (std::size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
      const std::string_view line = std::string_view(rest).substr(begin, end - begin);
      if (component.empty() || line.substr(0, line.find_first_of(" |:")) == component)
        fmt::print("{}{}\n", label, line);
      begin = end + 1;
    }
    rest.erase(0, begin);
    std::fflush(stdout);
  }
};

}  // namespace

Result<> show_logs(const Lab& lab, const std::string& node, const std::string& component, bool follow) {
  std::vector<Tail> tails;
  const auto open = [&](const std::string& label, const std::string& relative) -> Result<> {
    Fd fd(::open(lab.file(relative).c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return fail_errno(errno, relative);
    tails.push_back({label, std::move(fd), {}});
    return {};
  };
  if (node == "etcd") {
    TRY(open("", "etcd.log"));
  } else if (!node.empty()) {
    TRY(lab.node(node));
    TRY(open("", "nodes/" + node + "/node.log"));
  } else {
    for (const auto& each : TRY(lab.nodes())) TRY(open(each.name + " ", "nodes/" + each.name + "/node.log"));
  }
  do {
    for (auto& tail : tails) tail.drain(component);
    if (follow) std::this_thread::sleep_for(std::chrono::milliseconds(100));
  } while (follow && start_time(lab.init()));
  return {};
}

}  // namespace weft::lab
