#include "schema/value.h"

#include <gtest/gtest.h>

using namespace weft;
using namespace weft::schema;

namespace {
Value json(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value) << value.error().message;
  return value ? *value : Value();
}
Value yaml(std::string_view text) {
  auto values = parse_yaml(text);
  EXPECT_TRUE(values) << values.error().message;
  return values && !values->empty() ? values->front() : Value();
}
std::string json_error(std::string_view text) {
  auto value = parse_json(text);
  return value ? "" : value.error().message;
}
std::string yaml_error(std::string_view text) {
  auto value = parse_yaml(text);
  return value ? "" : value.error().message;
}
}  // namespace

TEST(Json, KeepsTheOrderOfMembersAndPrintsThemBack) {
  const std::string text = R"({"b":1,"a":[true,null,"x\n\"\u0001",-5,1.5],"c":{}})";

  EXPECT_EQ(to_json(json(text)), text);
}

TEST(Json, KeepsWholeNumbersWhole) {
  const Value value = json("[9223372036854775807,18446744073709551615,1e3,0.1,1e21,1724308400123456792]");

  EXPECT_EQ(to_json(value), "[9223372036854775807,18446744073709551615,1000,0.1,1e+21,1724308400123456792]");
}

TEST(Json, LetsTheLastOfRepeatedMembersWin) { EXPECT_EQ(to_json(json(R"({"a":1,"b":2,"a":3})")), R"({"b":2,"a":3})"); }

TEST(Json, LetsTheLastOfRepeatedMembersWinInBigObjects) {
  std::string text = "{";
  for (int i = 0; i < 100; ++i) text += "\"m" + std::to_string(i % 50) + "\":" + std::to_string(i) + ",";
  text.back() = '}';

  const Value value = json(text);

  EXPECT_EQ(value.as_object()->size(), 50u);
  EXPECT_EQ(*value.at("m7")->as_int(), 57);
}

TEST(Json, SaysWhereTextIsWrong) {
  EXPECT_EQ(json_error("{\"a\": 1,\n  \"b\" 2}"), "line 2, column 7: this does not belong here");
  EXPECT_EQ(json_error("{} x"), "line 1, column 4: something follows the value");
  EXPECT_EQ(json_error(""), "line 1, column 1: ends too early");
  EXPECT_NE(json_error("\"\xff\""), "");
  EXPECT_EQ(json_error(std::string(300, '[') + std::string(300, ']')), "line 1, column 257: nested too deep");
}

TEST(Json, ReadsSurrogatePairsAndLongStrings) {
  EXPECT_EQ(*json(R"("\ud83d\ude00")").as_string(), "\xf0\x9f\x98\x80");
  const std::string text(5000, 'x');
  EXPECT_EQ(*json("\"" + text + "\\n" + text + "\"").as_string(), text + "\n" + text);
}

TEST(Json, SpreadsOverLinesWhenAsked) {
  EXPECT_EQ(to_json(json(R"({"a":[1,{}],"b":{"c":2}})"), 2), R"({
  "a": [
    1,
    {}
  ],
  "b": {
    "c": 2
  }
})");
}

TEST(Value, FindsMembersAndElementsAlongAPath) {
  const Value value = json(R"({"a":[{"b":"x"}]})");

  ASSERT_NE(value.at("a", "0", "b"), nullptr);
  EXPECT_EQ(*value.at("a", "0", "b")->as_string(), "x");
  EXPECT_EQ(value.at("a", "1"), nullptr);
  EXPECT_EQ(value.at("a", "-1"), nullptr);
  EXPECT_EQ(value.text("a"), "");
}

TEST(Value, ComparesObjectsWhateverTheirOrder) {
  EXPECT_EQ(json(R"({"a":1,"b":2})"), json(R"({"b":2,"a":1})"));
  EXPECT_NE(json(R"({"a":1,"b":2})"), json(R"({"b":2,"a":2})"));
}

TEST(Yaml, TypesPlainScalarsAndLeavesQuotedOnesText) {
  EXPECT_EQ(to_json(yaml("[1, '1', \"true\", true, ~, 1.5, 0x10, 0o17, 10.0.0.0/8, 1e3, +7, null, -1]")),
            R"([1,"1","true",true,null,1.5,16,15,"10.0.0.0/8",1000,7,null,-1])");
  // Numbers as YAML 1.1 has them; its words for true and false stay text until one of the two is wanted.
  EXPECT_EQ(to_json(yaml("[yes, N, 032, 089, -0x10, 0b11, 1_000, 1_0.5, 1_x, 2026-11-29, 0, -0]")),
            R"(["yes","N",26,89,-16,3,1000,10.5,"1_x","2026-11-29",0,0])");
  EXPECT_EQ(boolean_word("On"), true);
  EXPECT_EQ(boolean_word("n"), false);
  EXPECT_EQ(boolean_word("yEs"), std::nullopt);
  EXPECT_EQ(to_json(yaml("a: !!str 5")), R"({"a":"5"})");
  EXPECT_EQ(to_json(yaml("1: x\ntrue: z\ny: 1\non: 2\n")), R"({"1":"x","true":"z","y":1,"on":2})") << "names are text";
}

TEST(Yaml, ReadsSeveralDocumentsAndEmptyOnes) {
  auto documents = parse_yaml("a: 1\n---\n---\n- x\n...\n");

  ASSERT_TRUE(documents);
  ASSERT_EQ(documents->size(), 3u);
  EXPECT_TRUE((*documents)[1].is_null());
  EXPECT_EQ(to_json((*documents)[2]), R"(["x"])");
}

TEST(Yaml, ResolvesAnchorsAndMergeKeys) {
  EXPECT_EQ(to_json(yaml("base: &b {x: 1, y: 2}\nhere:\n  <<: *b\n  y: 3\n")),
            R"({"base":{"x":1,"y":2},"here":{"y":3,"x":1}})");
}

TEST(Yaml, RefusesAliasesThatExplode) {
  std::string text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 0; j < 9; ++j) text += ", " + before;
    text += "]\n";
  }

  EXPECT_NE(yaml_error(text).find("too many values"), std::string::npos) << yaml_error(text);
}

TEST(Yaml, SaysWhereTextIsWrong) {
  EXPECT_EQ(yaml_error("a: 1\nb: 2\na: 3\n"), "line 3, column 1: \"a\" is given twice");
  EXPECT_EQ(yaml_error("a: *nowhere\n").substr(0, 6), "line 1");
  EXPECT_EQ(yaml_error("a: .inf\n"), "line 1, column 4: .inf is no number that JSON can hold");
  EXPECT_EQ(yaml_error("a: [1\n").substr(0, 5), "line ");
}

TEST(Yaml, PrintsAsGoDoes) {
  const Value value = json(R"j({"spec":{"selector":"role == 'db'","order":100,"types":["Ingress"],"empty":{},"none":[]},
      "kind":"NetworkPolicy","time":"2026-08-01T10:00:00Z","version":"12","on":"on","colon":"a: b","lines":"a\nb\n",
      "list":[{"b":1,"a":[1,2]},["x"]],"blank":"","star":"*","null":null,"selector":"all()","cidr":"10.0.0.0/8","v6":"fd00::/8"})j");

  EXPECT_EQ(to_yaml(value), R"(blank: ""
cidr: 10.0.0.0/8
colon: 'a: b'
kind: NetworkPolicy
lines: |
  a
  b
list:
- a:
  - 1
  - 2
  b: 1
- - x
"null": null
"on": "on"
selector: all()
spec:
  empty: {}
  none: []
  order: 100
  selector: role == 'db'
  types:
  - Ingress
star: '*'
time: "2026-08-01T10:00:00Z"
v6: fd00::/8
version: "12"
)");
}
