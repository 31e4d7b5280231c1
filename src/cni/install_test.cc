#include "cni/install.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/file.h"
#include "schema/value.h"

namespace weft::cni {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class InstallTest : public testing::Test {
 protected:
  InstallTest() {
    std::string name = (std::filesystem::temp_directory_path() / "weft-install.XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    folder = name;
    options = {.programs = folder,
               .node = "node1",
               .environment = {},
               .bin_folder = folder + "/opt/cni/bin",
               .config_folder = folder + "/etc/cni/net.d"};
    EXPECT_TRUE(write_file_atomic(folder + "/weft-cni", std::string("\x7f"
                                                                    "ELF\0cni",
                                                                    8)));
    EXPECT_TRUE(write_file_atomic(folder + "/weft-ipam", "ipam"));
  }
  ~InstallTest() override { std::filesystem::remove_all(folder); }

  std::string folder;
  InstallOptions options;
};

TEST_F(InstallTest, PutsPluginsAndConfigurationInPlaceOnce) {
  const auto written = install(options);

  ASSERT_TRUE(written) << written.error().message;
  EXPECT_EQ(written->size(), 5u);
  EXPECT_EQ(*read_file(options.bin_folder + "/calico"), std::string("\x7f"
                                                                    "ELF\0cni",
                                                                    8));
  EXPECT_EQ(*read_file(options.bin_folder + "/calico-ipam"), "ipam");
  struct stat info{};
  ASSERT_EQ(stat((options.bin_folder + "/weft-cni").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0755u);
  EXPECT_TRUE(file_exists(options.config_folder + "/10-calico.conflist"));
  EXPECT_THAT(*install(options), IsEmpty());  // nothing is another
}

TEST_F(InstallTest, FillsInTheDefaultTemplate) {
  options.environment = {{"ETCD_ENDPOINTS", "https://10.0.0.1:2379,https://10.0.0.2:2379"},
                         {"CNI_MTU", "1410"},
                         {"ETCD_KEY_FILE", "/k\"ey"}};

  const auto config = schema::parse_json(*render_config(options));

  ASSERT_TRUE(config);
  EXPECT_EQ(config->at("plugins", "0")->text("etcd_endpoints"), "https://10.0.0.1:2379,https://10.0.0.2:2379");
  EXPECT_EQ(config->at("plugins", "0")->text("nodename"), "node1");
  EXPECT_EQ(config->at("plugins", "0")->text("etcd_key_file"), "/k\"ey");
  EXPECT_EQ(*config->at("plugins", "0", "mtu"), schema::Value(1410));
}

TEST_F(InstallTest, TakesATemplateFromTheEnvironmentOrAFile) {
  options.environment["CNI_NETWORK_CONFIG"] =
      R"({"name":"net","type":"calico","kubernetes":{"kubeconfig":"__KUBECONFIG_FILEPATH__","node_name":"__KUBERNETES_NODE_NAME__"}})";
  options.environment["CNI_CONF_NAME"] = "20-net.conf";
  options.environment["KUBERNETES_NODE_NAME"] = "other";
  EXPECT_EQ(*render_config(options), R"({"name":"net","type":"calico","kubernetes":{"kubeconfig":")" +
                                         options.config_folder + R"(/calico-kubeconfig","node_name":"other"}})");

  ASSERT_TRUE(write_file_atomic(folder + "/template",
                                R"({"name":"net","plugins":[{"type":"calico","f":"__KUBECONFIG_FILENAME__"}]})"));
  options.environment = {{"CNI_NETWORK_CONFIG_FILE", folder + "/template"}};
  EXPECT_THAT(*render_config(options), HasSubstr(R"("f":"calico-kubeconfig")"));
}

TEST_F(InstallTest, RefusesWhatWouldNotWorkAndLeavesTheOldFile) {
  ASSERT_TRUE(install(options));
  const std::string before = *read_file(options.config_folder + "/10-calico.conflist");
  for (const char* bad : {"{", R"({"name":"net","type":"calico"})", R"({"name":"a b","plugins":[]})",
                          R"({"name":"net","plugins":["__NO_SUCH_THING__"]})"}) {
    options.environment["CNI_NETWORK_CONFIG"] = bad;
    EXPECT_FALSE(install(options)) << bad;
  }
  EXPECT_EQ(*read_file(options.config_folder + "/10-calico.conflist"), before);
}

TEST_F(InstallTest, RemovesTheConfigurationOfAnOldName) {
  ASSERT_TRUE(install(options));
  options.environment = {{"CNI_CONF_NAME", "05-weft.conflist"}, {"CNI_OLD_CONF_NAME", "10-calico.conflist"}};

  ASSERT_TRUE(install(options));

  EXPECT_TRUE(file_exists(options.config_folder + "/05-weft.conflist"));
  EXPECT_FALSE(file_exists(options.config_folder + "/10-calico.conflist"));
}

}  // namespace
}  // namespace weft::cni
