#include "api/selector.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace weft::api {
namespace {

std::string canonical(std::string_view text) {
  const auto selector = Selector::parse(text);
  return selector ? selector->text() : selector.error().message;
}
bool matches(std::string_view text, const std::map<std::string, std::string>& labels) {
  const auto selector = Selector::parse(text).value();
  const LabelLookup lookup = [&](std::string_view name) {
    const auto it = labels.find(std::string(name));
    return it == labels.end() ? nullptr : &it->second;
  };
  EXPECT_EQ(selector.matches(labels), selector.matches(lookup));
  return selector.matches(labels);
}

struct Pair {
  std::string_view in;
  std::string_view out;
};

TEST(Selector, HasACanonicalForm) {
  const Pair pairs[] = {
      {"", "all()"},
      {" \t ", "all()"},
      {"all( )", "all()"},
      {"global()", "global()"},
      {"a=='b'", "a == \"b\""},
      {" a  !=  \"b\" ", "a != \"b\""},
      {"a == 'say \"x\"'", "a == 'say \"x\"'"},
      {"a in {'c','b' , \"b\",}", "a in {\"b\", \"c\"}"},
      {"a in{}", "a in {}"},
      {"a notin {'b'}", "a not in {\"b\"}"},
      {"a not  in {'b'}", "a not in {\"b\"}"},
      {"a contains'b'", "a contains \"b\""},
      {"a startswith 'b'", "a starts with \"b\""},
      {"a starts \t with 'b'", "a starts with \"b\""},
      {"a ends with 'b'", "a ends with \"b\""},
      {"has( a )", "has(a)"},
      {"! has(a)", "!has(a)"},
      {"!!a == 'b'", "a == \"b\""},
      {"!!!has(a)", "!has(a)"},
      {"!(!(has(a)))", "!!has(a)"},
      {"((has(a)))", "has(a)"},
      {"a=='b'&&has(c)", "(a == \"b\" && has(c))"},
      {"has(a) || has(b) && has(c) || has(d)", "(has(a) || (has(b) && has(c)) || has(d))"},
      {"(has(a) && has(b)) && has(c)", "((has(a) && has(b)) && has(c))"},
      {"!(has(a) || has(b))", "!(has(a) || has(b))"},
      {"a == 'two\nlines'", "a == \"two\nlines\""},
  };
  for (const auto& [in, out] : pairs) EXPECT_EQ(canonical(in), out) << in;
}

TEST(Selector, AllowsLabelsThatAreCalledLikeOperators) {
  EXPECT_EQ(canonical("in in {'in'}"), "in in {\"in\"}");
  EXPECT_EQ(canonical("contains contains 'x'"), "contains contains \"x\"");
  EXPECT_EQ(canonical("has == 'x' && all != 'y' && global == 'z'"),
            "(has == \"x\" && all != \"y\" && global == \"z\")");
  EXPECT_EQ(canonical("not not in {}"), "not not in {}");
  EXPECT_EQ(canonical("has(has)"), "has(has)");
  EXPECT_EQ(canonical("pcns.a/b_c-1.x == ''"), "pcns.a/b_c-1.x == \"\"");
}

TEST(Selector, RefusesWhatTheGrammarDoesNotHave) {
  for (const std::string_view text : {"a",
                                      "'a' == 'b'",
                                      "a == b",
                                      "'a'",
                                      "a = 'b'",
                                      "a & b",
                                      "has(a) & has(b)",
                                      "has(a) | has(b)",
                                      "a == 'b",
                                      "(has(a)",
                                      "has(a))",
                                      "()",
                                      "!",
                                      "has()",
                                      "has (a)",
                                      "all ()",
                                      "has(a) has(b)",
                                      "has(a) &&",
                                      "&& has(a)",
                                      "|| has(a)",
                                      "a in 'b'",
                                      "a in {b}",
                                      "a in {'b' 'c'}",
                                      "a in {,}",
                                      "a in {'b',,}",
                                      "a in {'b'",
                                      "a inx {'b'}",
                                      "a containsx 'b'",
                                      "a startswithx 'b'",
                                      "a not 'b'",
                                      "a not == 'b'",
                                      "\na == 'b'",
                                      "a == 'b'\n",
                                      "a == 'b' ; c",
                                      "a\xc3\xa9 == 'b'",
                                      "a has(b)",
                                      "a all()",
                                      "has(a b)",
                                      "all(a)"}) {
    EXPECT_FALSE(Selector::parse(text)) << text;
  }
  EXPECT_TRUE(Selector::parse("has(" + std::string(512, 'a') + ')'));
  EXPECT_FALSE(Selector::parse("has(" + std::string(513, 'a') + ')'));
}

TEST(Selector, SaysWhereAndWhatWasExpected) {
  EXPECT_EQ(canonical("a == b"), "column 6: expected a quoted string");
  EXPECT_EQ(canonical("a"), "column 2: expected ==, !=, in, not in, contains, starts with or ends with");
  EXPECT_EQ(canonical("(has(a) && (has(b))"), "column 20: expected ) for the ( of column 1");
  EXPECT_EQ(canonical("a == 'b"), "column 6: this string has no end");
}

TEST(Selector, HasCalicosIds) {
  EXPECT_EQ(Selector::all().id(), "s:5y5I3VdRZfDU01O--xXAPx2yxCQQqMf0M6IWug");
  EXPECT_EQ(Selector::parse("a=='b'")->id(), "s:flMh0m0X_BowkAK_W3j3MgH8oQOsj3WxGDoXCQ");
}

TEST(Selector, ComparesLabels) {
  const std::map<std::string, std::string> labels{{"k", "value"}, {"empty", ""}};
  const std::pair<std::string_view, bool> rows[] = {
      {"k == 'value'", true},
      {"k == 'Value'", false},
      {"x == ''", false},
      {"k != 'value'", false},
      {"k != 'v'", true},
      {"x != 'v'", true},
      {"k in {'a','value'}", true},
      {"k in {}", false},
      {"x in {'value'}", false},
      {"k not in {'value'}", false},
      {"k not in {'a'}", true},
      {"x not in {'value'}", true},
      {"x not in {}", true},
      {"k contains 'alu'", true},
      {"k contains ''", true},
      {"x contains ''", false},
      {"k starts with 'val'", true},
      {"k starts with 'a'", false},
      {"x starts with ''", false},
      {"k ends with 'lue'", true},
      {"k ends with 'val'", false},
      {"has(empty)", true},
      {"has(x)", false},
      {"all()", true},
      {"global()", true},
      {"!has(x)", true},
      {"empty == ''", true},
      {"!(k == 'value')", false},
  };
  for (const auto& [text, expected] : rows) EXPECT_EQ(matches(text, labels), expected) << text;
}

TEST(Selector, BindsNotBeforeAndBeforeOr) {
  for (int bits = 0; bits < 8; ++bits) {
    std::map<std::string, std::string> labels;
    const bool a = bits & 1, b = bits & 2, c = bits & 4;
    if (a) labels["a"];
    if (b) labels["b"];
    if (c) labels["c"];
    EXPECT_EQ(matches("has(a) || has(b) && has(c)", labels), a || (b && c));
    EXPECT_EQ(matches("(has(a) || has(b)) && has(c)", labels), (a || b) && c);
    EXPECT_EQ(matches("!has(a) && has(b) || !(has(b) && has(c))", labels), (!a && b) || !(b && c));
    EXPECT_EQ(matches("!(has(a) || !(has(b) && !has(c)))", labels), !(a || !(b && !c)));
  }
}

TEST(Selector, SaysWhatAnyMatchMustHave) {
  using Values = std::set<std::string>;
  const auto restrictions = [](std::string_view text) {
    std::map<std::string, std::optional<Values>> plain;
    const auto selector = Selector::parse(text).value();
    for (const auto& [label, restriction] : selector.restrictions()) plain[label] = restriction.values;
    return plain;
  };
  using Map = std::map<std::string, std::optional<Values>>;
  EXPECT_EQ(restrictions("all()"), Map());
  EXPECT_EQ(restrictions("!(a == 'b')"), Map());
  EXPECT_EQ(restrictions("a != 'b' || a not in {'b'}"), Map());
  EXPECT_EQ(restrictions("a == 'b' && has(c)"), (Map{{"a", Values{"b"}}, {"c", std::nullopt}}));
  EXPECT_EQ(restrictions("a in {'b','c'} && a == 'c' && has(a)"), (Map{{"a", Values{"c"}}}));
  EXPECT_EQ(restrictions("a == 'b' || a == 'c' && has(d)"), (Map{{"a", Values{"b", "c"}}}));
  EXPECT_EQ(restrictions("a == 'b' || has(a)"), (Map{{"a", std::nullopt}}));
  EXPECT_EQ(restrictions("a contains 'b' || c == 'd'"), Map());
  EXPECT_EQ(restrictions("a == 'b' && a == 'c'"), (Map{{"a", Values{}}}));
}

TEST(Selector, PrefixesEveryLabel) {
  const auto selector = Selector::parse("!(!(has(a))) && (b == 'a' || c not in {'x'}) && all()")->prefixed("pcns.");
  EXPECT_EQ(selector.text(), "(!!has(pcns.a) && (pcns.b == \"a\" || pcns.c not in {\"x\"}) && all())");
  EXPECT_EQ(selector.id(), Selector::parse(selector.text())->id().substr(0, 2) + selector.id().substr(2));
  EXPECT_TRUE(selector.matches({{"pcns.a", ""}, {"pcns.b", "a"}}));
  EXPECT_FALSE(selector.matches({{"a", ""}, {"b", "a"}}));
  EXPECT_TRUE(Selector::parse("a == 'b'")->prefixed("p.").restrictions().contains("p.a"));
}

TEST(Selector, TakesThousandsOfNestedParentheses) {
  const auto start = std::chrono::steady_clock::now();
  const int depth = 100000;
  const std::string open(depth, '(');
  const std::string close(depth, ')');
  EXPECT_EQ(canonical(open + "has(a)" + close), "has(a)");
  EXPECT_FALSE(Selector::parse(open));
  EXPECT_FALSE(Selector::parse(open + "has(a)" + close + ')'));

  std::string chain;
  std::string nots;
  for (int i = 0; i < 2000; ++i) {
    chain += "(a == 'b' && (has(c) || ";
    nots += "!(";
  }
  chain += "all()" + std::string(4000, ')');
  nots += "has(a)" + std::string(2000, ')');
  EXPECT_TRUE(matches(chain, {{"a", "b"}}));
  EXPECT_FALSE(matches(chain, {{"c", "b"}}));
  EXPECT_TRUE(matches(nots, {{"a", ""}}));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(SelectorTest, IsTheSameObjectWhereTheSameTextIsHeldAlready) {
  const auto one = Selector::parse("app == 'web' && tier in {'a', 'b'}").value();
  const auto other = Selector::parse("app == 'web' && tier in {'a', 'b'}").value();
  EXPECT_EQ(&one.text(), &other.text());
  EXPECT_NE(&one.text(), &Selector::parse("app == 'web'  && tier in {'a', 'b'}").value().text());
}

TEST(SelectorTest, IsForgottenWithItsLastHolderAndParsedAnew) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 2000; ++i) {
        const auto text = "app == 'x" + std::to_string(i % 3) + "'";
        EXPECT_EQ(Selector::parse(text).value().matches({{"app", "x" + std::to_string(i % 3)}}), true);
      }
    });
  }
}

}  // namespace
}  // namespace weft::api
