#include "templates/template.h"

#include <memory>

#include "base/file.h"
#include "confd/functions.h"
#include "confd/keys.h"
#include "schema/value.h"

namespace weft::confd {
using namespace templates;
namespace {

/// One case of test/template/recorded.json, which tools/record_templates made with Go's own text/template.
struct Case {
  std::string name, data, option, text;
  std::shared_ptr<Keys> keys = std::make_shared<Keys>();
  std::string output, error;
  bool good = false;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name << ": " << c.text; }

std::vector<Case> recorded() {
  const auto text = read_file(WEFT_SOURCE_DIR "/test/template/recorded.json");
  CHECK(text.has_value());
  const auto json = schema::parse_json(*text);
  CHECK(json.has_value());
  std::vector<Case> cases;
  for (const auto& entry : *json->as_array()) {
    Case c;
    c.name = entry.text("name");
    if (const auto* data = entry.at("data")) c.data = schema::to_json(*data);
    c.option = entry.text("option");
    c.text = entry.text("template");
    if (const auto* keys = entry.at("keys")) {
      for (const auto& [key, value] : *keys->as_object()) c.keys->emplace(key, *value.as_string());
    }
    c.good = entry.at("output") != nullptr;
    c.output = entry.text("output");
    c.error = entry.text("error");
    cases.push_back(std::move(c));
  }
  return cases;
}

Functions functions(const std::shared_ptr<Keys>& keys) {
  Functions all = key_functions(keys);
  for (const auto& [name, callable] : confd_functions()) all.emplace(name, callable);
  return all;
}

class Recorded : public testing::TestWithParam<Case> {};

TEST_P(Recorded, IsWhatGoMakesOfIt) {
  const Case& c = GetParam();

  const auto parsed = Template::parse("t", c.text, functions(c.keys));
  const Value data = c.data.empty() ? Value() : Value::from_json(*schema::parse_json(c.data));
  const auto result =
      parsed ? parsed->execute(
                   data, {.missing_key = c.option == "missingkey=error" ? MissingKey::error : MissingKey::no_value})
             : Result<std::string>(std::unexpected(parsed.error()));

  if (c.good) {
    ASSERT_TRUE(result.has_value()) << result.error().message;
    EXPECT_EQ(*result, c.output);
  } else {
    ASSERT_FALSE(result.has_value()) << *result;
    EXPECT_EQ(result.error().message, c.error);
  }
}

/// Those that can be printed: good ones, but for braces in text, which have no printed form.
std::vector<Case> printable() {
  auto cases = recorded();
  std::erase_if(cases, [](const Case& c) { return !c.good || c.name == "braces in text"; });
  return cases;
}

class Printable : public testing::TestWithParam<Case> {};

TEST_P(Printable, PrintsAsATemplateThatDoesTheSame) {
  const Case& c = GetParam();
  const auto first = Template::parse("t", c.text, functions(c.keys));
  ASSERT_TRUE(first.has_value()) << first.error().message;

  const auto again = Template::parse("t", first->text(), functions(c.keys));

  ASSERT_TRUE(again.has_value()) << again.error().message;
  EXPECT_EQ(again->text(), first->text());
  EXPECT_EQ(again->execute(c.data.empty() ? Value() : Value::from_json(*schema::parse_json(c.data))).value_or("error"),
            c.output);
}

INSTANTIATE_TEST_SUITE_P(Go, Recorded, testing::ValuesIn(recorded()));
INSTANTIATE_TEST_SUITE_P(Go, Printable, testing::ValuesIn(printable()));

TEST(Template, StopsAfterTooManySteps) {
  const auto endless = Template::parse("t", "{{range 1000000000}}{{end}}");
  ASSERT_TRUE(endless.has_value());

  const auto result = endless->execute({}, {.max_steps = 1000});

  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().message.find("too many steps"), std::string::npos);
}

TEST(Template, RefusesToRecurseForEver) {
  const auto parsed = Template::parse("t", R"({{define "a"}}{{template "a"}}{{end}}{{template "a"}})");
  ASSERT_TRUE(parsed.has_value());

  const auto result = parsed->execute({});

  ASSERT_FALSE(result.has_value());
  EXPECT_NE(result.error().message.find("exceeded maximum template depth"), std::string::npos);
}

TEST(Template, RefusesNestingWithoutEnd) {
  const std::string deep(100000, '(');

  EXPECT_FALSE(Template::parse("t", "{{" + deep).has_value());
  std::string ifs;
  for (int i = 0; i < 100000; ++i) ifs += "{{if 1}}";
  EXPECT_FALSE(Template::parse("t", ifs).has_value());
}

TEST(Template, CallsFunctionsThatAreValues) {
  const Value twice = Value::function(
      {{type::integer}, false, [](std::span<const Value> a) -> Result<Value> { return Value(a[0].as_integer() * 2); }});
  const auto parsed = Template::parse("t", "{{call .twice 21}}");
  ASSERT_TRUE(parsed.has_value());

  EXPECT_EQ(parsed->execute(Value::map({{"twice", twice}})).value_or("error"), "42");
}

TEST(Template, FormatsTheTimeWithGosLayouts) {
  const auto parsed = Template::parse("t", R"({{datetime.UTC.Format "2006"}} {{(datetime).Year}})", confd_functions());
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message;

  const auto text = parsed->execute({});

  ASSERT_TRUE(text.has_value()) << text.error().message;
  EXPECT_EQ(text->size(), 9u);
  EXPECT_GE(*text, "2024");
}

TEST(Template, ReadsTheEnvironmentWithADefault) {
  ::setenv("WEFT_TEMPLATE_TEST", "set", 1);
  const auto parsed = Template::parse(
      "t", R"({{getenv "WEFT_TEMPLATE_TEST"}} {{getenv "WEFT_NOT_SET" "otherwise"}} [{{getenv "WEFT_NOT_SET"}}])",
      confd_functions());
  ASSERT_TRUE(parsed.has_value());

  EXPECT_EQ(parsed->execute({}).value_or("error"), "set otherwise []");
}

TEST(Template, LooksUpLocalNames) {
  const auto parsed = Template::parse(
      "t", R"({{lookupIPV4 "127.0.0.1"}} {{lookupIPV6 "::1"}} {{lookupIP "no such host.invalid"}})", confd_functions());
  ASSERT_TRUE(parsed.has_value());

  EXPECT_EQ(parsed->execute({}).value_or("error"), "[127.0.0.1] [::1] []");
}

TEST(Template, KnowsWhetherAFileExists) {
  const auto parsed =
      Template::parse("t", R"({{fileExists "/proc/self/status"}} {{fileExists "/nowhere"}})", confd_functions());
  ASSERT_TRUE(parsed.has_value());

  EXPECT_EQ(parsed->execute({}).value_or("error"), "true false");
}

}  // namespace
}  // namespace weft::confd
