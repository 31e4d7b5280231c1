#pragma once

#include <concepts>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "schema/description.h"

/// type_of<M>(): the Type of a member's C++ type. Members may be bool, whole numbers, double, text, enums with names,
/// types with a written form (to_string and parse), Object (kept as it is), described structs, and optionals, lists and
/// maps of these.
namespace weft::schema {

/// A type whose JSON is its own: specialise with
///   static std::string form();
///   static Shape shape();  // unless it is any text
///   static std::optional<std::string> read(Value&, T&);   // the rule that is broken: "must be a port"
///   static void write(std::string& out, const T&);
template <class T>
struct Codec;

template <class T>
concept HasCodec = requires(std::string& out, const T& value) { Codec<T>::write(out, value); };

/// An enum's values and how they are written. Join by a function beside the enum:
///   std::span<const schema::Named<Action>> names_of(Action);
template <class E>
struct Named {
  E value;
  std::string_view name;
};
template <class E>
concept NamedEnum = std::is_enum_v<E> && requires(E e) {
  { names_of(e) } -> std::convertible_to<std::span<const Named<E>>>;
};

template <NamedEnum E>
std::string_view name_of(E value) {
  for (const auto& [known, name] : std::span<const Named<E>>(names_of(value))) {
    if (known == value) return name;
  }
  return {};
}

template <class T>
concept HasWrittenForm = requires(const T& value, std::string_view text) {
  { to_string(value) } -> std::convertible_to<std::string>;
  { T::parse(text) } -> std::same_as<Result<T>>;
};

template <class T>
concept WholeNumber = std::integral<T> && !std::same_as<T, bool>;

template <class M>
const Type& type_of();

namespace type {

std::string list_of_names(std::span<const std::string_view> names);
void append_number(std::string& out, std::int64_t number);
void append_number(std::string& out, std::uint64_t number);
/// As JSON, shortened for a message.
std::string shortened(std::string json);

/// Reads what a leaf is, with the rule for texts in users' documents.
template <class M, class Read>
void read_leaf(Reader& reader, const Path& path, const Rules& rules, Value& value, M& out, Read read) {
  if (reader.strict && rules.written && value.as_string()) {
    if (auto rule = (*rules.written)(*value.as_string())) {
      reader.problem(path, value, std::move(*rule));
      return;
    }
  }
  const Value* before = &value;
  if (std::optional<std::string> rule = read(value, out)) reader.problem(path, *before, std::move(*rule));
}

/// Values of the types of one kind of M. The general case: described structs.
template <class M>
struct Of {
  static std::string form() { return std::string(schema_of<M>().kind); }
  static Shape shape() { return {.kind = Shape::Kind::structure, .schema = schema}; }
  static void read(Reader& reader, const Path& path, const Rules&, Value& value, M& out) {
    read_struct(schema_of<M>(), reader, path, value, &out);
  }
  static void write(Writer& writer, const M& value) { write_struct(schema_of<M>(), writer, &value); }
  static bool is_empty(const M& value) { return is_empty_struct(schema_of<M>(), &value); }
  static void check(Checker& checker, const Path& path, const Rules&, const M& value) {
    check_struct(schema_of<M>(), checker, path, &value);
  }
  static void fill(M& value, bool reading) { fill_struct(schema_of<M>(), &value, reading); }
  static const Schema* schema() { return &schema_of<M>(); }
  static const Schema* inner() { return schema(); }
};

/// What leaves have in common.
struct Leaf {
  template <class M>
  static bool is_empty(const M&) {
    return false;
  }
  template <class M>
  static void check(Checker&, const Path&, const Rules&, const M&) {}
  template <class M>
  static void fill(M&, bool) {}
  static const Schema* schema() { return nullptr; }
  static const Schema* inner() { return nullptr; }
};

template <>
struct Of<bool> : Leaf {
  static std::string form() { return "true or false"; }
  static Shape shape() { return {Shape::Kind::boolean}; }
  static void read(Reader& reader, const Path& path, const Rules&, Value& value, bool& out) {
    const auto word = reader.strict && value.as_string() ? boolean_word(*value.as_string()) : std::nullopt;
    if (const bool* v = word ? &*word : value.as_bool())
      out = *v;
    else
      reader.problem(path, value, "must be true or false");
  }
  static void write(Writer& writer, bool value) { writer.out += value ? "true" : "false"; }
  static bool is_empty(bool value) { return !value; }
};

template <WholeNumber M>
struct Of<M> : Leaf {
  static std::string form() { return "whole number"; }
  static Shape shape() {
    constexpr M high = std::numeric_limits<M>::max();
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    return {.kind = Shape::Kind::whole,
            .range = Range{static_cast<std::int64_t>(std::numeric_limits<M>::min()),
                           std::in_range<std::int64_t>(high) ? static_cast<std::int64_t>(high) : most}};
  }
  static void read(Reader& reader, const Path& path, const Rules&, Value& value, M& out) {
    if (const auto* v = value.as_int(); v && std::in_range<M>(*v)) {
      out = static_cast<M>(*v);
    } else if (const auto* u = std::get_if<std::uint64_t>(&value.variant()); u && std::in_range<M>(*u)) {
      out = static_cast<M>(*u);
    } else {
      reader.problem(path, value, value.is_number() ? "is out of range" : "must be a whole number");
    }
  }
  static void write(Writer& writer, M value) {
    append_number(writer.out, static_cast<std::conditional_t<std::is_signed_v<M>, std::int64_t, std::uint64_t>>(value));
  }
  static bool is_empty(M value) { return value == 0; }
  static void check(Checker& checker, const Path& path, const Rules& rules, M value) {
    if constexpr (std::is_signed_v<M> || sizeof(M) < 8) {
      if (auto rule = broken_rule(rules, std::int64_t{value}))
        checker.problem(path, std::to_string(value), std::move(*rule));
    }
  }
};

template <>
struct Of<double> : Leaf {
  static std::string form() { return "number"; }
  static Shape shape() { return {Shape::Kind::number}; }
  static void read(Reader& reader, const Path& path, const Rules&, Value& value, double& out) {
    if (value.is_number())
      out = value.number();
    else
      reader.problem(path, value, "must be a number");
  }
  static void write(Writer& writer, double value) { append_json(writer.out, value); }
  static bool is_empty(double value) { return value == 0; }
};

template <>
struct Of<std::string> : Leaf {
  static std::string form() { return "text"; }
  static Shape shape() { return {.kind = Shape::Kind::text, .takes_empty = true, .takes_scalars = true}; }
  static void read(Reader& reader, const Path& path, const Rules&, Value& value, std::string& out);
  static void write(Writer& writer, const std::string& value) { append_json(writer.out, std::string_view(value)); }
  static bool is_empty(const std::string& value) { return value.empty(); }
  static void check(Checker& checker, const Path& path, const Rules& rules, const std::string& value);
};

template <>
struct Of<Object> : Leaf {
  static std::string form() { return "object"; }
  static Shape shape() {
    return {Shape::Kind::map, {}, [] { return Shape{}; }};
  }
  static void read(Reader& reader, const Path& path, const Rules&, Value& value, Object& out) {
    if (Object* v = value.as_object())
      out = std::move(*v);
    else
      reader.problem(path, value, "must be an object");
  }
  static void write(Writer& writer, const Object& value) { append_json(writer.out, Value(value)); }
  static bool is_empty(const Object& value) { return value.empty(); }
};

template <NamedEnum M>
struct Of<M> : Leaf {
  static std::string form() {
    std::vector<std::string_view> names;
    for (const auto& [value, name] : std::span<const Named<M>>(names_of(M{}))) names.push_back(name);
    return "one of " + list_of_names(names);
  }
  static Shape shape() {
    Shape shape{.kind = Shape::Kind::choice, .takes_empty = true};
    for (const auto& [value, name] : std::span<const Named<M>>(names_of(M{}))) shape.choices.push_back(name);
    return shape;
  }
  static void read(Reader& reader, const Path& path, const Rules& rules, Value& value, M& out) {
    if (const std::string* text = value.as_string()) {
      // Go has the empty text for "not set".
      if (text->empty() && !(reader.strict && (rules.is_required || path.index >= 0))) return;
      for (const auto& [known, name] : std::span<const Named<M>>(names_of(M{}))) {
        if (name != *text) continue;
        out = known;
        return;
      }
    }
    reader.problem(path, value, "must be " + (rules.one_of.empty() ? form() : "one of " + list_of_names(rules.one_of)));
  }
  static void write(Writer& writer, const M& value) { append_json(writer.out, name_of(value)); }
  static void check(Checker& checker, const Path& path, const Rules& rules, const M& value) {
    if (auto rule = broken_rule(rules, name_of(value), path.index >= 0))
      checker.problem(path, to_json(name_of(value)), std::move(*rule));
  }
};

template <HasCodec M>
struct Of<M> : Leaf {
  static std::string form() { return Codec<M>::form(); }
  static Shape shape() {
    if constexpr (requires { Codec<M>::shape(); })
      return Codec<M>::shape();
    else
      return {Shape::Kind::text};
  }
  static void read(Reader& reader, const Path& path, const Rules& rules, Value& value, M& out) {
    read_leaf(reader, path, rules, value, out, [](Value& v, M& o) { return Codec<M>::read(v, o); });
  }
  static void write(Writer& writer, const M& value) { Codec<M>::write(writer.out, value); }
};

template <HasWrittenForm M>
  requires(!HasCodec<M>)
struct Of<M> : Leaf {
  static std::string form() { return "text"; }
  static Shape shape() { return {Shape::Kind::text}; }
  static void read(Reader& reader, const Path& path, const Rules& rules, Value& value, M& out) {
    read_leaf(reader, path, rules, value, out, [](Value& v, M& o) -> std::optional<std::string> {
      if (!v.as_string()) return "must be text";
      auto parsed = M::parse(*v.as_string());
      if (!parsed) return std::move(parsed.error().message);
      o = std::move(*parsed);
      return std::nullopt;
    });
  }
  static void write(Writer& writer, const M& value) { append_json(writer.out, std::string_view(to_string(value))); }
};

template <class M>
struct Of<std::optional<M>> {
  static constexpr bool takes_empty = std::is_enum_v<M> || HasWrittenForm<M>;
  static std::string form() { return Of<M>::form(); }
  static Shape shape() {
    Shape shape = Of<M>::shape();
    shape.takes_null = true;
    shape.takes_empty |= takes_empty;
    return shape;
  }
  static void read(Reader& reader, const Path& path, const Rules& rules, Value& value, std::optional<M>& out) {
    out.reset();
    if (value.is_null()) return;
    if constexpr (takes_empty) {
      if (value.as_string() && value.as_string()->empty()) return;  // Go's "not set"
    }
    Of<M>::read(reader, path, rules, value, out.emplace());
  }
  static void write(Writer& writer, const std::optional<M>& value) {
    if (value)
      Of<M>::write(writer, *value);
    else
      writer.out += "null";
  }
  static bool is_empty(const std::optional<M>& value) { return !value; }
  static void check(Checker& checker, const Path& path, const Rules& rules, const std::optional<M>& value) {
    if (value) Of<M>::check(checker, path, rules, *value);
  }
  static void fill(std::optional<M>& value, bool reading) {
    if (value) Of<M>::fill(*value, reading);
  }
  static const Schema* schema() { return nullptr; }
  static const Schema* inner() { return Of<M>::inner(); }
};

void check_count(Checker& checker, const Path& path, const Rules& rules, std::size_t count);
void check_unique(Checker& checker, const Path& path, const std::vector<std::string>& elements);

template <class M>
struct Of<std::vector<M>> {
  static std::string form() { return "list of " + Of<M>::form(); }
  static Shape shape() { return {Shape::Kind::list, {}, Of<M>::shape}; }
  static void read(Reader& reader, const Path& path, const Rules& rules, Value& value, std::vector<M>& out) {
    Array* array = value.as_array();
    if (!array) {
      reader.problem(path, value, "must be a list");
      return;
    }
    out.clear();
    out.resize(array->size());
    for (std::size_t i = 0; i < array->size(); ++i) {
      const Path element{&path, {}, static_cast<std::ptrdiff_t>(i)};
      Of<M>::read(reader, element, rules, (*array)[i], out[i]);
    }
  }
  static void write(Writer& writer, const std::vector<M>& value) {
    writer.out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) writer.out += ',';
      Of<M>::write(writer, value[i]);
    }
    writer.out += ']';
  }
  static bool is_empty(const std::vector<M>& value) { return value.empty(); }
  static void check(Checker& checker, const Path& path, const Rules& rules, const std::vector<M>& value) {
    check_count(checker, path, rules, value.size());
    if (rules.is_unique && value.size() > 1) {
      std::vector<std::string> elements(value.size());
      for (std::size_t i = 0; i < value.size(); ++i) {
        Writer writer{elements[i]};
        Of<M>::write(writer, value[i]);
      }
      check_unique(checker, path, elements);
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      Of<M>::check(checker, Path{&path, {}, static_cast<std::ptrdiff_t>(i)}, rules, value[i]);
    }
  }
  static void fill(std::vector<M>& value, bool reading) {
    for (M& element : value) Of<M>::fill(element, reading);
  }
  static const Schema* schema() { return nullptr; }
  static const Schema* inner() { return Of<M>::inner(); }
};

/// Keys of maps are text or whole numbers.
inline std::string_view key_text(const std::string& key) { return key; }
inline std::string key_text(int key) { return std::to_string(key); }
inline bool parse_key(const std::string& text, std::string& out) {
  out = text;
  return true;
}
bool parse_key(const std::string& text, int& out);

template <class K, class M>
struct Of<std::map<K, M>> {
  static std::string form() { return "map of " + Of<M>::form(); }
  static Shape shape() { return {Shape::Kind::map, {}, Of<M>::shape}; }
  static void read(Reader& reader, const Path& path, const Rules& rules, Value& value, std::map<K, M>& out) {
    Object* object = value.as_object();
    if (!object) {
      reader.problem(path, value, "must be a map");
      return;
    }
    out.clear();
    for (auto& [name, member] : *object) {
      const Path element{&path, name};
      K key{};
      if (!parse_key(name, key)) {
        reader.problem(element, Value(name), "must be a whole number");
      } else {
        Of<M>::read(reader, element, rules, member, out[std::move(key)]);
      }
    }
  }
  static void write(Writer& writer, const std::map<K, M>& value) {
    writer.out += '{';
    bool first = true;
    for (const auto& [key, member] : value) {
      if (!std::exchange(first, false)) writer.out += ',';
      append_json(writer.out, std::string_view(key_text(key)));
      writer.out += ':';
      Of<M>::write(writer, member);
    }
    writer.out += '}';
  }
  static bool is_empty(const std::map<K, M>& value) { return value.empty(); }
  static void check(Checker& checker, const Path& path, const Rules& rules, const std::map<K, M>& value) {
    check_count(checker, path, rules, value.size());
    for (const auto& [key, member] : value) {
      const auto text = key_text(key);
      Of<M>::check(checker, Path{&path, text}, rules, member);
    }
  }
  static void fill(std::map<K, M>&, bool) {}
  static const Schema* schema() { return nullptr; }
  static const Schema* inner() { return Of<M>::inner(); }
};

}  // namespace type

template <class M>
const Type& type_of() {
  using Of = type::Of<M>;
  static constexpr Type table = {
      .shape = [] { return Of::shape(); },
      .form = [] { return Of::form(); },
      .read = [](Reader& reader, const Path& path, const Rules& rules, Value& value,
                 void* out) { Of::read(reader, path, rules, value, *static_cast<M*>(out)); },
      .write = [](Writer& writer, const void* value) { Of::write(writer, *static_cast<const M*>(value)); },
      .is_empty = [](const void* value) { return Of::is_empty(*static_cast<const M*>(value)); },
      .check = [](Checker& checker, const Path& path, const Rules& rules,
                  const void* value) { Of::check(checker, path, rules, *static_cast<const M*>(value)); },
      .fill = [](void* value, bool reading) { Of::fill(*static_cast<M*>(value), reading); },
      .schema = [] { return Of::schema(); },
      .inner = [] { return Of::inner(); },
  };
  return table;
}

/// The Type of a text member that holds JSON: what stands there is kept as it is, as text.
const Type& json_text_type();

}  // namespace weft::schema
