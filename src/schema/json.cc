#include <fmt/core.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <cmath>
#include <cstdlib>

#include "schema/value.h"

namespace weft::schema {

namespace {

namespace json = boost::json;

/// Builds a Value from the events of Boost.JSON's parser. Finished values wait on one stack until the list or object
/// they belong to is complete, so each container is allocated once, at its size.
struct Builder {
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  std::vector<Value> values;
  std::vector<std::string> names;
  Builder() {
    values.reserve(64);
    names.reserve(64);
  }

  std::string text;  // of a key or string that comes in parts

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t size, json::error_code&) {
    const auto first = values.end() - static_cast<std::ptrdiff_t>(size);
    Array array(std::make_move_iterator(first), std::make_move_iterator(values.end()));
    values.erase(first, values.end());
    values.emplace_back(std::move(array));
    return true;
  }
  bool on_object_begin(json::error_code&) { return true; }
  bool on_object_end(std::size_t size, json::error_code&) {
    std::vector<Member> members;
    members.reserve(size);
    auto name = names.end() - static_cast<std::ptrdiff_t>(size);
    auto value = values.end() - static_cast<std::ptrdiff_t>(size);
    const auto first_name = name;
    const auto first_value = value;
    for (; name != names.end(); ++name, ++value) members.emplace_back(std::move(*name), std::move(*value));
    names.erase(first_name, names.end());
    values.erase(first_value, values.end());
    values.emplace_back(Object(std::move(members)));
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code&) {
    names.push_back(finish(part));
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view part, std::size_t, json::error_code&) {
    values.emplace_back(finish(part));
    return true;
  }
  bool on_number_part(json::string_view part, json::error_code&) {
    text.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t number, json::string_view, json::error_code&) {
    text.clear();
    values.emplace_back(number);
    return true;
  }
  bool on_uint64(std::uint64_t number, json::string_view, json::error_code&) {
    text.clear();
    values.emplace_back(number);
    return true;
  }
  bool on_double(double, json::string_view part, json::error_code& error) {
    // The parser's own conversion may be off by a bit in the last place; the library's is exact.
    const double number = std::strtod(finish(part).c_str(), nullptr);
    if (!std::isfinite(number)) {
      error = json::error::exponent_overflow;
      return false;
    }
    values.emplace_back(number);
    return true;
  }
  bool on_bool(bool value, json::error_code&) {
    values.emplace_back(value);
    return true;
  }
  bool on_null(json::error_code&) {
    values.emplace_back();
    return true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  std::string finish(json::string_view part) {
    if (text.empty()) return std::string(part.data(), part.size());
    text.append(part.data(), part.size());
    return std::exchange(text, {});
  }
};

std::string_view sentence(const json::error_code& error) {
  if (error == json::error::incomplete) return "ends too early";
  if (error == json::error::extra_data) return "something follows the value";
  if (error == json::error::exponent_overflow) return "number out of range";
  if (error == json::error::too_deep) return "nested too deep";
  if (error == json::error::expected_utf16_escape || error == json::error::illegal_leading_surrogate ||
      error == json::error::illegal_trailing_surrogate) {
    return "bad \\u escape";
  }
  return "this does not belong here";
}

}  // namespace

Result<Value> parse_json(std::string_view text) {
  json::parse_options options;
  options.max_depth = 256;
  json::basic_parser<Builder> parser(options);
  json::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used < text.size()) error = json::error::extra_data;
  if (!error) {
    CHECK(parser.handler().values.size() == 1);
    return std::move(parser.handler().values.front());
  }
  const std::string_view before = text.substr(0, used);
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto line_start = before.rfind('\n');
  const auto column = before.size() - (line_start == std::string_view::npos ? 0 : line_start + 1) + 1;
  return fail(Code::invalid, fmt::format("line {}, column {}: {}", line, column, sentence(error)));
}

}  // namespace weft::schema
