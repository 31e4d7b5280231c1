#include "lab/spaces.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "base/file.h"
#include "base/strings.h"
#include "lab/ping.h"
#include "test/netns.h"

namespace weft::lab {
namespace {

/// A process namespace with its own /run and /proc, ended at the end of the test.
class Space : public ::testing::Test {
 protected:
  void SetUp() override {
    Spawn what;
    what.argv = {"sh", "-c",
                 "mount --make-rprivate / && mount -t tmpfs none /run && mount -t proc proc /proc && touch /run/ready "
                 "&& exec sleep 1000"};
    what.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    what.new_space = what.new_session = true;
    auto pid = spawn(what);
    ASSERT_TRUE(pid) << pid.error().message;
    init = *pid;
    ASSERT_TRUE(test::eventually([&] { return file_exists("/proc/" + std::to_string(init) + "/root/run/ready"); }));
  }
  void TearDown() override {
    if (init > 0) {
      ::kill(init, SIGKILL);
      ::waitpid(init, nullptr, 0);
    }
  }
  Result<Finished> inside(std::vector<std::string> argv, const std::string& network = {}, std::string_view input = {}) {
    Spawn what;
    what.inside = init;
    what.network = network;
    what.argv = std::move(argv);
    what.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
    return run(what, input);
  }

  pid_t init = 0;
};

TEST_F(Space, RunsProgramsInsideWithTheirStreamsAndStatus) {
  const auto finished = inside({"sh", "-c", "cat; echo to-err >&2; exit 3"}, {}, "hello");
  ASSERT_TRUE(finished) << finished.error().message;
  EXPECT_EQ(finished->out, "hello");
  EXPECT_EQ(finished->err, "to-err\n");
  EXPECT_EQ(finished->how(), "exit status 3");
}

TEST_F(Space, SeesOnlyTheProcessesOfItsOwnNamespace) {
  const auto finished = inside({"sh", "-c", "echo /proc/[0-9]*"});
  ASSERT_TRUE(finished);
  EXPECT_TRUE(finished->out.starts_with("/proc/1 ")) << finished->out;
  EXPECT_LE(split(trim(finished->out), ' ').size(), 3u) << finished->out;
}

TEST_F(Space, SaysWhichStepFailed) {
  const auto missing = inside({"/no/such/program"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_EQ(missing.error().message, "/no/such/program: No such file or directory");
  const auto network = inside({"true"}, "/run/netns/none");
  ASSERT_FALSE(network);
  EXPECT_EQ(network.error().message, "true: enter the network namespace: No such file or directory");
}

TEST_F(Space, MakesNamedNetworksThatOnlyTheNodeSees) {
  ASSERT_TRUE(add_network(init, "pod"));
  EXPECT_FALSE(file_exists("/run/netns/pod"));
  EXPECT_EQ(add_network(init, "pod").error().code, Code::exists);
  const auto links = inside({"ip", "-br", "link"}, "/run/netns/pod");
  ASSERT_TRUE(links);
  EXPECT_EQ(split(links->out, '\n').size(), 2u) << links->out;
  EXPECT_TRUE(links->out.find("UP") != std::string::npos) << links->out;
  ASSERT_TRUE(remove_network(init, "pod"));
  EXPECT_FALSE(inside({"true"}, "/run/netns/pod"));
}

TEST_F(Space, FindsTheProcessesOfANetwork) {
  ASSERT_TRUE(add_network(init, "pod"));
  Spawn what;
  what.inside = init;
  what.network = "/run/netns/pod";
  what.argv = {"sleep", "1000"};
  what.environment = {"PATH=/usr/bin:/bin"};
  const auto pid = spawn(what);
  ASSERT_TRUE(pid);
  const auto path = "/proc/" + std::to_string(init) + "/root/run/netns/pod";
  EXPECT_EQ(processes_in_network(path), std::vector<pid_t>{*pid});
  ::kill(*pid, SIGKILL);
  ::waitpid(*pid, nullptr, 0);
  EXPECT_TRUE(processes_in_network(path).empty());
}

TEST_F(Space, EndsWithItsInit) {
  Spawn what;
  what.inside = init;
  what.argv = {"sleep", "1000"};
  what.environment = {"PATH=/usr/bin:/bin"};
  const auto pid = spawn(what);
  ASSERT_TRUE(pid);
  ASSERT_TRUE(start_time(*pid));
  ::kill(init, SIGKILL);
  // It is our child: the namespace's end waits for us to reap it.
  int status = 0;
  EXPECT_EQ(::waitpid(*pid, &status, 0), *pid);
  EXPECT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(::waitpid(init, nullptr, 0), init);
  init = 0;
}

TEST_F(Space, PingsAddressesThatAreThereAndMissesOthers) {
  const auto outcome = in_network(init, "", []() -> Result<> {
    test::shell(
        "ip link set lo up; ip address add 192.0.2.1/32 dev lo; ip route add blackhole 192.0.2.9; ip -6 address add "
        "fd99::1/128 dev lo nodad");
    const auto trips =
        TRY(ping({*net::Ip::parse("192.0.2.1"), *net::Ip::parse("192.0.2.9"), *net::Ip::parse("fd99::1")},
                 std::chrono::milliseconds(300)));
    EXPECT_TRUE(trips[0]);
    EXPECT_FALSE(trips[1]);
    EXPECT_TRUE(trips[2]);
    return {};
  });
  EXPECT_TRUE(outcome) << outcome.error().message;
}

}  // namespace
}  // namespace weft::lab
