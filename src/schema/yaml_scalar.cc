#include "schema/yaml_scalar.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>

#include "base/strings.h"

namespace weft::schema {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool all_digits(std::string_view text) { return !text.empty() && std::all_of(text.begin(), text.end(), is_digit); }

/// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_number(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t start = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - start;
  };
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
  const std::size_t whole = digits();
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (digits() + whole == 0) return false;
  } else if (whole == 0) {
    return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

template <class T>
std::optional<Value> convert(std::string_view digits, int base) {
  T number{};
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, base);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return Value(number);
}

/// As Go's strconv.ParseInt reads it with base 0: 0x1f, 0o17 and 017, 0b11.
std::optional<Value> whole_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (text.size() > 1 && text[0] == '0') {
    const char letter = static_cast<char>(text[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
    text.remove_prefix(base != 8 || letter == 'o' ? 2 : 1);
  }
  if (text.empty() || text.front() == '-') return std::nullopt;
  if (!negative) {
    if (auto number = convert<std::int64_t>(text, base)) return number;
    return convert<std::uint64_t>(text, base);
  }
  return convert<std::int64_t>('-' + std::string(text), base);
}

}  // namespace

Result<Value> yaml_scalar(std::string_view text) {
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") return Value();
  if (text == "true" || text == "True" || text == "TRUE") return Value(true);
  if (text == "false" || text == "False" || text == "FALSE") return Value(false);
  const std::string_view unsigned_text = text.starts_with('-') || text.starts_with('+') ? text.substr(1) : text;
  if (unsigned_text == ".inf" || unsigned_text == ".Inf" || unsigned_text == ".INF" || text == ".nan" ||
      text == ".NaN" || text == ".NAN") {
    return fail(Code::invalid, std::string(text) + " is no number that JSON can hold");
  }
  if (unsigned_text.empty() || (!is_digit(unsigned_text.front()) && unsigned_text.front() != '.')) return Value(text);
  std::string plain(text);
  std::erase(plain, '_');
  if (auto number = whole_number(plain)) return *number;
  if (is_number(plain)) {
    const std::string_view digits = std::string_view(plain).substr(plain.starts_with('+') ? 1 : 0);
    double number = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (error != std::errc()) return fail(Code::invalid, std::string(text) + " is out of range");
    return Value(number);
  }
  return Value(text);
}

namespace {

/// A number in base 60 of YAML 1.1: [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?
bool is_base_60(std::string_view digits) {
  const auto parts = split(digits.substr(0, digits.find('.')), ':');
  for (std::size_t i = 1; i < parts.size(); ++i) {
    if (!all_digits(parts[i]) || parts[i].size() > 2 || (parts[i].size() == 2 && parts[i][0] > '5')) return false;
  }
  return parts.size() > 1;
}

}  // namespace

std::optional<bool> boolean_word(std::string_view text) {
  for (const std::string_view yes : {"yes", "Yes", "YES", "on", "On", "ON", "y", "Y"})
    if (text == yes) return true;
  for (const std::string_view no : {"no", "No", "NO", "off", "Off", "OFF", "n", "N"})
    if (text == no) return false;
  return std::nullopt;
}

bool is_ambiguous_in_yaml(std::string_view text) {
  static const std::set<std::string, std::less<>> words = {"",      "~",     "null", "true", "false", "yes",
                                                           "no",    "on",    "off",  "y",    "n",     ".inf",
                                                           "-.inf", "+.inf", ".nan", "<<",   "="};
  if (words.contains(to_lower(text))) return true;
  std::string_view digits = text;
  if (digits.starts_with('-') || digits.starts_with('+')) digits.remove_prefix(1);
  if (digits.empty() || !(is_digit(digits.front()) || digits.front() == '.')) return false;
  if (digits.find(':') != std::string_view::npos && digits.find('-') == std::string_view::npos)
    return is_base_60(digits);
  // Whatever consists of the letters that numbers, dates and times are written with.
  const bool prefixed = digits.starts_with("0x") || digits.starts_with("0b") || digits.starts_with("0o");
  if (prefixed) digits.remove_prefix(2);
  const std::string_view allowed = prefixed ? "0123456789abcdefABCDEF_" : "0123456789_.:-+eETtZz ";
  return digits.find_first_not_of(allowed) == std::string_view::npos &&
                 digits.find_first_of("0123456789") != std::string_view::npos
             ? prefixed || !std::count(digits.begin(), digits.end(), '.') || is_number(text) ||
                   digits.find_first_of("_:-") != std::string_view::npos || all_digits(digits)
             : false;
}

}  // namespace weft::schema
