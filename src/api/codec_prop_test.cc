// decode(encode(x)) = x for every kind, and what we do not know survives. Documents are made from the descriptions.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "api/codec.h"
#include "api/described.h"
#include "api/felix_parameter.h"

using namespace weft;
using namespace weft::api;
using schema::Value;

namespace {

using Random = std::mt19937;
bool chance(Random& random, unsigned one_in) { return random() % one_in == 0; }

Value a_leaf(Random& random) {
  static const Value leaves[] = {"x",
                                 "a-b",
                                 "10.0.0.1",
                                 "10.0.0.0/8",
                                 "fd00::1",
                                 "fd00::/64",
                                 "10.0.0.1/24",
                                 "fd00::1/64",
                                 "TCP",
                                 "all()",
                                 "has(a) && b == 'c'",
                                 "",
                                 "1m30s",
                                 "Allow",
                                 "Deny",
                                 "Never",
                                 "Always",
                                 "CrossSubnet",
                                 "Ingress",
                                 "Egress",
                                 "http",
                                 "8000:8100",
                                 "aa:bb:cc:dd:ee:ff",
                                 "\"quoted\" \\ \n \xc3\xa9",
                                 0,
                                 1,
                                 26,
                                 4,
                                 64512,
                                 255,
                                 65535,
                                 true,
                                 false,
                                 2.5,
                                 1e21,
                                 std::uint64_t{18446744073709551615u}};
  return leaves[random() % std::size(leaves)];
}

Value a_document(const schema::Schema& schema, Random& random, int depth);

/// A value that the field reads without a word; null when none was found.
Value a_value(const schema::Field& field, Random& random, int depth, void* scratch) {
  for (int tries = 0; tries < 60; ++tries) {
    Value value = a_leaf(random);
    if (const schema::Schema* inner = field.type->inner()) {
      value = a_document(*inner, random, depth + 1);
    } else if (chance(random, 20)) {
      value = schema::Object{{"anything", a_leaf(random)}};
    }
    const auto shape = random() % 3;
    if (shape == 1) value = schema::Array{value, value};
    if (shape == 2 && !field.type->schema()) value = schema::Object{{"7", value}};
    schema::Reader reader;
    Value copy = value;
    field.type->read(reader, {}, field.rules, copy, field.in(scratch));
    if (reader.problems.empty()) return value;
  }
  return {};
}

/// Space to try values in, by description.
std::map<const schema::Schema*, std::shared_ptr<void>> scratch_of;

Value a_document(const schema::Schema& schema, Random& random, int depth) {
  schema::Object document;
  auto& space = scratch_of[&schema];
  if (!space) space = schema.make();
  void* scratch = space.get();
  for (const schema::Field& field : schema.fields) {
    if (field.rules.is_key_only || (!field.rules.is_required && (depth > 4 || chance(random, 2)))) continue;
    Value value = a_value(field, random, depth, scratch);
    if (!value.is_null()) document.set(std::string(field.name), std::move(value));
  }
  if (chance(random, 3))
    document.set("newerMember", schema::Object{{"a", a_leaf(random)}, {"b", schema::Array{1, a_leaf(random)}}});
  return document;
}

template <class T>
class EveryKind : public testing::Test {};
template <class, class... T>
using AllButFirst = testing::Types<T...>;
#define WEFT_TYPE(T) , T
using Kinds = AllButFirst<void WEFT_KINDS(WEFT_TYPE)>;
#undef WEFT_TYPE
TYPED_TEST_SUITE(EveryKind, Kinds);

}  // namespace

TYPED_TEST(EveryKind, IsTheSameAfterWritingAndReading) {
  std::size_t read = 0, newer = 0;
  rc::check([&](std::uint32_t seed) {
    Random random(seed);
    const Value document = a_document(schema::schema_of<TypeParam>(), random, 0);
    auto object = from_value<TypeParam>(document);
    if (!object) RC_DISCARD(object.error().message);
    if constexpr (requires { object->metadata; }) object->metadata.resource_version.clear();  // never stored
    ++read;
    const std::string text = to_json(*object);
    const auto again = from_json<TypeParam>(text);
    RC_ASSERT(again.has_value());
    if constexpr (std::is_same_v<TypeParam, FelixConfiguration>) {  // writing drops empty members and adds bpfLogLevel
      RC_ASSERT(from_json<TypeParam>(to_json(*again))->spec == again->spec);
    } else {
      RC_ASSERT(*again == *object);
    }
    RC_ASSERT(to_json(*again) == text);
    if (const Value* member = document.at("newerMember")) {
      ++newer;
      RC_ASSERT(*schema::parse_json(text)->at("newerMember") == *member);
    }
    validate(*object);  // never stops the program
  });
  EXPECT_GT(read, 50u);
  EXPECT_GT(newer, 10u);
}

TYPED_TEST(EveryKind, FillsDefaultsOnce) {
  rc::check([&](std::uint32_t seed) {
    Random random(seed);
    auto object = from_value<TypeParam>(a_document(schema::schema_of<TypeParam>(), random, 0));
    if (!object) RC_DISCARD("unreadable");
    set_defaults(*object);
    const TypeParam once = *object;
    set_defaults(*object);
    RC_ASSERT(*object == once);
  });
}

RC_GTEST_PROP(Durations, AreTheSameAfterWritingAndReading, (std::int64_t nanoseconds)) {
  RC_PRE(nanoseconds > std::numeric_limits<std::int64_t>::min());
  const Duration duration{std::chrono::nanoseconds(nanoseconds)};
  RC_ASSERT(*parse_duration(to_string(duration)) == duration);
}

RC_GTEST_PROP(EndpointNames, AreTheSameAfterWritingAndReading, ()) {
  const auto part = [] {
    return *rc::gen::suchThat(rc::gen::container<std::string>(rc::gen::element('a', '-', '.', '1')),
                              [](const std::string& s) { return !s.empty() && s.front() != '-' && s.back() != '-'; });
  };
  const EndpointName name{part(), part(), part(), part()};
  RC_ASSERT(*parse_endpoint_name(*to_name(name)) == name);
}
