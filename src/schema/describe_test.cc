#include "schema/describe.h"

#include <gtest/gtest.h>

#include "schema/document.h"

using namespace weft;
using namespace weft::schema;

namespace zoo {

enum class Diet { plants, meat };
std::span<const Named<Diet>> names_of(Diet) {
  static constexpr Named<Diet> names[] = {{Diet::plants, "Plants"}, {Diet::meat, "Meat"}};
  return names;
}

/// A type with a written form: "7kg".
struct Weight {
  int kilograms = 0;
  static Result<Weight> parse(std::string_view text) {
    if (!text.ends_with("kg")) return fail(Code::invalid, "must be a weight");
    return Weight{std::stoi(std::string(text))};
  }
  bool operator==(const Weight&) const = default;
};
std::string to_string(const Weight& weight) { return std::to_string(weight.kilograms) + "kg"; }

struct Keeper {
  std::string name;
  int age = 0;
  Extra extra;
};

struct Animal {
  std::string id;  // in the key only
  std::string name;
  Diet diet = Diet::plants;
  std::optional<int> legs;
  std::optional<Weight> weight;
  std::vector<Keeper> keepers;
  std::map<int, std::string> cages;
  double order = 0;
  bool tame = false;
  Keeper chief;
  std::string status;
  Extra extra;
};

const TextRule must_be_lower{"lower case", "", [](std::string_view text) -> std::optional<std::string> {
                               if (text.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == text.npos) return std::nullopt;
                               return "must be lower case";
                             }};

}  // namespace zoo

template <>
const Schema& weft::schema::schema_of<zoo::Keeper>() {
  static const Schema schema = describe<zoo::Keeper>("Keeper", "Who feeds them.")
                                   .field("name", &zoo::Keeper::name, "Name.", required)
                                   .field("age", &zoo::Keeper::age, "Years.", Range{16, 99}, Default{18})
                                   .extra(&zoo::Keeper::extra);
  return schema;
}
template <>
const Schema& weft::schema::schema_of<zoo::Animal>() {
  using zoo::Animal;
  static const Schema schema =
      describe<Animal>("Animal", "Lives here.")
          .resource()
          .field("id", &Animal::id, "Key.", key_only)
          .field("name", &Animal::name, "Name.", required, immutable, Format{zoo::must_be_lower}, Length{8})
          .field("diet", &Animal::diet, "What it eats.")
          .field("legs", &Animal::legs, "Number of legs.", Range{0, 8})
          .field("weight", &Animal::weight, "Weight.")
          .field("keepers", &Animal::keepers, "Who feeds it.", AtMost{2})
          .field("cages", &Animal::cages, "By number.", always)
          .field("order", &Animal::order, "Order.", Default{100, true})
          .field("tame", &Animal::tame, "Tame.")
          .field("chief", &Animal::chief, "First of the keepers.")
          .json_field("status", &Animal::status, "Anything.", always)
          .extra(&Animal::extra, {"sponsor"})
          .check([](const Animal& animal, const Report& report) {
            if (animal.diet == zoo::Diet::meat && animal.tame) report("tame", true, "no meat eater is tame");
          })
          .column("NAME", Show::always, [](const Animal& animal, const Facts&) { return animal.name; });
  return schema;
}

namespace {

using zoo::Animal;

std::string stored(const Animal& animal) { return write(schema_of<Animal>(), &animal, true); }
std::vector<std::string> problems_of(std::string_view json, bool strict) {
  Animal animal;
  std::vector<std::string> texts;
  for (const Problem& problem : read(schema_of<Animal>(), *parse_json(json), &animal, strict))
    texts.push_back(to_string(problem));
  return texts;
}
const std::string whole =
    R"({"kind":"Animal","apiVersion":"projectcalico.org/v3","name":"leo","diet":"Meat","legs":0,"weight":"190kg",)"
    R"("keepers":[{"name":"kim","shift":"late"}],"cages":{"7":"west"},"order":2.5,"status":{"fed":true},"future":[1,{"a":"b"}]})";

}  // namespace

TEST(Describe, ReadsAndWritesBackWithUnknownMembersAtEveryLevel) {
  auto animal = read<Animal>(*parse_json(whole));

  ASSERT_TRUE(animal) << animal.error().message;
  EXPECT_EQ(animal->legs, 0);
  EXPECT_EQ(animal->weight->kilograms, 190);
  EXPECT_EQ(animal->extra.at("future"), R"([1,{"a":"b"}])");
  EXPECT_EQ(stored(*animal), whole);
}

TEST(Describe, LeavesEmptyMembersOut) {
  EXPECT_EQ(
      stored(Animal{.name = "leo"}),
      R"({"kind":"Animal","apiVersion":"projectcalico.org/v3","name":"leo","diet":"Plants","cages":{},"status":{}})");
}

TEST(Describe, SaysEverythingThatIsWrongAtOnce) {
  EXPECT_THAT(
      problems_of(R"({"kind":"Plant","diet":"Stones","legs":"four","weight":"heavy","keepers":[{"name":1},{}]})",
                  false),
      testing::ElementsAre("kind: must be Animal (is \"Plant\")", "diet: must be one of Plants, Meat (is \"Stones\")",
                           "legs: must be a whole number (is \"four\")", "weight: must be a weight (is \"heavy\")",
                           "keepers[0].name: must be text (is 1)", "keepers[1].name: is required",
                           "name: is required"));
}

TEST(Describe, RefusesUnknownMembersInUsersDocumentsAndGuessesWhatWasMeant) {
  EXPECT_THAT(
      problems_of(R"({"name":"leo","LEGS":4,"wieght":"1kg","sponsor":"me","chief":{"name":"x","zzz":1}})", true),
      testing::ElementsAre("wieght: is not known; did you mean \"weight\"? (is \"1kg\")",
                           "chief.zzz: is not known (is 1)"));
}

TEST(Describe, ChecksFormatsRangesCountsAndRulesAcrossFields) {
  const Animal animal{
      .name = "LEO", .diet = zoo::Diet::meat, .legs = 9, .keepers = {{"a", 5}, {"b", 50}, {"", 20}}, .tame = true};

  std::vector<std::string> texts;
  for (const Problem& problem : validate(schema_of<Animal>(), &animal)) texts.push_back(to_string(problem));

  EXPECT_THAT(texts, testing::ElementsAre("name: must be lower case (is \"LEO\")", "legs: must be in 0..8 (is 9)",
                                          "keepers: may have at most 2 elements (is 3 elements)",
                                          "keepers[0].age: must be in 16..99 (is 5)", "keepers[2].name: is required",
                                          "tame: no meat eater is tame (is true)"));
}

TEST(Describe, FillsDefaultsOfReadsAndOfWrites) {
  Animal read_back;
  fill_defaults(schema_of<Animal>(), &read_back, true);
  EXPECT_EQ(read_back.order, 100);
  EXPECT_EQ(read_back.chief.age, 0);

  Animal written{.keepers = {{"kim"}}};
  fill_defaults(schema_of<Animal>(), &written, false);
  EXPECT_EQ(written.chief.age, 0) << "an absent struct stays absent";
  EXPECT_EQ(written.keepers[0].age, 18);
}

TEST(Describe, NamesImmutableFieldsThatChanged) {
  const Animal before{.name = "leo"}, after{.name = "cleo"};

  const auto problems = validate_update(schema_of<Animal>(), &before, &after);

  ASSERT_EQ(problems.size(), 1u);
  EXPECT_EQ(to_string(problems[0]), "name: cannot be modified (was \"leo\") (is \"cleo\")");
}

TEST(MemberCount, CountsMembersOfPlainStructs) {
  EXPECT_EQ(member_count<zoo::Keeper>(), 3u);
  EXPECT_EQ(member_count<Animal>(), 12u);
}

TEST(DescribeDeathTest, StopsTheProgramWhenAMemberWasForgotten) {
  EXPECT_DEATH((void)Schema(describe<zoo::Keeper>("Keeper", "").field("name", &zoo::Keeper::name, "")), "members");
}
