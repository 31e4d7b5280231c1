#include "store/etcd/open.h"
#include "test/certificates.h"
#include "test/etcd.h"
#include "test/folder.h"
#include "test/store_contract.h"

namespace weft::store {
namespace {

/// One server for all tests of this program.
test::Etcd& plain() {
  static test::Etcd etcd;
  return etcd;
}

struct TlsServer {
  test::Folder folder;
  test::Certificates certificates{folder.path()};
  test::Etcd etcd{{.cert_file = certificates.cert, .key_file = certificates.key, .ca_file = certificates.ca}};

  Settings settings() const {
    return {.etcd_endpoints = {etcd.endpoint(), "ETCD_ENDPOINTS"},
            .etcd_ca_cert_file = {certificates.ca, "ETCD_CA_CERT_FILE"},
            .etcd_cert_file = {certificates.client_cert, "ETCD_CERT_FILE"},
            .etcd_key_file = {certificates.client_key, "ETCD_KEY_FILE"}};
  }
};
const TlsServer& tls() {
  static const TlsServer server;
  return server;
}

void etcdctl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "etcdctl");
  const auto done = run_ok(std::move(arguments));
  ASSERT_TRUE(done) << done.error().message;
}

void compact_plain(Store&, Revision revision) {
  etcdctl({"--endpoints=" + plain().endpoint(), "compact", std::to_string(revision)});
}
void compact_tls(Store&, Revision revision) {
  const auto& certificates = tls().certificates;
  etcdctl({"--endpoints=" + tls().etcd.endpoint(), "--cacert=" + certificates.ca, "--cert=" + certificates.client_cert,
           "--key=" + certificates.client_key, "compact", std::to_string(revision)});
}

std::shared_ptr<Store> store_of(const Settings& settings) {
  auto store = open(settings);
  if (!store) throw std::runtime_error(store.error().message);
  return *std::move(store);
}

const Implementation implementations[] = {
    {"plain", [] { return store_of({.etcd_endpoints = {plain().endpoint(), "ETCD_ENDPOINTS"}}); }, compact_plain},
    {"tls", [] { return store_of(tls().settings()); }, compact_tls},
};

INSTANTIATE_TEST_SUITE_P(Etcd, StoreContract, testing::ValuesIn(implementations),
                         [](const auto& info) { return info.param.name; });

TEST(EtcdPages, AreOfOneRevisionOrEndWithCompacted) {
  const test::Etcd etcd;
  const auto store = open_etcd({.endpoints = {parse_endpoint(etcd.endpoint()).value()}, .page = 10}).value();
  std::vector<Op> ops;
  for (int i = 1000; i < 1100; ++i)
    ops.push_back({.key = "/p/" + std::to_string(i), .value = std::string(1 << 16, 'x')});
  for (std::size_t i = 0; i < ops.size(); i += 10) ASSERT_TRUE(store->commit(std::span(ops).subspan(i, 10)));

  std::size_t parts = 0, entries = 0;
  const auto count = [&](const std::vector<Entry>& part) {
    ++parts;
    entries += part.size();
  };
  EXPECT_TRUE(store->list_in_parts("/p/", count));
  EXPECT_EQ(entries, ops.size());
  EXPECT_GT(parts, 2u);

  parts = entries = 0;
  const auto cut_off = store->list_in_parts("/p/", [&](const std::vector<Entry>& part) {
    if (parts == 0) {
      const Revision newest = store->put("/p/1000", "changed").value();
      etcdctl({"--endpoints=" + etcd.endpoint(), "compact", std::to_string(newest)});
    }
    count(part);
  });
  ASSERT_FALSE(cut_off);
  EXPECT_EQ(cut_off.error().code, Code::compacted) << cut_off.error().message;
  EXPECT_LT(entries, ops.size());

  const auto whole = store->list("/p/");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->entries.size(), ops.size());
}

TEST(EtcdTls, TakesCertificatesInline) {
  Settings settings = tls().settings();
  settings.etcd_ca_cert = {read_file(settings.etcd_ca_cert_file.value).value(), "ETCD_CA_CERT"};
  settings.etcd_cert = {read_file(settings.etcd_cert_file.value).value(), "ETCD_CERT"};
  settings.etcd_key = {read_file(settings.etcd_key_file.value).value(), "ETCD_KEY"};
  settings.etcd_ca_cert_file = settings.etcd_cert_file = settings.etcd_key_file = {};

  EXPECT_TRUE(store_of(settings)->put("/inline", "1"));
}

TEST(EtcdTls, ChecksTheServersNameAsItWasWritten) {
  Settings settings = tls().settings();
  const std::string port = settings.etcd_endpoints.value.substr(settings.etcd_endpoints.value.rfind(':'));

  settings.etcd_endpoints.value = "https://localhost" + port;
  EXPECT_TRUE(store_of(settings)->put("/name", "1"));

  settings.etcd_endpoints.value = "https://127.0.0.2" + port;  // not in the certificate, and nobody listens there
  EXPECT_EQ(store_of(settings)->put("/name", "1").error().code, Code::unavailable);
}

TEST(EtcdTls, RefusesAServerOfAnotherCa) {
  const test::Folder folder;
  const test::Certificates others(folder.path());
  Settings settings = tls().settings();
  settings.etcd_ca_cert_file.value = others.ca;

  const auto refused = store_of(settings)->get("/a");

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
}

TEST(EtcdTls, IsRefusedWithoutACertificateOfItsOwn) {
  Settings settings = tls().settings();
  settings.etcd_cert_file = settings.etcd_key_file = {};

  EXPECT_EQ(store_of(settings)->get("/a").error().code, Code::unavailable);
}

TEST(EtcdTls, IsRefusedByAServerWithoutTls) {
  Settings settings = tls().settings();
  settings.etcd_endpoints.value = "https://" + plain().address();

  EXPECT_EQ(store_of(settings)->get("/a").error().code, Code::unavailable);
}

/// A server that asks who one is: root may do everything, reader only read below /read/.
class EtcdUsers : public testing::Test {
 protected:
  void SetUp() override {
    const std::string to = "--endpoints=" + etcd.endpoint();
    etcdctl({to, "put", "/read/a", "1"});
    etcdctl({to, "user", "add", "root:secret"});
    etcdctl({to, "user", "add", "reader:word"});
    etcdctl({to, "role", "add", "reading"});
    etcdctl({to, "role", "grant-permission", "reading", "--prefix=true", "read", "/read/"});
    etcdctl({to, "user", "grant-role", "reader", "reading"});
    etcdctl({to, "user", "grant-role", "root", "root"});
    etcdctl({to, "auth", "enable"});
  }
  std::shared_ptr<Store> as(const std::string& user, const std::string& password) const {
    return store_of({.etcd_endpoints = {etcd.endpoint(), "ETCD_ENDPOINTS"},
                     .etcd_username = {user, "ETCD_USERNAME"},
                     .etcd_password = {password, "ETCD_PASSWORD"}});
  }

  test::Etcd etcd{{.more = {"--auth-token-ttl=1"}}};
};

TEST_F(EtcdUsers, ReadWriteAndWatchAsTheyMay) {
  const auto root = as("root", "secret");
  const auto reader = as("reader", "word");
  Seen seen;
  const auto watch = reader->watch("/read/", 0, seen.watcher());
  watch->request_progress();
  ASSERT_TRUE(seen.reaches(1));

  EXPECT_TRUE(root->put("/read/a", "2"));

  EXPECT_EQ(seen.events(1).size(), 1u);
  EXPECT_EQ((*reader->get("/read/a"))->value, "2");
  EXPECT_EQ(reader->put("/read/a", "3").error().code, Code::denied);
  EXPECT_EQ(reader->get("/other").error().code, Code::denied);
  Seen refused;
  const auto other = reader->watch("/other/", 0, refused.watcher());
  ASSERT_TRUE(refused.end());
  EXPECT_EQ(refused.end()->code, Code::denied) << refused.end()->message;
}

TEST_F(EtcdUsers, AreToldThatPasswordOrUserIsWrong) {
  const auto wrong = as("root", "guess")->get("/read/a");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::denied);
  EXPECT_NE(wrong.error().message.find("user root"), std::string::npos) << wrong.error().message;

  const auto nobody = store_of({.etcd_endpoints = {etcd.endpoint(), "ETCD_ENDPOINTS"}})->get("/read/a");
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, Code::denied);
  EXPECT_NE(nobody.error().message.find("user"), std::string::npos) << nobody.error().message;
}

TEST_F(EtcdUsers, GetANewTokenWhenTheirsExpires) {
  const auto root = as("root", "secret");
  ASSERT_TRUE(root->put("/read/a", "2"));

  std::this_thread::sleep_for(std::chrono::milliseconds(2'500));

  const auto again = root->put("/read/a", "3");
  EXPECT_TRUE(again) << again.error().message;
}

TEST_F(EtcdUsers, GetANewTokenForAWatchToo) {
  const auto root = as("root", "secret");
  ASSERT_TRUE(root->put("/read/a", "2"));
  std::this_thread::sleep_for(std::chrono::milliseconds(2'500));

  Seen seen;
  const auto watch = root->watch("/read/", 0, seen.watcher());
  watch->request_progress();

  EXPECT_TRUE(seen.reaches(1)) << seen.end()->message;
}

TEST(EtcdUser, IsFineWhereNobodyAsksForOne) {
  const auto store = store_of({.etcd_endpoints = {plain().endpoint(), "ETCD_ENDPOINTS"},
                               .etcd_username = {"root", "ETCD_USERNAME"},
                               .etcd_password = {"x", "ETCD_PASSWORD"}});

  EXPECT_TRUE(store->put("/user", "1"));
}

}  // namespace
}  // namespace weft::store
