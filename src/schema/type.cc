#include "schema/type.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace weft::schema {

namespace type {

std::string list_of_names(std::span<const std::string_view> names) {
  std::string text;
  for (const std::string_view name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text;
}

namespace {
template <class N>
void append_digits(std::string& out, N number) {
  char buffer[24];
  out.append(buffer, std::to_chars(buffer, buffer + sizeof buffer, number).ptr);
}
}  // namespace

void append_number(std::string& out, std::int64_t number) { append_digits(out, number); }
void append_number(std::string& out, std::uint64_t number) { append_digits(out, number); }

std::string shortened(std::string json) {
  constexpr std::size_t most = 60;
  if (json.size() <= most) return json;
  std::size_t cut = most - 3;
  while (cut > 0 && (static_cast<unsigned char>(json[cut]) & 0xc0) == 0x80) --cut;  // not within a character
  return json.substr(0, cut) + "...";
}

void Of<std::string>::read(Reader& reader, const Path& path, const Rules&, Value& value, std::string& out) {
  if (std::string* text = value.as_string()) {
    out = std::move(*text);
  } else if (value.is_null()) {
    out.clear();  // an element; as Go reads it
  } else if (reader.strict && (value.is_number() || value.as_bool())) {
    out = to_json(value);  // what YAML takes for a number may be meant as text: a name such as 10
  } else {
    reader.problem(path, value, "must be text");
  }
}

void Of<std::string>::check(Checker& checker, const Path& path, const Rules& rules, const std::string& value) {
  if (auto rule = broken_rule(rules, value, path.index >= 0)) {
    std::string json;
    append_json(json, std::string_view(value));
    checker.problem(path, std::move(json), std::move(*rule));
  }
}

void check_count(Checker& checker, const Path& path, const Rules& rules, std::size_t count) {
  if (rules.at_most && count > *rules.at_most) {
    checker.problem(path, fmt::format("{} elements", count),
                    fmt::format("may have at most {} elements", *rules.at_most));
  }
  if (rules.at_least && count < *rules.at_least) {
    checker.problem(path, fmt::format("{} elements", count),
                    fmt::format("must have at least {} element{}", *rules.at_least, *rules.at_least == 1 ? "" : "s"));
  }
}

void check_unique(Checker& checker, const Path& path, const std::vector<std::string>& elements) {
  for (std::size_t i = 1; i < elements.size(); ++i) {
    if (std::find(elements.begin(), elements.begin() + static_cast<std::ptrdiff_t>(i), elements[i]) ==
        elements.begin() + static_cast<std::ptrdiff_t>(i))
      continue;
    checker.problem(Path{&path, {}, static_cast<std::ptrdiff_t>(i)}, elements[i], "is given twice");
  }
}

bool parse_key(const std::string& text, int& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace type

const Type& json_text_type() {
  static constexpr Type table = {
      .shape = [] { return Shape{}; },
      .form = [] { return std::string("anything"); },
      .read = [](Reader&, const Path&, const Rules&, Value& value,
                 void* out) { *static_cast<std::string*>(out) = value.is_null() ? "" : to_json(value); },
      .write =
          [](Writer& writer, const void* value) {
            const auto& text = *static_cast<const std::string*>(value);
            writer.out += text.empty() ? "{}" : text;
          },
      .is_empty = [](const void* value) { return static_cast<const std::string*>(value)->empty(); },
      .check = [](Checker&, const Path&, const Rules&, const void*) {},
      .fill = [](void*, bool) {},
      .schema = []() -> const Schema* { return nullptr; },
      .inner = []() -> const Schema* { return nullptr; },
  };
  return table;
}

}  // namespace weft::schema
