#include "store/etcd/open.h"

#include <gtest/gtest.h>

namespace weft::store {
namespace {

std::string error_of(const Settings& settings, Code code) {
  const auto options = etcd_options(settings);
  if (options) return "no error";
  EXPECT_EQ(to_string(options.error().code), to_string(code));
  return options.error().message;
}

TEST(Open, TakesEveryEndpointOfTheList) {
  const auto options = etcd_options({.etcd_endpoints = {"http://10.0.0.1:1, https://[fd00::1]:2,", "ETCD_ENDPOINTS"}});

  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->endpoints, (std::vector<Endpoint>{{false, "10.0.0.1", 1}, {true, "fd00::1", 2}}));
}

TEST(Open, NamesTheSettingThatCannotWork) {
  const Setting endpoints{"https://10.0.0.1:2379", "ETCD_ENDPOINTS"};

  EXPECT_EQ(error_of({.datastore_type = {"kubernetes", "DATASTORE_TYPE"}}, Code::unsupported),
            "DATASTORE_TYPE: kubernetes is not supported yet; etcdv3 is");
  EXPECT_EQ(error_of({.datastore_type = {"redis", "DATASTORE_TYPE"}}, Code::invalid),
            "DATASTORE_TYPE: \"redis\" is no datastore type; etcdv3 is");
  EXPECT_EQ(error_of({.etcd_discovery_srv = {"example.org", "ETCD_DISCOVERY_SRV"}}, Code::unsupported),
            "ETCD_DISCOVERY_SRV: finding etcd by DNS is not supported yet; set ETCD_ENDPOINTS");
  EXPECT_EQ(error_of({.etcd_endpoints = {"http://a:x", "ETCD_ENDPOINTS"}}, Code::invalid),
            "ETCD_ENDPOINTS: \"http://a:x\": the port must be in 1..65535");
  EXPECT_EQ(error_of({}, Code::not_found),
            "no store is configured: set ETCD_ENDPOINTS, or spec.etcdEndpoints in /etc/calico/calicoctl.cfg");
  EXPECT_EQ(error_of({.etcd_endpoints = endpoints, .etcd_ca_cert_file = {"/nowhere/ca.pem", "ETCD_CA_CERT_FILE"}},
                     Code::not_found),
            "ETCD_CA_CERT_FILE: /nowhere/ca.pem: No such file or directory");
  EXPECT_EQ(
      error_of({.etcd_endpoints = endpoints, .etcd_ca_cert_file = {"/dev/null", "ETCD_CA_CERT_FILE"}}, Code::invalid),
      "ETCD_CA_CERT_FILE: not PEM");
  EXPECT_EQ(
      error_of({.etcd_endpoints = endpoints, .etcd_cert = {"-----BEGIN CERTIFICATE-----", "ETCD_CERT"}}, Code::invalid),
      "ETCD_CERT: its key is not set");
  EXPECT_EQ(error_of({.etcd_endpoints = endpoints, .etcd_password = {"x", "ETCD_PASSWORD"}}, Code::invalid),
            "ETCD_PASSWORD: the user name is not set");
}

}  // namespace
}  // namespace weft::store
