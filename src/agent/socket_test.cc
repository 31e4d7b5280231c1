#include "agent/socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <future>

#include "base/file.h"
#include "metrics/metrics.h"
#include "test/folder.h"
#include "test/netns.h"

namespace weft::agent {
namespace {

using std::chrono::milliseconds;

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Fd connect_to(const std::string& path) {
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = address_of(path);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return {};
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  return fd;
}
void say(const Fd& fd, std::string_view text, bool complete = true) {
  while (!text.empty()) {
    const auto n = ::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (complete) ::shutdown(fd.get(), SHUT_WR);
}
/// Everything until the other side closes; "late" when it does not.
std::string hear(const Fd& fd) {
  std::string text;
  char buffer[65536];
  ssize_t n = 0;
  while ((n = ::read(fd.get(), buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<std::size_t>(n));
  return n < 0 && errno == EAGAIN ? "late" : text;
}

class SocketTest : public testing::Test {
 protected:
  void SetUp() override {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  void TearDown() override { end(); }

  void open() {
    auto opened = Socket::open(
        loop, path,
        [this](std::string_view request) {
          return handle ? handle(std::string(request)) : "you said " + std::string(request);
        },
        limits);
    ASSERT_TRUE(opened) << opened.error().message;
    socket = std::move(*opened);
    thread = std::thread([this] { loop.run(); });
  }
  void end() {
    if (thread.joinable()) {
      loop.stop();
      thread.join();
    }
    socket.reset();
  }
  std::string ask(std::string_view text) const {
    const auto fd = connect_to(path);
    if (!fd) return "nobody";
    say(fd, text);
    return hear(fd);
  }
  static double refused(const std::string& reason) {
    return metrics::counter("weft_socket_refused", "Requests on the agent's socket that were cut off.",
                            {{"reason", reason}})
        .value();
  }

  test::Folder folder;
  std::string path = folder.path() + "/run/agent.sock";
  loop::Loop loop;
  std::function<std::string(std::string)> handle;
  Socket::Limits limits{.user = ::getuid()};
  std::unique_ptr<Socket> socket;
  std::thread thread;
};

TEST_F(SocketTest, AnswersARequest) {
  open();
  EXPECT_EQ(ask("hello"), "you said hello");
  EXPECT_EQ(ask(""), "you said ");
  struct stat mode{};
  ASSERT_EQ(::stat(path.c_str(), &mode), 0);
  EXPECT_EQ(mode.st_mode & 0777, 0600u);
  end();
  EXPECT_FALSE(file_exists(path));
}

TEST_F(SocketTest, TakesARequestInPieces) {
  open();
  const auto fd = connect_to(path);
  const std::string big(1 << 20, 'x');
  say(fd, "begin ", false);
  std::this_thread::sleep_for(milliseconds(5));
  say(fd, big, false);
  say(fd, " end");
  EXPECT_EQ(hear(fd), "you said begin " + big + " end");
}

TEST_F(SocketTest, CutsOffARequestThatDoesNotEnd) {
  limits.patience = milliseconds(100);
  open();
  const double before = refused("request not complete in time");
  const auto fd = connect_to(path);
  say(fd, "half", false);
  EXPECT_EQ(hear(fd), "");
  EXPECT_EQ(refused("request not complete in time"), before + 1);
  EXPECT_EQ(ask("hello"), "you said hello");
}

TEST_F(SocketTest, CutsOffARequestThatIsTooLarge) {
  limits.bytes = 1000;
  open();
  const double before = refused("too large");
  EXPECT_EQ(ask(std::string(1000, 'x')).size(), 1009u);
  EXPECT_EQ(ask(std::string(1001, 'x')), "");
  EXPECT_EQ(refused("too large"), before + 1);
}

TEST_F(SocketTest, ForgetsWhoHangsUp) {
  limits.clients = 2;
  open();
  for (int i = 0; i < 50; ++i) say(connect_to(path), "half", false);
  EXPECT_TRUE(test::eventually([&] { return ask("hello") == "you said hello"; }));
}

TEST_F(SocketTest, SendsAwayWhoComesWhenTooManyAreThere) {
  limits.clients = 2;
  open();
  const auto a = connect_to(path), b = connect_to(path), c = connect_to(path);
  EXPECT_EQ(hear(c), "");
  say(a, "a");
  EXPECT_EQ(hear(a), "you said a");
  EXPECT_EQ(ask("d"), "you said d");
}

TEST_F(SocketTest, ServesAThousandAtOnce) {
  open();
  std::vector<Fd> clients;
  for (int i = 0; i < 1000; ++i) {
    clients.push_back(connect_to(path));
    ASSERT_TRUE(clients.back()) << i;
    say(clients.back(), std::to_string(i), false);
  }
  EXPECT_EQ(ask("hello"), "you said hello") << "who says nothing holds nobody back";
  for (const auto& client : clients) ::shutdown(client.get(), SHUT_WR);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(hear(clients[i]), "you said " + std::to_string(i));
}

TEST_F(SocketTest, HoldsNobodyBackForWhoNeverReads) {
  limits.workers = 2;
  limits.patience = milliseconds(200);
  handle = [](const std::string& request) { return request == "much" ? std::string(8 << 20, 'x') : request; };
  open();
  const double before = refused("answer not read");
  std::vector<Fd> lazy;
  for (int i = 0; i < 2; ++i) {
    lazy.push_back(connect_to(path));
    say(lazy.back(), "much");
  }
  EXPECT_EQ(ask("hello"), "hello");
  EXPECT_TRUE(test::eventually([&] { return refused("answer not read") == before + 2; }));
  EXPECT_EQ(ask("much").size(), std::size_t{8} << 20) << "who reads gets all of it";
}

TEST_F(SocketTest, AnswersOthersWhileOneWaits) {
  std::promise<void> release;
  handle = [&, gate = release.get_future().share()](const std::string& request) {
    if (request == "wait") gate.wait();
    return request;
  };
  open();
  const auto slow = connect_to(path);
  say(slow, "wait");
  EXPECT_EQ(ask("hello"), "hello");
  release.set_value();
  EXPECT_EQ(hear(slow), "wait");
}

TEST_F(SocketTest, ListensToOneUserOnly) {
  limits.user = ::getuid() + 1;
  open();
  const double before = refused("not root");
  EXPECT_EQ(ask("hello"), "");
  EXPECT_EQ(refused("not root"), before + 1);
}

TEST_F(SocketTest, IsClosedToOtherUsersOfTheMachine) {
  if (::getuid() != 0) GTEST_SKIP() << "becoming another user needs root";
  open();
  ASSERT_EQ(::chmod(folder.path().c_str(), 0755), 0);
  const auto as_nobody = [&] {  // 0: answered, 1: cut off, 2: not even connected
    const pid_t child = ::fork();
    if (child == 0) {
      if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(3);
      const auto fd = connect_to(path);
      if (!fd) ::_exit(2);
      say(fd, "hello");
      ::_exit(hear(fd).empty() ? 1 : 0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WEXITSTATUS(status);
  };
  EXPECT_EQ(as_nobody(), 2) << "the file's mode";
  ASSERT_EQ(::chmod(path.c_str(), 0666), 0);
  EXPECT_EQ(as_nobody(), 1) << "the credentials";
}

TEST_F(SocketTest, LeavesALiveAgentAlone) {
  open();
  loop::Loop other;
  const auto second = Socket::open(other, path, [](std::string_view) { return std::string("mine"); }, limits);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), (Error{Code::exists, path + ": another agent answers there"}));
  EXPECT_EQ(ask("hello"), "you said hello");
}

TEST_F(SocketTest, TakesOverFromADeadAgent) {
  ASSERT_TRUE(make_directories(folder.path() + "/run"));
  {
    const Fd dead(::socket(AF_UNIX, SOCK_STREAM, 0));
    const auto address = address_of(path);
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  ASSERT_TRUE(file_exists(path));
  open();
  EXPECT_EQ(ask("hello"), "you said hello");
}

TEST_F(SocketTest, RemovesNoFileThatIsNotASocket) {
  ASSERT_TRUE(make_directories(folder.path() + "/run"));
  ASSERT_TRUE(write_file_atomic(path, "precious"));
  const auto opened = Socket::open(loop, path, [](std::string_view) { return std::string(); }, limits);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error(), (Error{Code::exists, path + ": is there already and is no socket"}));
  EXPECT_EQ(read_file(path), "precious");
}

TEST_F(SocketTest, RefusesAPathThatIsTooLong) {
  const auto opened =
      Socket::open(loop, folder.path() + "/" + std::string(200, 'a'), [](std::string_view) { return std::string(); });
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, testing::HasSubstr("too long for a unix socket"));
}

}  // namespace
}  // namespace weft::agent
