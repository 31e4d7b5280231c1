#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/value.h"

namespace weft::schema {

class Schema;

/// What a text must be. Called with one: nullopt when it is, else the sentence for people: "must be a DNS name".
struct TextRule {
  std::string_view doc;           // for the reference: "a DNS name"
  std::string_view pattern = {};  // the same as a regular expression, where one says all of it
  std::optional<std::string> (*check)(std::string_view text) = nullptr;
  std::optional<std::string> operator()(std::string_view text) const { return check(text); }
};

// Options of a described field.
struct Required {};   // must be given; written even when empty
struct Immutable {};  // may not change once the object is there
struct Always {};     // written even when empty
struct KeyOnly {};    // lies in the object's key, not in its JSON
struct NotStored {};  // shown to users, never stored
inline constexpr Required required;
inline constexpr Immutable immutable;
inline constexpr Always always;
inline constexpr KeyOnly key_only;
inline constexpr NotStored not_stored;

struct Range {  // of a number, both ends included
  std::int64_t low;
  std::int64_t high;
};
struct OneOf {  // of a text or a choice: one of these, as spelled
  std::vector<std::string_view> texts;
};
struct Numbers {  // of a number: one of these
  std::vector<std::int64_t> numbers;
};
struct AnyCase {};  // with OneOf: however it is spelled
inline constexpr AnyCase any_case;
struct AtMost {  // elements of a list or map
  std::size_t elements;
};
struct AtLeast {  // elements of a list that is given
  std::size_t elements;
};
struct Unique {};  // no element of a list twice
inline constexpr Unique unique;
struct Length {  // of a text, bytes
  std::size_t bytes;
};
struct Format {  // of a text, or of the texts in a list
  const TextRule& rule;
};
/// Of the text in a user's document, before it is read into a type that forgives more than users may write.
struct Written {
  const TextRule& rule;
};
/// Of an object that is kept as it is: what its members are. It is checked by the kind's own code.
struct Members {
  const Schema& (*schema)();
};
/// Filled in where the field is empty when an object is written, with `on_read` also when a stored one is read.
struct Default {
  Value value;
  bool on_read = false;
};

/// The rules of one field.
struct Rules {
  bool is_required = false;
  bool is_immutable = false;
  bool is_always = false;
  bool is_key_only = false;
  bool is_not_stored = false;
  std::optional<Range> range;
  std::vector<std::string_view> one_of;
  std::vector<std::int64_t> numbers;
  bool is_any_case = false;
  std::optional<std::size_t> at_most;
  std::optional<std::size_t> length;
  std::optional<std::size_t> at_least;
  bool is_unique = false;
  const TextRule* format = nullptr;
  const TextRule* written = nullptr;
  const Schema& (*members)() = nullptr;
  std::optional<Value> fallback;
  bool fallback_on_read = false;

  void add(Required) { is_required = true; }
  void add(Immutable) { is_immutable = true; }
  void add(Always) { is_always = true; }
  void add(KeyOnly) { is_key_only = true; }
  void add(NotStored) { is_not_stored = true; }
  void add(Range v) { range = v; }
  void add(OneOf v) { one_of = std::move(v.texts); }
  void add(Numbers v) { numbers = std::move(v.numbers); }
  void add(AnyCase) { is_any_case = true; }
  void add(AtMost v) { at_most = v.elements; }
  void add(Length v) { length = v.bytes; }
  void add(AtLeast v) { at_least = v.elements; }
  void add(Unique) { is_unique = true; }
  void add(Format v) { format = &v.rule; }
  void add(Written v) { written = &v.rule; }
  void add(Members v) { members = v.schema; }
  void add(Default v) {
    fallback = std::move(v.value);
    fallback_on_read = v.on_read;
  }
};

/// "4 or 6".
std::string list_of_numbers(const std::vector<std::int64_t>& numbers);

/// nullopt when they hold. A text that is empty counts as not given, but not as an element of a list.
std::optional<std::string> broken_rule(const Rules& rules, std::string_view text, bool is_element = false);
std::optional<std::string> broken_rule(const Rules& rules, std::int64_t number);

}  // namespace weft::schema
