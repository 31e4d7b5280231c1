#include "node/uninstall.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"
#include "node/state.h"
#include "test/netns.h"

namespace weft::node {
namespace {

struct UninstallNetTest : testing::Test {
  test::InNetns netns;
  std::string root = [] {
    std::string name = testing::TempDir() + "weft-uninstall-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    return name;
  }();
  UninstallOptions options{.dry_run = false, .root = root};

  ~UninstallNetTest() override { std::filesystem::remove_all(root); }

  void file(const std::string& path, const std::string& content = "x") const {
    ASSERT_TRUE(make_directories(root + path.substr(0, path.rfind('/'))));
    ASSERT_TRUE(write_file_atomic(root + path, content));
  }
  void make_ours_and_others() const {
    netns.run(R"(
      nft add table inet weft && nft add chain inet weft forward && nft add table inet theirs
      ip link add calic440f455693 type veth peer name far0 && ip link set calic440f455693 up
      ip link add eth0 type veth peer name far1 && ip link set far1 up && ip link set eth0 up && ip address add 10.0.0.1/24 dev eth0
      ip route add 10.65.0.2/32 dev calic440f455693 proto 80
      ip route add blackhole 10.65.0.0/26 proto bird
      ip route add 10.99.0.0/16 via 10.0.0.2 proto static)");
    file("/run/weft/bird.ran");
    file("/opt/cni/bin/weft-cni", "plug-in");
    file("/opt/cni/bin/calico", "plug-in");
    file("/opt/cni/bin/bridge", "somebody's");
    file("/etc/cni/net.d/10-calico.conflist");
    file("/etc/cni/net.d/20-other.conflist");
    file("/var/lib/calico/nodename");
  }
  std::vector<std::string> names() const {
    std::vector<std::string> list;
    const auto found = find_remainders(options);
    EXPECT_TRUE(found) << found.error().message;
    for (const auto& remainder : *found) list.push_back(remainder.what);
    return list;
  }
};

TEST_F(UninstallNetTest, ListsWhatIsOursAndNothingElse) {
  make_ours_and_others();

  EXPECT_EQ(names(), (std::vector<std::string>{"table inet weft", "route blackhole 10.65.0.0/26 proto bird",
                                               "route 10.65.0.2/32 dev calic440f455693 proto 80",
                                               "interface calic440f455693 (its pod loses its network)",
                                               "file /etc/cni/net.d/10-calico.conflist", "file /opt/cni/bin/calico",
                                               "file /opt/cni/bin/weft-cni", "file /var/lib/calico/nodename",
                                               "folder /run/weft"}));
}

TEST_F(UninstallNetTest, RemovesIt) {
  make_ours_and_others();

  EXPECT_EQ(uninstall(options), 0);

  EXPECT_TRUE(names().empty());
  EXPECT_EQ(netns.run("nft list tables"), "table inet theirs\n");
  EXPECT_EQ(netns.run("ip route show proto static"), "10.99.0.0/16 via 10.0.0.2 dev eth0 \n");
  EXPECT_TRUE(file_exists(root + "/opt/cni/bin/bridge"));
  EXPECT_TRUE(file_exists(root + "/etc/cni/net.d/20-other.conflist"));
  EXPECT_FALSE(file_exists(root + "/run/weft"));
}

TEST_F(UninstallNetTest, ADryRunRemovesNothing) {
  make_ours_and_others();
  const auto before = names();
  options.dry_run = true;

  EXPECT_EQ(uninstall(options), 0);

  EXPECT_EQ(names(), before);
}

TEST_F(UninstallNetTest, LeavesTheRoutesOfABirdThatIsNotOursAndAPluginThatIsCalicos) {
  netns.run("ip route add blackhole 10.65.0.0/26 proto bird");
  file("/opt/cni/bin/calico", "Calico's own");
  file("/etc/cni/net.d/10-calico.conflist");

  EXPECT_EQ(names(), std::vector<std::string>{});
}

TEST_F(UninstallNetTest, RefusesWhileANodeRuns) {
  make_ours_and_others();
  const auto lock = lock_run_folder(root + "/run/weft");

  EXPECT_EQ(uninstall(options), 1);

  EXPECT_NE(netns.run("nft list tables").find("weft"), std::string::npos);
}

}  // namespace
}  // namespace weft::node
