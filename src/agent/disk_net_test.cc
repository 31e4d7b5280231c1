// A disk that is full: what the agent writes beside the kernel.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "agent/machine_fixture.h"
#include "agent/mtu.h"
#include "agent/status_files.h"
#include "cni/journal.h"
#include "metrics/metrics.h"
#include "test/small_disk.h"

namespace weft::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::ranges::sort(names);
  return names;
}

TEST(DiskFullTest, StatusFilesComeWhenThereIsRoomAgain) {
  const test::SmallDisk disk;
  StatusFiles files(disk.path());
  const auto up = [&](const std::string& name) {
    const plan::EndpointId id{"k8s", "default/" + name, "eth0"};
    table::Delta<plan::Endpoint> endpoints;
    endpoints.put({.id = id, .interface = "cali" + name});
    files.on(endpoints);
    table::Delta<dataplane::EndpointStatus> states;
    states.put({.id = id, .interface = "cali", .state = dataplane::EndpointStatus::State::up, .message = {}});
    files.on(states);
  };
  const std::string folder = disk.path() + "/endpoint-status";
  auto& errors = metrics::counter("weft_status_file_errors", "");
  up("a");
  const double before = errors.value();

  disk.fill();
  up("b");
  files.retry();

  EXPECT_THAT(files_in(folder), ElementsAre("k8s default%2Fa eth0")) << "no half a file, none left over";
  EXPECT_EQ(errors.value(), before + 2);
  disk.make_room();
  files.retry();
  EXPECT_THAT(files_in(folder), ElementsAre("k8s default%2Fa eth0", "k8s default%2Fb eth0"));
}

TEST(DiskFullTest, ReleasesThatWaitAreRememberedInMemoryAtLeast) {
  const test::SmallDisk disk;
  const std::string file = disk.path() + "/releases.json";
  const cni::PendingRelease first{"c1", "eth0", "/endpoint/1", {"net.c1"}},
      second{"c2", "eth0", "/endpoint/2", {"net.c2"}};
  cni::Journal journal(file);
  ASSERT_TRUE(journal.add(first));
  disk.fill();

  const auto added = journal.add(second);

  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().message, HasSubstr("No space left on device"));
  EXPECT_THAT(journal.all(), ElementsAre(first, second));
  EXPECT_THAT(cni::Journal(file).all(), ElementsAre(first)) << "what was written before is whole";
  disk.make_room();
  EXPECT_TRUE(journal.add(second));
  EXPECT_THAT(cni::Journal(file).all(), ElementsAre(first, second));
}

TEST_F(AgentTest, DoesNotDependOnItsLog) {
  const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ::close(ends[0]);
  const Fd broken(ends[1]);
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const Fd unread(ends[0]), stuck(ends[1]);
  // A disk that is full, a reader that has gone, one that does not read.
  while (::write(stuck.get(), std::string(65536, 'x').data(), 65536) == 65536 &&
         ::fcntl(stuck.get(), F_SETFL, O_NONBLOCK) == 0) {
  }
  ::fcntl(stuck.get(), F_SETFL, 0);
  for (const auto* to : {&full, &broken, &stuck}) {
    auto more = environment();
    more.push_back("WEFT_LOG_LEVEL=debug");
    auto started = start({.argv = inside({WEFT_PROGRAM, "agent"}),
                          .env = more,
                          .ends_with_parent = true,
                          .end_signal = SIGKILL,
                          .out = to->get(),
                          .err = to->get()});
    ASSERT_TRUE(started);
    agent = std::move(*started);
    EXPECT_TRUE(ready());
    EXPECT_EQ(::waitpid(agent.pid, nullptr, WNOHANG), 0);
    end(agent, SIGKILL);
  }
}

}  // namespace
}  // namespace weft::agent
