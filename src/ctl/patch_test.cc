#include "ctl/patch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::ctl {
namespace {

using testing::HasSubstr;

std::string patched(std::string_view type, std::string_view document, std::string_view patch) {
  const auto after = apply_patch(type, patch, *schema::parse_json(document));
  return after ? schema::to_json(*after) : "! " + after.error().message;
}

// The examples of RFC 7386, appendix A, that have an object for a patch.
TEST(PatchTest, Merges) {
  for (const auto& [document, patch, result] : std::vector<std::array<std::string, 3>>{
           {R"({"a":"b"})", R"({"a":"c"})", R"({"a":"c"})"},
           {R"({"a":"b"})", R"({"b":"c"})", R"({"a":"b","b":"c"})"},
           {R"({"a":"b"})", R"({"a":null})", R"({})"},
           {R"({"a":"b","b":"c"})", R"({"a":null})", R"({"b":"c"})"},
           {R"({"a":["b"]})", R"({"a":"c"})", R"({"a":"c"})"},
           {R"({"a":"c"})", R"({"a":["b"]})", R"({"a":["b"]})"},
           {R"({"a":{"b":"c"}})", R"({"a":{"b":"d","c":null}})", R"({"a":{"b":"d"}})"},
           {R"({"a":[{"b":"c"}]})", R"({"a":[1]})", R"({"a":[1]})"},
           {R"({"e":null})", R"({"a":1})", R"({"e":null,"a":1})"},
           {R"({})", R"({"a":{"bb":{"ccc":null}}})", R"({"a":{"bb":{}}})"}}) {
    EXPECT_EQ(patched("merge", document, patch), result) << document << ' ' << patch;
    EXPECT_EQ(patched("strategic", document, patch), result) << document << ' ' << patch;
  }
}

TEST(PatchTest, UnderstandsDirectives) {
  EXPECT_EQ(patched("strategic", R"({"a":{"x":1,"y":2}})", R"({"a":{"$patch":"replace","z":3}})"), R"({"a":{"z":3}})");
  EXPECT_EQ(patched("strategic", R"({"a":{"x":1},"b":2})", R"({"a":{"$patch":"delete"}})"), R"({"b":2})");
  EXPECT_THAT(patched("strategic", R"({"a":{}})", R"({"a":{"$patch":"burn"}})"), HasSubstr("$patch: \"burn\""));
  EXPECT_EQ(patched("merge", R"({"a":1})", R"({"$patch":"replace"})"), R"({"a":1,"$patch":"replace"})")
      << "a merge patch knows none";
}

// Of RFC 6902, appendix A.
TEST(PatchTest, CarriesOutOperations) {
  for (const auto& [document, patch, result] : std::vector<std::array<std::string, 3>>{
           {R"({"foo":"bar"})", R"([{"op":"add","path":"/baz","value":"qux"}])", R"({"foo":"bar","baz":"qux"})"},
           {R"({"foo":["bar","baz"]})", R"([{"op":"add","path":"/foo/1","value":"qux"}])",
            R"({"foo":["bar","qux","baz"]})"},
           {R"({"foo":["bar"]})", R"([{"op":"add","path":"/foo/-","value":["x"]}])", R"({"foo":["bar",["x"]]})"},
           {R"({"baz":"qux","foo":"bar"})", R"([{"op":"remove","path":"/baz"}])", R"({"foo":"bar"})"},
           {R"({"foo":["bar","qux","baz"]})", R"([{"op":"remove","path":"/foo/1"}])", R"({"foo":["bar","baz"]})"},
           {R"({"baz":"qux"})", R"([{"op":"replace","path":"/baz","value":"boo"}])", R"({"baz":"boo"})"},
           {R"({"a":{"b":1},"c":{}})", R"([{"op":"move","from":"/a/b","path":"/c/d"}])", R"({"a":{},"c":{"d":1}})"},
           {R"({"a":{"b":1}})", R"([{"op":"copy","from":"/a","path":"/c"}])", R"({"a":{"b":1},"c":{"b":1}})"},
           {R"({"a/b":1,"m~n":2})", R"([{"op":"remove","path":"/a~1b"},{"op":"test","path":"/m~0n","value":2}])",
            R"({"m~n":2})"}})
    EXPECT_EQ(patched("json", document, patch), result) << patch;
}

TEST(PatchTest, SaysWhatItCannotDo) {
  EXPECT_THAT(patched("json", R"({"a":1})", R"([{"op":"test","path":"/a","value":2}])"),
              HasSubstr("operation 1: test"));
  EXPECT_THAT(patched("json", R"({"a":1})", R"([{"op":"remove","path":"/b"}])"), HasSubstr("there is no member \"b\""));
  EXPECT_THAT(patched("json", R"({"a":[]})", R"([{"op":"replace","path":"/a/0","value":1}])"), HasSubstr("element 0"));
  EXPECT_THAT(patched("json", R"({})", R"({"a":1})"), HasSubstr("list of operations"));
  EXPECT_THAT(patched("json", R"({})", R"([{"op":"burn","path":"/a"}])"), HasSubstr("\"burn\" is none of"));
  EXPECT_THAT(patched("strategic", "{}", "{bad"), HasSubstr("invalid JSON document"));
  EXPECT_THAT(patched("merge", "{}", ""), HasSubstr("-p PATCH"));
  EXPECT_THAT(patched("kustomize", "{}", "{}"), HasSubstr("strategic, merge and json"));
}

}  // namespace
}  // namespace weft::ctl
