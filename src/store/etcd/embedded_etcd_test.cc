#include "store/embedded.h"

#include <gtest/gtest.h>
#include <signal.h>

#include "test/etcd.h"

namespace weft::store {
namespace {

TEST(Embedded, AnswersOnceItIsStarted) {
  test::Etcd etcd;

  const auto version = run_ok({"etcdctl", "--endpoints=" + etcd.endpoint(), "put", "/a", "1"});

  EXPECT_TRUE(version) << version.error().message;
}

TEST(Embedded, KeepsItsDataAndItsPortOverACrash) {
  test::Etcd etcd;
  const std::string endpoint = etcd.endpoint();
  ASSERT_TRUE(run_ok({"etcdctl", "--endpoints=" + endpoint, "put", "/a", "1"}));

  etcd.kill();
  etcd.start();

  EXPECT_EQ(etcd.endpoint(), endpoint);
  EXPECT_EQ(run_ok({"etcdctl", "--endpoints=" + endpoint, "get", "/a"}).value(), "/a\n1\n");
}

TEST(Embedded, RunsBesideOthersAndOnIpv6) {
  test::Etcd one, two, six({.address = "::1"});

  EXPECT_NE(one.endpoint(), two.endpoint());
  EXPECT_TRUE(six.endpoint().starts_with("http://[::1]:"));
  EXPECT_TRUE(run_ok({"etcdctl", "--endpoints=" + six.endpoint(), "put", "/a", "1"}));
}

TEST(Embedded, SaysWhichPackageIsMissing) {
  const test::Etcd folder;

  const auto etcd = Embedded::start({.data = folder.folder() + "/other", .program = "/nowhere/etcd"});

  ASSERT_FALSE(etcd);
  EXPECT_EQ(etcd.error().code, Code::not_found);
  EXPECT_NE(etcd.error().message.find("etcd-server"), std::string::npos) << etcd.error().message;
}

TEST(Embedded, SaysWhatEtcdComplainsAbout) {
  const test::Etcd folder;

  const auto etcd = Embedded::start({.data = folder.folder() + "/other", .more = {"--no-such-flag"}});

  ASSERT_FALSE(etcd);
  EXPECT_NE(etcd.error().message.find("no-such-flag"), std::string::npos) << etcd.error().message;
}

TEST(Embedded, IsStoppedByPidOnceDetachedAndNobodyElseIs) {
  const test::Etcd folder;
  const std::string data = folder.folder() + "/other";
  auto etcd = Embedded::start({.data = data});
  ASSERT_TRUE(etcd) << etcd.error().message;
  const pid_t pid = (*etcd)->detach();
  etcd->reset();

  EXPECT_TRUE(Embedded::stop_detached(pid, "/another/folder"));
  EXPECT_EQ(::kill(pid, 0), 0);
  EXPECT_TRUE(Embedded::stop_detached(pid, data));
  EXPECT_NE(::kill(pid, 0), 0);
  EXPECT_TRUE(Embedded::stop_detached(pid, data));
}

}  // namespace
}  // namespace weft::store
