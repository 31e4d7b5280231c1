#include "templates/literal.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "templates/utf8.h"

namespace weft::templates {
namespace {

std::optional<std::uint32_t> digits_of(std::string_view& text, std::size_t count, int base) {
  if (text.size() < count) return std::nullopt;
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + count, value, base);
  if (error != std::errc() || end != text.data() + count) return std::nullopt;
  text.remove_prefix(count);
  return value;
}

/// One character of a literal, escaped or not. `bytes` gets its encoding. False: it is malformed.
bool unquote_one(std::string_view& text, char delimiter, std::string& bytes, char32_t& rune) {
  if (text.empty() || text[0] == delimiter || text[0] == '\n') return false;
  if (text[0] != '\\') {
    const Rune one = decode_rune(text);
    bytes += text.substr(0, one.size);
    rune = one.value;
    text.remove_prefix(one.size);
    return true;
  }
  if (text.size() < 2) return false;
  const char escape = text[1];
  text.remove_prefix(2);
  const auto code_point = [&](std::size_t count) {
    const auto value = digits_of(text, count, 16);
    if (!value || *value > 0x10ffff || (*value >= 0xd800 && *value <= 0xdfff)) return false;
    rune = *value;
    append_rune(bytes, rune);
    return true;
  };
  const auto byte = [&](std::optional<std::uint32_t> value) {
    if (!value || *value > 255) return false;
    rune = *value;
    bytes += static_cast<char>(*value);
    return true;
  };
  constexpr std::string_view names = "abfnrtv\\";
  constexpr std::string_view meant = "\a\b\f\n\r\t\v\\";
  if (const auto at = names.find(escape); at != names.npos) return byte(static_cast<unsigned char>(meant[at]));
  switch (escape) {
    case 'x': return byte(digits_of(text, 2, 16));
    case 'u': return code_point(4);
    case 'U': return code_point(8);
    case '\'':
    case '"': return escape == delimiter && byte(static_cast<unsigned char>(escape));
    default: break;
  }
  if (escape < '0' || escape > '7') return false;
  const auto low = digits_of(text, 2, 8);
  return low && byte(static_cast<std::uint32_t>(escape - '0') * 64 + *low);
}

/// Removes the underscores of 1_000; nullopt where Go does not allow one.
std::optional<std::string> without_underscores(std::string_view text, bool prefixed) {
  std::string out;
  char before = prefixed ? '0' : 'x';
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_') {
      if (!std::isxdigit(static_cast<unsigned char>(before)) || i + 1 == text.size() ||
          !std::isxdigit(static_cast<unsigned char>(text[i + 1])))
        return std::nullopt;
    } else {
      out += text[i];
    }
    before = text[i];
  }
  return out;
}

std::optional<double> read_real(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::string_view body = text;
  if (negative || body.starts_with('+')) body.remove_prefix(1);
  const bool hexadecimal = body.starts_with("0x") || body.starts_with("0X");
  if (hexadecimal && body.find_first_of("pP") == body.npos) return std::nullopt;
  const bool underscores = body.find('_') != body.npos;
  if (underscores && !hexadecimal) return std::nullopt;  // only base prefixes allow them, as in ParseFloat
  const auto plain = without_underscores(hexadecimal ? body.substr(2) : body, hexadecimal);
  if (!plain || plain->empty() || plain->find_first_of("0123456789abcdefABCDEF") == std::string::npos)
    return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(plain->data(), plain->data() + plain->size(), value,
                                            hexadecimal ? std::chars_format::hex : std::chars_format::general);
  if (end != plain->data() + plain->size() ||
      (error == std::errc::result_out_of_range && value != 0 && std::abs(value) >= 1))
    return std::nullopt;
  if (error != std::errc()) return std::nullopt;
  return negative ? -value : value;
}

}  // namespace

Result<std::string> unquote(std::string_view literal) {
  const auto bad = [] { return fail(Code::invalid, "invalid syntax"); };
  if (literal.size() < 2 || literal.front() != literal.back()) return bad();
  const char delimiter = literal.front();
  std::string_view body = literal.substr(1, literal.size() - 2);
  std::string out;
  if (delimiter == '`') {
    for (const char c : body) {
      if (c != '\r') out += c;
    }
    return out;
  }
  if (delimiter != '"') return bad();
  char32_t rune = 0;
  while (!body.empty()) {
    if (!unquote_one(body, delimiter, out, rune)) return bad();
  }
  return out;
}

Result<> read_number(Node& number, std::string_view literal) {
  if (literal.starts_with('\'')) {
    std::string_view body = literal.substr(1);
    std::string bytes;
    char32_t rune = 0;
    if (!unquote_one(body, '\'', bytes, rune)) return fail(Code::invalid, "invalid syntax");
    if (body != "'") return fail(Code::invalid, "malformed character constant: " + std::string(literal));
    number.integer = static_cast<std::int64_t>(rune);
    number.real = static_cast<double>(rune);
    number.is_integer = number.is_real = true;
    return {};
  }
  if (literal.ends_with('i')) return fail(Code::unsupported, "complex numbers are not supported: " + quote(literal));

  std::string_view body = literal;
  const bool negative = body.starts_with('-');
  if (negative || body.starts_with('+')) body.remove_prefix(1);
  int base = 10;
  bool prefixed = false;
  if (body.size() > 1 && body[0] == '0') {
    const char letter = static_cast<char>(body[1] | 0x20);
    base = letter == 'x' ? 16 : letter == 'b' ? 2 : 8;
    prefixed = true;
    body.remove_prefix(letter == 'x' || letter == 'b' || letter == 'o' ? 2 : 1);
  }
  if (const auto plain = without_underscores(body, prefixed); plain && !plain->empty()) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(plain->data(), plain->data() + plain->size(), value, base);
    if (error == std::errc() && end == plain->data() + plain->size()) {
      constexpr std::uint64_t top = std::uint64_t{1} << 63;
      if (value < top || (negative && value == top)) {
        number.is_integer = number.is_real = true;
        number.integer = static_cast<std::int64_t>(negative ? 0 - value : value);
        number.real = static_cast<double>(number.integer);
        return {};
      }
      if (!negative && !literal.starts_with('+')) {
        number.is_wide = number.is_real = true;
        number.real = static_cast<double>(value);
        return {};
      }
    }
  }
  const auto real = read_real(literal);
  if (!real) return fail(Code::invalid, "illegal number syntax: " + quote(literal));
  if (literal.find_first_of(".eEpP") == literal.npos) return fail(Code::invalid, "integer overflow: " + quote(literal));
  number.is_real = true;
  number.real = *real;
  if (*real >= -9.2e18 && *real <= 9.2e18 && std::trunc(*real) == *real) {
    number.is_integer = true;
    number.integer = static_cast<std::int64_t>(*real);
  }
  return {};
}

}  // namespace weft::templates
