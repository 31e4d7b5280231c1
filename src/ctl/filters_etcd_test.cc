// `weft debug` as processes: filters that are asked line by line, and what a node would do.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <chrono>
#include <map>
#include <stdexcept>

#include "base/process.h"
#include "base/strings.h"
#include "schema/value.h"
#include "store/etcd/open.h"
#include "test/etcd.h"

namespace weft::ctl {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

/// A `weft debug NAME` that waits for each question.
class Conversation {
 public:
  explicit Conversation(const std::string& name, std::vector<std::string> environment = {}) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error("socketpair");
    ours_ = Fd(ends[0]);
    const Fd theirs(ends[1]);
    pid_ = ::weft::start({.argv = {WEFT_PROGRAM, "debug", name},
                          .env = std::move(environment),
                          .ends_with_parent = true,
                          .in = theirs.get(),
                          .out = theirs.get()})
               .value()
               .pid;
  }
  ~Conversation() { end(); }

  /// The answer; what there is of one after ten seconds.
  std::string ask(const std::string& question) {
    const std::string line = question + '\n';
    ::send(ours_.get(), line.data(), line.size(), MSG_NOSIGNAL);
    std::string answer;
    for (char c = 0;; answer += c) {
      pollfd wanted{.fd = ours_.get(), .events = POLLIN, .revents = 0};
      if (::poll(&wanted, 1, 10'000) <= 0 || ::read(ours_.get(), &c, 1) <= 0 || c == '\n') return answer;
    }
  }
  /// Nothing more will be asked. @return as waitpid(2)
  int end() {
    int status = -1;
    ::shutdown(ours_.get(), SHUT_WR);
    if (pid_ > 0) ::waitpid(std::exchange(pid_, 0), &status, 0);
    return status;
  }

 private:
  Fd ours_;
  pid_t pid_ = 0;
};

/// What `weft debug NAME` answers to all lines at once.
std::vector<std::string> answers(const std::string& name, const std::string& lines) {
  const Command command{.argv = {WEFT_PROGRAM, "debug", name}, .env = std::vector<std::string>()};
  const auto finished = ::weft::run(command, {.timeout = 20s, .input = lines});
  if (!finished) return {finished.error().message};
  EXPECT_EQ(finished->exit_code(), 0) << finished->err;
  return split(trim(finished->out), '\n');
}

TEST(DebugFiltersTest, SayWhatASelectorIsAndMatches) {
  Conversation selector("selector");
  EXPECT_EQ(selector.ask(R"j({"id":1,"selector":"a=='b'||has( c )","labels":[{"a":"b"},{"c":""},{}]})j"),
            R"j({"id":1,"ok":true,"canonical":"(a == \"b\" || has(c))",)j"
            R"j("uid":"s:McnZa3o8okLkzjHyKYToQsfYhjgItE4f9sUYMA","match":[true,true,false],"inherit":[]})j");
  EXPECT_EQ(selector.ask(R"({"id":"x","selector":"zone == 'x'","inherit":[)"
                         R"({"labels":{},"parents":[{"zone":"x"},{"zone":"y"}]},)"
                         R"({"labels":{},"parents":[{"zone":"y"},{"zone":"x"}]},)"
                         R"({"labels":{"zone":"y"},"parents":[{"zone":"x"}]},)"
                         R"({"labels":{"zone":"x"},"parents":[{"zone":"y"}]},)"
                         R"({"labels":{"a":"b"},"parents":[{"a":"c"},{"zone":"x"}]},{}]})"),
            R"({"id":"x","ok":true,"canonical":"zone == \"x\"","uid":"s:TeEbSMblOMysJ3FKfwlznjD7OQPb-eO5qlPPBg",)"
            R"("match":[],"inherit":[true,false,false,true,true,false]})");
  EXPECT_EQ(selector.end(), 0);
}

TEST(DebugFiltersTest, AnswerABadLineWithAnErrorAndTheNextAsUsual) {
  Conversation selector("selector"), key("key");
  for (const auto& [question, answer] : std::vector<std::pair<std::string, std::string>>{
           {R"({"id":4,"selector":"a =="})", R"({"id":4,"ok":false,"error":"selector: column 5: expected a)"},
           {R"({"id":5,"selector":7})", R"({"id":5,"ok":false,"error":"selector: must be a string"})"},
           {R"({"id":6,"labels":[{"a":1}]})", R"({"id":6,"ok":false,"error":"labels: label a: must be a string"})"},
           {R"({"id":7,"inherit":[{"parents":{}}]})", R"({"id":7,"ok":false,"error":"inherit[0]: )"},
           {"selector", R"({"ok":false,"error":"line 1, column 1: )"},
           {"[1]", R"({"ok":false,"error":"not a JSON object"})"},
           {"", R"({"ok":false,"error":"line 1, column 1: ends too early"})"}}) {
    EXPECT_THAT(selector.ask(question), StartsWith(answer));
    EXPECT_THAT(selector.ask(R"j({"id":8,"selector":"all()"})j"), StartsWith(R"({"id":8,"ok":true,)"));
  }
  EXPECT_THAT(key.ask("{"), StartsWith(R"({"ok":false,"error":)"));
  EXPECT_THAT(key.ask(R"({"id":1,"op":"other"})"), StartsWith(R"({"id":1,"ok":false,"error":)"));
  EXPECT_EQ(key.ask(R"({"id":2,"op":"key","type":"HostMetadata"})"),
            R"({"id":2,"error":"insufficient identifiers, missing 'host'"})");
  EXPECT_EQ(key.ask(R"({"id":3,"op":"path","path":"/x"})"), R"({"id":3,"no_key":true})");
}

TEST(DebugFiltersTest, TakeThousandsOfNestedParentheses) {
  const auto question = [](int id, const std::string& open, std::size_t depth) {
    std::string text;
    for (std::size_t i = 0; i < depth; ++i) text += open;
    return R"({"id":)" + std::to_string(id) + R"(,"labels":[{"a":""},{}],"selector":")" + text + "has(a)" +
           std::string(depth, ')') + "\"}\n";
  };
  const auto begin = std::chrono::steady_clock::now();
  const auto lines = answers(
      "selector", question(1, "(", 2000) + question(2, "!(", 2000) + question(3, "(", 200'000) + question(4, "", 0));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 10s);
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_THAT(lines[0], StartsWith(R"j({"id":1,"ok":true,"canonical":"has(a)",)j"));
  EXPECT_THAT(lines[1], HasSubstr(R"("match":[true,false])")) << "not not a, a thousand times";
  EXPECT_THAT(lines[2], StartsWith(R"({"id":3,"ok":)"));
  EXPECT_THAT(lines[3], HasSubstr(R"("match":[true,false])"));
}

TEST(DebugFiltersTest, AnswerThousandsOfLinesInTheirOrder) {
  std::string selectors, keys;
  for (int i = 0; i < 3000; ++i) {
    const std::string n = std::to_string(i);
    selectors +=
        R"({"id":)" + n + R"(,"selector":"a == ')" + n + R"('","labels":[{"a":")" + n + "\"},{\"a\":\"x\"}]}\n";
    keys += R"({"id":)" + n + R"(,"op":"key","type":"Tier","fields":{"name":"t)" + n + "\"}}\n";
  }
  const auto of_selectors = answers("selector", selectors), of_keys = answers("key", keys);
  ASSERT_EQ(of_selectors.size(), 3000u);
  ASSERT_EQ(of_keys.size(), 3000u);
  for (std::size_t i = 0; i < 3000; ++i) {
    const std::string n = std::to_string(i);
    EXPECT_THAT(of_selectors[i], StartsWith(R"({"id":)" + n + R"(,"ok":true,"canonical":"a == \")" + n + R"(\"",)"));
    EXPECT_THAT(of_selectors[i], HasSubstr(R"("match":[true,false])"));
    EXPECT_EQ(of_keys[i],
              R"({"id":)" + n + R"(,"out_path":"/calico/v1/policy/tier/t)" + n + R"(/metadata","roundtrips":true})");
  }
}

TEST(DebugFiltersTest, KnowKeysAndNamesOfEndpoints) {
  Conversation key("key");
  EXPECT_EQ(key.ask(R"({"id":1,"op":"key","type":"Block","fields":{"cidr":"10.65.0.9/26"}})"),
            R"({"id":1,"out_path":"/calico/ipam/v2/assignment/ipv4/block/10.65.0.0-26","roundtrips":true})");
  EXPECT_EQ(key.ask(R"({"id":2,"op":"path","path":"/calico/v1/netset/shop%2fdb"})"),
            R"({"id":2,"out_type":"NetworkSet","out_fields":{"name":"shop/db"},"roundtrips":true})");
  EXPECT_EQ(
      key.ask(R"({"id":3,"op":"wepname","fields":{"node":"n-1","orchestrator":"k8s","pod":"p","endpoint":"eth0"},)"
              R"("names":["n--1-k8s-p-eth0","n--1-k8s-q-eth0"]})"),
      R"({"id":3,"out_name":"n--1-k8s-p-eth0","out_prefix":"n--1-k8s-p-eth0",)"
      R"("matches":{"n--1-k8s-p-eth0":true,"n--1-k8s-q-eth0":false}})");
  EXPECT_EQ(key.ask(R"({"id":4,"op":"wepparse","name":"n--1-k8s-p-eth0"})"),
            R"({"id":4,"parsed":{"containerID":"","endpoint":"eth0","node":"n-1","orchestrator":"k8s","pod":"p",)"
            R"("workload":""}})");
  EXPECT_EQ(key.end(), 0);
}

class DebugEtcdTest : public testing::Test {
 protected:
  std::vector<std::string> environment() const {
    return {"DATASTORE_TYPE=etcdv3", "ETCD_ENDPOINTS=" + etcd.endpoint()};
  }
  Finished weft(const std::string& words, const std::string& input = {}) const {
    return ::weft::run({.argv = {"/bin/sh", "-c", "exec '" WEFT_PROGRAM "' " + words}, .env = environment()},
                       {.input = input})
        .value();
  }
  store::Revision revision() const {
    return store::open({.etcd_endpoints = {etcd.endpoint(), "test"}}).value()->list("/").value().revision;
  }

  test::Etcd etcd;
};

TEST_F(DebugEtcdTest, AnswersEachLineBeforeTheNextIsWritten) {
  for (const auto& [name, question] : std::map<std::string, std::string>{{"selector", R"j("selector":"all()")j"},
                                                                         {"key", R"("op":"path","path":"/")"},
                                                                         {"ipam", R"("op":"getConfig")"}}) {
    Conversation filter(name, environment());
    for (const std::string id : {"1", "\"two\"", "3"})
      EXPECT_THAT(filter.ask(R"({"id":)" + id + ',' + question + '}'), StartsWith(R"({"id":)" + id + ',')) << name;
    EXPECT_EQ(filter.end(), 0) << name;
  }
}

constexpr const char* host = R"(
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: n1}
spec: {bgp: {ipv4Address: 10.0.0.1/24}}
---
apiVersion: projectcalico.org/v3
kind: HostEndpoint
metadata: {name: eth0, labels: {role: host}}
spec: {node: n1, interfaceName: eth0, expectedIPs: [10.0.0.1]}
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: raw}
spec:
  selector: role == 'host'
  doNotTrack: true
  applyOnForward: true
  ingress: [{action: Allow, protocol: ICMP, icmp: {type: 8, code: 0}}]
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: early}
spec:
  selector: role == 'host'
  preDNAT: true
  applyOnForward: true
  ingress: [{action: Deny, protocol: TCP, destination: {ports: [22]}}]
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: through}
spec:
  selector: role == 'host'
  applyOnForward: true
  ingress: [{action: Allow}]
---
apiVersion: projectcalico.org/v3
kind: GlobalNetworkPolicy
metadata: {name: web}
spec:
  selector: role == 'host'
  ingress: [{action: Allow, protocol: TCP, http: {methods: [GET, PUT], paths: [{exact: /a}, {prefix: /b}]}}]
)";

TEST_F(DebugEtcdTest, SaysWhatANodeWouldDoAsADryRunOfItsAgentDoes) {
  ASSERT_TRUE(weft("apply -f -", host).ok());
  const auto before = revision();
  const auto calc = weft("debug calc --node n1");
  const auto agent = weft("agent --dry-run --node n1 -o json --felix-config /dev/null");
  EXPECT_EQ(calc.exit_code(), 0) << calc.err;
  EXPECT_EQ(agent.exit_code(), 0) << agent.err;
  EXPECT_EQ(calc.out, agent.out);
  EXPECT_EQ(revision(), before) << "nothing was written";

  const auto value = schema::parse_json(calc.out);
  ASSERT_TRUE(value) << calc.out;
  const auto* eth0 = value->at("hostEndpoints", "0");
  ASSERT_NE(eth0, nullptr) << calc.out;
  const auto tiers = [&](const char* member) { return eth0->at(member) ? schema::to_json(*eth0->at(member)) : ""; };
  EXPECT_EQ(tiers("untrackedTiers"),
            R"([{"name":"default","defaultAction":"Pass","ingress":["GlobalNetworkPolicy//raw"]}])");
  EXPECT_EQ(tiers("preDNATTiers"),
            R"([{"name":"default","defaultAction":"Pass","ingress":["GlobalNetworkPolicy//early"]}])");
  EXPECT_EQ(tiers("forwardTiers"),
            R"([{"name":"default","defaultAction":"Deny","ingress":["GlobalNetworkPolicy//through"]}])");
  EXPECT_EQ(tiers("tiers"), R"([{"name":"default","defaultAction":"Deny",)"
                            R"("ingress":["GlobalNetworkPolicy//through","GlobalNetworkPolicy//web"]}])");
  EXPECT_THAT(calc.out, HasSubstr(R"("icmp":{"type":8,"code":0})"));
  EXPECT_THAT(calc.out, HasSubstr(R"("http":{"methods":["GET","PUT"],"paths":[{"exact":"/a"},{"prefix":"/b"}]})"));
}

TEST_F(DebugEtcdTest, SaysThatANodeWithoutEndpointsWouldDoNothing) {
  const auto empty = revision();
  EXPECT_EQ(weft("debug calc --node n1").out, "{}\n") << "an empty store";
  EXPECT_EQ(revision(), empty);
  ASSERT_TRUE(weft("apply -f -", host).ok());
  for (const char* words : {"debug calc --node n2", "agent --dry-run --node n2 -o json --felix-config /dev/null"}) {
    const auto other = weft(words);
    EXPECT_EQ(other.exit_code(), 0) << other.err;
    EXPECT_EQ(other.out, "{}\n") << words;
  }
}

TEST_F(DebugEtcdTest, SaysWhatIsMissingForACalculation) {
  const auto nameless = weft("debug calc");
  EXPECT_EQ(nameless.exit_code(), 1);
  EXPECT_EQ(nameless.out, "");
  EXPECT_THAT(nameless.err, HasSubstr("--node"));
  const auto form = weft("agent --dry-run --node n1 -o yaml --felix-config /dev/null");
  EXPECT_EQ(form.exit_code(), 2);
  EXPECT_THAT(form.err, HasSubstr("--output: only json is known"));
  etcd.stop();
  const auto alone = weft("debug calc --node n1");
  EXPECT_EQ(alone.exit_code(), 1);
  EXPECT_THAT(alone.err, HasSubstr(etcd.address()));
}

}  // namespace
}  // namespace weft::ctl
