#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/program.h"
#include "node/node.h"

namespace weft::node {
namespace {

/// Variables that tell a child where the store is: ours may come from a file or from flags.
std::vector<std::string> store_variables(const store::Settings& settings) {
  std::vector<std::string> variables;
  for (const auto& name : store::setting_names()) {
    const auto& setting = settings.*name.setting;
    if (setting.is_set() && !name.environment.empty())
      variables.push_back(std::string(name.environment) + "=" + setting.value);
  }
  return variables;
}

/// Asks BIRD to end as for a restart: routes stay in the kernel, and neighbours keep ours for a while. SIGTERM would
/// withdraw both.
bool ask_bird(const std::string& socket_path) {
  const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (!fd || socket_path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, socket_path.data(), socket_path.size());
  const timeval patience{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return false;

  constexpr std::string_view command = "graceful restart\n";
  if (::send(fd.get(), command.data(), command.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(command.size()))
    return false;
  std::string answer;  // "0001 BIRD 2.0.12 ready.\n", then "0025 …" or an error from 8000 on
  char buffer[256];
  while (true) {
    const ssize_t n = ::recv(fd.get(), buffer, sizeof buffer, 0);
    if (n == 0) return true;  // it went at once
    if (n < 0) return errno == ECONNRESET;
    answer.append(buffer, static_cast<std::size_t>(n));
    const auto second_line = answer.find('\n');
    if (second_line != std::string::npos && answer.size() > second_line + 1) return answer[second_line + 1] == '0';
  }
}

}  // namespace

std::string find_confd_folder(const std::string& program) {
  const std::string folder = program.substr(0, program.rfind('/') + 1);
  for (const std::string& candidate :
       {std::string("/etc/calico/confd"), folder + "../share/weft/confd", folder + "../../templates/confd"})
    if (file_exists(candidate + "/conf.d")) return candidate;
  return "/usr/share/weft/confd";
}

std::vector<Program> programs_of(const Options& options) {
  const std::string self = options.program.empty() ? own_program() : options.program;
  std::vector<std::string> variables = store_variables(options.store);
  variables.push_back("NODENAME=" + options.name);

  std::vector<Program> programs;
  const auto add = [&](std::string name, std::vector<std::string> argv) -> Program& {
    programs.push_back(
        {.name = std::move(name),
         .command = {.argv = std::move(argv), .env_more = variables, .own_group = true, .ends_with_parent = true},
         .needs_file = {},
         .prepare = {},
         .ask_end = {}});
    return programs.back();
  };
  add("agent", {self, "agent"});
  if (!options.settings.bird) return programs;

  const std::string confd = options.confd_folder.empty() ? find_confd_folder(self) : options.confd_folder;
  add("confd", {self, "confd", "-backend=calico", "-confdir=" + confd, "-watch"});

  Program& bird = add("bird", {options.bird, "-f", "-c", options.bird_config, "-s", options.bird_socket});
  bird.command.end_signal = SIGKILL;  // when we die ourselves: SIGTERM would take the routes away
  bird.needs_file = options.bird_config;
  // One that ran here before left routes in the kernel and with its neighbours: recover them. The first one does not
  // wait for neighbours that have nothing of ours.
  bird.prepare = [mark = options.run_folder + "/bird.ran"](Command& command) {
    if (file_exists(mark))
      command.argv.emplace_back("-R");
    else if (const auto made = write_file_atomic(mark, ""); !made)
      log::warning("bird will not recover its routes when it starts again", {{"reason", made.error().message}});
  };
  bird.ask_end = [socket = options.bird_socket] { return ask_bird(socket); };
  return programs;
}

}  // namespace weft::node
