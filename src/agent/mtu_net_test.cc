#include "agent/mtu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fmt/core.h>

#include "base/file.h"
#include "test/folder.h"
#include "test/netns.h"

namespace weft::agent {
namespace {

constexpr const char* pattern = "^((en|wl|ww|sl|ib)[Pcopsvx].*|(eth|wlan|wwan).*)";

class MtuTest : public testing::Test {
 protected:
  void add(const std::string& name, int mtu, bool up = true) const {
    const auto done = test::shell(
        fmt::format("ip link add {0} mtu {1} type veth peer name p-{0} && ip link set p-{0} up", name, mtu) +
        (up ? " && ip link set " + name + " up" : ""));
    ASSERT_EQ(done.status, 0) << done.output;
  }

  test::InNetns here;
};

TEST_F(MtuTest, IsTheSmallestOfTheMachinesInterfaces) {
  EXPECT_EQ(host_mtu(pattern), 1460u) << "nothing but lo";
  add("eth0", 9000);
  EXPECT_EQ(host_mtu(pattern), 9000u);
  add("ens3", 1400);
  add("cali1", 1300);  // not the machine's
  add("eth1", 1200, false);
  EXPECT_EQ(host_mtu(pattern), 1400u);
  EXPECT_EQ(host_mtu("^cali"), 1300u);
}

TEST_F(MtuTest, SaysWhatIsWrongWithAPattern) {
  const auto mtu = host_mtu("(eth");
  ASSERT_FALSE(mtu);
  EXPECT_EQ(mtu.error().code, Code::invalid);
  EXPECT_THAT(mtu.error().message, testing::StartsWith("MTUIfacePattern (eth: "));
}

class MtuFileTest : public MtuTest {
 protected:
  ino_t inode() const {
    struct stat now{};
    return ::stat(path.c_str(), &now) == 0 ? now.st_ino : 0;
  }

  test::Folder folder;
  std::string path = folder.path() + "/lib/mtu";
  MtuFile file{path};
};

TEST_F(MtuFileTest, FollowsTheMachine) {
  add("eth0", 1500);
  add("wan0", 1400);
  file.follow(pattern);
  EXPECT_EQ(read_file(path), "1500");
  const auto before = inode();
  file.refresh();
  EXPECT_EQ(inode(), before) << "it is not written for nothing";
  test::shell("ip link set eth0 mtu 1300");
  file.refresh();
  EXPECT_EQ(read_file(path), "1300");
  file.follow("^wan");
  EXPECT_EQ(read_file(path), "1400");
}

TEST_F(MtuFileTest, KeepsWhatItSaysWhenSomethingIsWrong) {
  add("eth0", 1500);
  file.follow(pattern);
  testing::internal::CaptureStderr();
  file.follow("(eth");
  file.refresh();
  const auto log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(read_file(path), "1500");
  EXPECT_NE(log.find("MTUIfacePattern"), std::string::npos);
  EXPECT_EQ(log.find("MTUIfacePattern"), log.rfind("MTUIfacePattern")) << "said once: " << log;
}

}  // namespace
}  // namespace weft::agent
