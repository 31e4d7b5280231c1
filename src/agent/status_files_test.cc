#include "agent/status_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "base/file.h"
#include "metrics/metrics.h"
#include "test/folder.h"

namespace weft::agent {
namespace {

using State = dataplane::EndpointStatus::State;

const plan::EndpointId web{"k8s", "default/web", "eth0"};
const plan::EndpointId db{"k8s", "default/db", "eth0"};

plan::Endpoint endpoint(const plan::EndpointId& id, std::vector<std::string> addresses = {"10.65.0.1/32"}) {
  plan::Endpoint made{.id = id, .interface = "cali" + id.workload.substr(id.workload.find('/') + 1)};
  made.mac = net::Mac::parse("02:00:00:00:00:01").value();
  for (const auto& address : addresses) made.addresses.push_back(net::Cidr::parse(address).value());
  return made;
}

class StatusFilesTest : public testing::Test {
 protected:
  void want(const plan::Endpoint& row) {
    table::Delta<plan::Endpoint> delta;
    delta.put(row);
    files.on(delta);
  }
  void forget(const plan::EndpointId& id) {
    table::Delta<plan::Endpoint> delta;
    delta.drop(id);
    files.on(delta);
  }
  void state(const plan::EndpointId& id, State state) {
    table::Delta<dataplane::EndpointStatus> delta;
    delta.put({.id = id, .interface = "cali", .state = state, .message = {}});
    files.on(delta);
  }
  static std::set<std::string> names(const std::string& prefix) {
    std::set<std::string> found;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator(prefix + "/endpoint-status", none))
      found.insert(entry.path().filename());
    return found;
  }
  std::set<std::string> names() const { return names(folder.path()); }
  std::string content(const std::string& name) const {
    return read_file(folder.path() + "/endpoint-status/" + name).value_or("no such file");
  }

  test::Folder folder;
  StatusFiles files{folder.path()};
};

const std::set<std::string> none;
const std::set<std::string> web_only{"k8s default%2Fweb eth0"};

TEST(StatusFileTest, HasTheMembersThatPlugInsRead) {
  EXPECT_EQ(status_file_content(endpoint(web, {"10.65.0.1/32", "fd00::1/128", "10.65.0.2/32"})),
            R"({"ifaceName":"caliweb","mac":"02:00:00:00:00:01","ipv4Nets":["10.65.0.1/32","10.65.0.2/32"],)"
            R"("ipv6Nets":["fd00::1/128"]})");
  auto bare = endpoint(web, {});
  bare.mac.reset();
  EXPECT_EQ(status_file_content(bare), R"({"ifaceName":"caliweb"})");
}

TEST(StatusFileTest, HasANameOfEscapedParts) {
  EXPECT_EQ(status_file_name(web), "k8s default%2Fweb eth0");
  EXPECT_EQ(status_file_name({"cni", "a b%c/..", "x:y@z+~$&=-_."}), "cni a%20b%25c%2F.. x:y@z+~$&=-_.");
  EXPECT_EQ(status_file_name({"o", "ü", "e"}), "o %C3%BC e");
}

TEST_F(StatusFilesTest, AreThereWhileTheEndpointIsUp) {
  want(endpoint(web));
  EXPECT_EQ(names(), none) << "not known to be up";
  state(web, State::down);
  EXPECT_EQ(names(), none);
  state(web, State::up);
  EXPECT_EQ(names(), web_only);
  EXPECT_THAT(content("k8s default%2Fweb eth0"), testing::HasSubstr("\"10.65.0.1/32\""));
  want(endpoint(web, {"10.65.0.9/32"}));
  EXPECT_THAT(content("k8s default%2Fweb eth0"), testing::HasSubstr("\"10.65.0.9/32\""));
  state(web, State::error);
  EXPECT_EQ(names(), none);
  state(web, State::up);
  EXPECT_EQ(names(), web_only);
  forget(web);
  EXPECT_EQ(names(), none);
}

TEST_F(StatusFilesTest, ComeInWhateverOrderNewsCome) {
  state(web, State::up);
  EXPECT_EQ(names(), none);
  want(endpoint(web));
  EXPECT_EQ(names(), web_only);
}

TEST_F(StatusFilesTest, LeaveNothingOfAFormerRun) {
  ASSERT_TRUE(make_directories(folder.path() + "/endpoint-status"));
  ASSERT_TRUE(write_file_atomic(folder.path() + "/endpoint-status/k8s default%2Fgone eth0", "{}"));
  want(endpoint(web));
  state(web, State::up);
  EXPECT_EQ(names().size(), 2u) << "others wait for it until it is known whether it is up";
  files.remove_stale();
  EXPECT_EQ(names(), web_only);
}

TEST_F(StatusFilesTest, MoveToAnotherFolder) {
  want(endpoint(web));
  state(web, State::up);
  const test::Folder other;
  ASSERT_TRUE(make_directories(other.path() + "/endpoint-status"));
  ASSERT_TRUE(write_file_atomic(other.path() + "/endpoint-status/k8s default%2Fgone eth0", "{}"));
  files.remove_stale();

  files.move_to(other.path());
  EXPECT_EQ(names(), none);
  EXPECT_EQ(names(other.path()), web_only) << "and what is stale there goes too";

  files.move_to("none");
  EXPECT_EQ(names(other.path()), none) << "no folder, no files";
  files.move_to("");
  want(endpoint(db));
  state(db, State::up);
  files.move_to(folder.path());
  EXPECT_EQ(names().size(), 2u);
}

TEST_F(StatusFilesTest, AreTriedAgainWhereTheyCannotBeWritten) {
  const std::string path = folder.path() + "/endpoint-status";
  ASSERT_TRUE(write_file_atomic(path, "in the way"));
  testing::internal::CaptureStderr();
  want(endpoint(web));
  state(web, State::up);
  files.retry();
  const auto log = testing::internal::GetCapturedStderr();
  EXPECT_EQ(log.find("not written"), log.rfind("not written")) << "said once: " << log;
  EXPECT_THAT(log, testing::HasSubstr("k8s default/web eth0"));
  EXPECT_THAT(metrics::text(), testing::HasSubstr("weft_status_file_errors"));
  EXPECT_EQ(names(), none);

  ASSERT_TRUE(remove_file(path));
  files.retry();
  EXPECT_EQ(names(), web_only);
}

}  // namespace
}  // namespace weft::agent
