#include "ctl/debug_key.h"

#include <gtest/gtest.h>

#include "ctl/filter.h"

namespace weft::ctl {
namespace {

std::string ask(std::string_view line) { return answer_line(line, answer_key); }

TEST(DebugKey, WritesKeysAndSaysWhetherTheyAreReadBack) {
  EXPECT_EQ(ask(R"({"id":1,"op":"key","type":"IPPool","fields":{"cidr":"10.65.0.9/16"}})"),
            R"({"id":1,"out_path":"/calico/v1/ipam/v4/pool/10.65.0.0-16","roundtrips":true})");
  EXPECT_EQ(ask(R"({"id":2,"op":"key","type":"IPAMConfig","fields":{}})"),
            R"({"id":2,"out_path":"/calico/ipam/v2/config","roundtrips":false})");
  EXPECT_EQ(ask(R"({"id":3,"op":"key","type":"HostConfig","fields":{"host":"a%2fb","name":"X"}})"),
            R"({"id":3,"out_path":"/calico/v1/host/a%2fb/config/X","roundtrips":false})");
  EXPECT_EQ(ask(R"({"id":4,"op":"key","type":"ReadyFlag"})"),
            R"({"id":4,"out_path":"/calico/v1/Ready","roundtrips":true})");
  EXPECT_EQ(ask(R"({"id":5,"op":"key","type":"HostMetadata","fields":{}})"),
            R"({"id":5,"error":"insufficient identifiers, missing 'host'"})");
}

TEST(DebugKey, ReadsKeysAndSaysWhetherTheyAreWrittenSo) {
  EXPECT_EQ(
      ask(R"({"id":"a","op":"path","path":"/calico/resources/v3/projectcalico.org/networksets/shop/x"})"),
      R"({"id":"a","out_type":"Resource","out_fields":{"kind":"NetworkSet","name":"x","namespace":"shop"},"roundtrips":true})");
  EXPECT_EQ(ask(R"({"op":"path","path":"calico/v1/netset/x"})"),
            R"({"out_type":"NetworkSet","out_fields":{"name":"x"},"roundtrips":false})");
  EXPECT_EQ(ask(R"({"id":"b","op":"path","path":"/calico/v1/unknown"})"), R"({"id":"b","no_key":true})");
  EXPECT_EQ(ask(R"({"id":"c","op":"path"})"), R"({"id":"c","no_key":true})");
}

TEST(DebugKey, MakesNamesOfEndpoints) {
  EXPECT_EQ(
      ask(R"({"id":1,"op":"wepname","fields":{"node":"n-1","orchestrator":"k8s","pod":"p","endpoint":"eth0","workload":"w"},"names":["n--1-k8s-p-eth0","n--1-k8s-w-eth0"]})"),
      R"({"id":1,"out_name":"n--1-k8s-p-eth0","out_prefix":"n--1-k8s-p-eth0","matches":{"n--1-k8s-p-eth0":true,"n--1-k8s-w-eth0":false}})");
  EXPECT_EQ(
      ask(R"({"id":2,"op":"wepname","fields":{"node":"n","orchestrator":"cni","containerID":"c"}})"),
      R"({"id":2,"error":"endpoint \"\" cannot be part of an endpoint's name","out_prefix":"n-cni-c-","matches":{}})");
  EXPECT_EQ(
      ask(R"({"id":3,"op":"wepname","fields":{"orchestrator":"k8s"},"names":["a-k8s-c-d"]})"),
      R"({"id":3,"error":"node \"\" cannot be part of an endpoint's name","prefix_error":"node \"\" cannot be part of an endpoint's name","matches":{"a-k8s-c-d":false}})");
}

TEST(DebugKey, ReadsNamesOfEndpoints) {
  EXPECT_EQ(
      ask(R"({"op":"wepparse","name":"n--1-k8s-p-eth0"})"),
      R"({"parsed":{"containerID":"","endpoint":"eth0","node":"n-1","orchestrator":"k8s","pod":"p","workload":""}})");
  EXPECT_EQ(ask(R"({"op":"wepparse","name":"n-cni-c"})"),
            R"({"parsed":{"containerID":"c","endpoint":"","node":"n","orchestrator":"cni","pod":"","workload":""}})");
  EXPECT_EQ(
      ask(R"({"op":"wepparse","name":"n-libnetwork-libnetwork-e"})"),
      R"({"parsed":{"containerID":"","endpoint":"e","node":"n","orchestrator":"libnetwork","pod":"","workload":""}})");
  EXPECT_EQ(ask(R"({"id":9,"op":"wepparse","name":""})"), R"({"id":9,"error":"an endpoint's name cannot be empty"})");
}

TEST(DebugKey, AnswersBadQuestions) {
  EXPECT_EQ(ask(R"({"id":1,"op":"other"})"),
            R"({"id":1,"ok":false,"error":"op: \"other\" is not one of key, path, wepname and wepparse"})");
  EXPECT_EQ(ask(R"({"id":1,"op":"key","type":"Tier","fields":{"name":1}})"),
            R"({"id":1,"ok":false,"error":"fields: name: must be text"})");
  EXPECT_EQ(ask(R"({"id":1,"op":"key","type":"Tier","fields":[]})"),
            R"({"id":1,"ok":false,"error":"fields: must be an object"})");
}

}  // namespace
}  // namespace weft::ctl
