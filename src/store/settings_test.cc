#include "store/settings.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "store/endpoint.h"

namespace weft::store {
namespace {

constexpr std::string_view config = R"(
apiVersion: projectcalico.org/v3
kind: CalicoAPIConfig
metadata:
spec:
  datastoreType: etcdv3
  etcdEndpoints: https://10.0.0.1:2379,https://10.0.0.2:2379
  etcdUsername: calico
  etcdPassword: "1234"
  etcdKeyFile: /etc/calico/key.pem
  etcdCertFile: /etc/calico/cert.pem
  etcdCACertFile: /etc/calico/ca.pem
  kubeconfig: /root/.kube/config
)";

const std::string nowhere = "/nowhere/calicoctl.cfg";  // this machine may have one

class SettingsFile : public testing::Test {
 protected:
  explicit SettingsFile(std::string_view content = config) { std::ofstream(path) << content; }
  ~SettingsFile() override { ::unlink(path.c_str()); }

  const std::string path = testing::TempDir() + "weft-settings." + std::to_string(::getpid()) + ".cfg";
};

void expect_error(const auto& result, Code code, std::initializer_list<std::string_view> words) {
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(to_string(result.error().code), to_string(code)) << result.error().message;
  for (const auto word : words)
    EXPECT_NE(result.error().message.find(word), std::string::npos) << result.error().message;
}

TEST(Settings, ReadsCalicoctlsFile) {
  const auto settings = parse_settings(config, "calicoctl.cfg");

  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->etcd_endpoints.value, "https://10.0.0.1:2379,https://10.0.0.2:2379");
  EXPECT_EQ(settings->etcd_password, (Setting{"1234", "calicoctl.cfg: spec.etcdPassword"}));
  EXPECT_EQ(settings->etcd_ca_cert_file.value, "/etc/calico/ca.pem");
  EXPECT_TRUE(settings->has_endpoint());
}

TEST(Settings, ReadsInlineCertificates) {
  const auto settings = parse_settings(R"(
apiVersion: projectcalico.org/v3
kind: CalicoAPIConfig
spec:
  etcdEndpoints: https://10.0.0.1:2379
  etcdCACert: |
    -----BEGIN CERTIFICATE-----
    abc
    -----END CERTIFICATE-----
)",
                                       "f");

  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->etcd_ca_cert.value, "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n");
}

TEST(Settings, SayWhichMemberOfTheFileIsWrong) {
  const auto parse = [](std::string_view spec) {
    return parse_settings("apiVersion: projectcalico.org/v3\nkind: CalicoAPIConfig\nspec:\n" + std::string(spec),
                          "a.cfg");
  };

  expect_error(parse("  etcdEndpoint: x\n"), Code::invalid, {"a.cfg", "spec.etcdEndpoint", "no such member"});
  expect_error(parse("  etcdEndpoints: [a, b]\n"), Code::invalid, {"a.cfg", "spec.etcdEndpoints"});
  expect_error(parse("  etcdCert: x\n  etcdKeyFile: y\n"), Code::invalid,
               {"spec.etcdKeyFile", "spec.etcdCert", "mixed"});
  expect_error(parse("  etcdEndpoints: x\n  etcdDiscoverySrv: y\n"), Code::invalid, {"spec.etcdDiscoverySrv"});
  expect_error(parse("  - x\n"), Code::invalid, {"spec"});
  expect_error(parse("  \"\n"), Code::invalid, {"a.cfg"});
  expect_error(parse_settings("kind: Node", "a.cfg"), Code::invalid, {"a.cfg", "kind", "CalicoAPIConfig"});
  expect_error(parse_settings("kind: CalicoAPIConfig", "a.cfg"), Code::invalid, {"apiVersion"});
  expect_error(parse_settings("", "a.cfg"), Code::invalid, {"a.cfg"});
}

TEST_F(SettingsFile, IsBelowTheEnvironmentWhichIsBelowFlags) {
  Settings flags;
  flags.etcd_username = {"flag", "--user"};

  const auto settings =
      load_settings({.flags = flags,
                     .file = path,
                     .environment = {"ETCD_ENDPOINTS=http://10.1.1.1:1", "ETCD_USERNAME=env", "ETCD_PASSWORD="}});

  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->etcd_username, (Setting{"flag", "--user"}));
  EXPECT_EQ(settings->etcd_endpoints, (Setting{"http://10.1.1.1:1", "ETCD_ENDPOINTS"}));
  EXPECT_EQ(settings->etcd_password.value, "1234");
}

TEST_F(SettingsFile, GivesWayInTheOtherFormToo) {
  const auto settings =
      load_settings({.file = path, .environment = {"ETCD_CA_CERT=ca", "ETCD_CERT=cert", "ETCD_KEY=key"}});

  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_FALSE(settings->etcd_ca_cert_file.is_set());
  EXPECT_EQ(settings->etcd_ca_cert.value, "ca");
  expect_error(load_settings({.file = path, .environment = {"ETCD_CA_CERT=ca"}}), Code::invalid,
               {"ETCD_CA_CERT", "mixed"});
}

TEST(Settings, TakesCalicosPrefixedVariablesFirst) {
  const auto settings =
      load_settings({.default_file = nowhere,
                     .environment = {"CALICO_ETCD_ENDPOINTS=a", "ETCD_ENDPOINTS=b", "CALICO_DATASTORE_TYPE=etcdv3"}});

  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->etcd_endpoints, (Setting{"a", "CALICO_ETCD_ENDPOINTS"}));
  EXPECT_EQ(settings->datastore_type.value, "etcdv3");
}

TEST(Settings, TakesFelixVariablesInAnyCaseWhereAsked) {
  const std::vector<std::string> environment = {"ETCD_ENDPOINTS=b", "FELIX_EtcdEndpoints=a", "FELIX_ETCDCAFILE=/ca",
                                                "felix_etcdaddr=c"};

  EXPECT_EQ(load_settings({.default_file = nowhere, .environment = environment})->etcd_endpoints.value, "b");
  const auto settings = load_settings({.felix_environment = true, .default_file = nowhere, .environment = environment});
  EXPECT_EQ(settings->etcd_endpoints, (Setting{"a", "FELIX_EtcdEndpoints"}));
  EXPECT_EQ(settings->etcd_ca_cert_file.value, "/ca");
}

TEST(Settings, TakesFelixOldAddressAndScheme) {
  const auto settings = load_settings({.felix_environment = true,
                                       .default_file = nowhere,
                                       .environment = {"FELIX_ETCDADDR=10.0.0.1:4001", "FELIX_ETCDSCHEME=https"}});

  EXPECT_EQ(settings->etcd_endpoints, (Setting{"https://10.0.0.1:4001", "FELIX_ETCDADDR"}));
}

TEST(Settings, SayThatAFileTheyWereGivenIsMissing) {
  expect_error(load_settings({.file = "/nowhere/calicoctl.cfg"}), Code::not_found, {"/nowhere/calicoctl.cfg"});
}

TEST(Settings, AreEmptyWhenNobodySaidAnything) {
  const auto settings = load_settings({.default_file = nowhere, .environment = {"PATH=/bin"}});

  ASSERT_TRUE(settings);
  EXPECT_FALSE(settings->has_endpoint());
}

TEST(Endpoint, IsReadInAllItsForms) {
  EXPECT_EQ(parse_endpoint("http://10.0.0.1:4001"), (Endpoint{false, "10.0.0.1", 4001}));
  EXPECT_EQ(parse_endpoint(" https://etcd-1.example/ "), (Endpoint{true, "etcd-1.example", 2379}));
  EXPECT_EQ(parse_endpoint("HTTPS://[fd00::1]:1"), (Endpoint{true, "fd00::1", 1}));
  EXPECT_EQ(parse_endpoint("[::1]"), (Endpoint{false, "::1", 2379}));
  EXPECT_EQ(parse_endpoint("localhost"), (Endpoint{false, "localhost", 2379}));
  EXPECT_EQ(parse_endpoint("https://[fd00::1]:1")->to_string(), "https://[fd00::1]:1");
}

TEST(Endpoint, SaysWhatIsWrong) {
  for (const auto* text : {"", "http://", "ftp://a", "http://a:0", "http://a:65536", "http://a:1x", "http://a:",
                           "fd00::1", "http://[fd00::1", "[10.0.0.1]:1", "[::1]x", "http://a b:1", "http://a/b"}) {
    expect_error(parse_endpoint(text), Code::invalid, {text});
  }
}

}  // namespace
}  // namespace weft::store
