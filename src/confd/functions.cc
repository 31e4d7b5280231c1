#include "confd/functions.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>

#include "confd/datetime.h"
#include "confd/keys.h"
#include "confd/resolver.h"
#include "schema/value.h"
#include "templates/utf8.h"

namespace weft::confd {
using namespace templates;
namespace {

using Arguments = std::span<const Value>;
using Kind = Value::Kind;

std::unexpected<Error> bad(std::string message) { return fail(Code::invalid, std::move(message)); }

// Text.

std::vector<std::string> split_text(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  if (separator.empty()) {
    while (!text.empty()) {
      const std::size_t size = decode_rune(text).size;
      parts.emplace_back(text.substr(0, size));
      text.remove_prefix(size);
    }
    return parts;
  }
  for (auto at = text.find(separator); at != text.npos; at = text.find(separator)) {
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  parts.emplace_back(text);
  return parts;
}

std::string join_text(const List& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i].as_string();
  }
  return out;
}

/// The first `count` occurrences, all when it is negative. An empty `from` matches before each character and at the
/// end.
std::string replace_text(std::string_view text, std::string_view from, std::string_view to, std::int64_t count) {
  std::string out;
  std::int64_t done = 0;
  while (count < 0 || done < count) {
    if (from.empty()) {
      out += to;
      ++done;
      if (text.empty()) return out;
      const std::size_t size = decode_rune(text).size;
      out += text.substr(0, size);
      text.remove_prefix(size);
      continue;
    }
    const auto at = text.find(from);
    if (at == text.npos) break;
    out.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
    ++done;
  }
  return out.append(text);
}

/// ASCII, Latin-1, Greek and Cyrillic; other scripts stay as they are.
std::string change_case(std::string_view text, bool upper) {
  std::string out;
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    char32_t c = rune.value;
    const auto shift = [&](char32_t first, char32_t last, int up_offset) {
      const char32_t from = upper ? first : first + static_cast<char32_t>(up_offset);
      const char32_t to = upper ? last : last + static_cast<char32_t>(up_offset);
      if (c < from || c > to) return false;
      c = c + static_cast<char32_t>(upper ? up_offset : -up_offset);
      return true;
    };
    // lower-case ranges and where their capitals are
    if (c != 0xf7 && c != 0xd7)
      (void)(shift('a', 'z', -32) || shift(0xe0, 0xfe, -32) || shift(0x3b1, 0x3c1, -32) || shift(0x3c3, 0x3c9, -32) ||
             shift(0x430, 0x44f, -32) || shift(0x450, 0x45f, -80));
    if (rune.valid())
      append_rune(out, c);
    else
      out += text.substr(0, rune.size);
    text.remove_prefix(rune.size);
  }
  return out;
}

std::string base_name(std::string_view path) {
  if (path.empty()) return ".";
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  if (path == "/") return "/";
  return std::string(path.substr(path.rfind('/') + 1));  // npos + 1 is 0
}

std::string directory_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return clean_path(slash == path.npos ? "" : path.substr(0, slash + 1));
}

constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string base64_encode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    std::uint32_t bits = 0;
    const std::size_t have = std::min<std::size_t>(3, text.size() - i);
    for (std::size_t j = 0; j < 3; ++j) bits = bits << 8 | (j < have ? static_cast<unsigned char>(text[i + j]) : 0u);
    for (std::size_t j = 0; j < 4; ++j) out += j <= have ? base64_digits[bits >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

Result<Value> base64_decode(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int have = 0;
  std::size_t i = 0;
  std::size_t digits = 0;
  for (; i < text.size(); ++i) {
    if (text[i] == '\n' || text[i] == '\r') continue;
    const auto digit = base64_digits.find(text[i]);
    if (digit == base64_digits.npos) break;
    ++digits;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out += static_cast<char>(bits >> have & 0xff);
  }
  std::size_t padding = 0;
  const std::size_t padding_start = i;
  for (; i < text.size(); ++i) {
    if (text[i] == '=')
      ++padding;
    else if (text[i] != '\n' && text[i] != '\r')
      return bad(fmt::format("illegal base64 data at input byte {}", i));
  }
  if (digits % 4 == 1 || padding != (4 - digits % 4) % 4)
    return bad(
        fmt::format("illegal base64 data at input byte {}", padding == 0 ? text.size() - digits % 4 : padding_start));
  return Value(std::move(out));
}

// JSON.

Result<Value> json(Arguments a, bool array) {
  const schema::Value parsed = TRY(schema::parse_json(a[0].as_string()));
  const Value value = Value::from_json(parsed);
  if (value.is_nil()) return array ? Value::list({}) : Value::map({});
  if (array && value.kind() != Kind::list) return bad("json: cannot unmarshal into Go value of type []interface {}");
  if (!array && value.kind() != Kind::map)
    return bad("json: cannot unmarshal into Go value of type map[string]interface {}");
  return value;
}

Result<Value> make_map(Arguments a) {
  if (a.size() % 2 != 0) return bad("invalid map call");
  Map members;
  for (std::size_t i = 0; i < a.size(); i += 2) {
    if (a[i].kind() != Kind::string) return bad("map keys must be strings");
    members.insert_or_assign(a[i].as_string(), a[i + 1]);
  }
  return Value::map(std::move(members));
}

// Numbers.

template <class Operation>
Callable arithmetic(Operation operation) {
  return {{type::integer, type::integer}, false, [operation](Arguments a) -> Result<Value> {
            const auto x = static_cast<std::uint64_t>(a[0].as_integer());
            const auto y = static_cast<std::uint64_t>(a[1].as_integer());
            return Value(static_cast<std::int64_t>(operation(x, y)));  // wraps, as in Go
          }};
}

Callable division(bool remainder) {
  return {{type::integer, type::integer}, false, [remainder](Arguments a) -> Result<Value> {
            const std::int64_t x = a[0].as_integer();
            const std::int64_t y = a[1].as_integer();
            if (y == 0) return bad("runtime error: integer divide by zero");
            if (y == -1)
              return Value(remainder ? std::int64_t{0} : static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(x)));
            return Value(remainder ? x % y : x / y);
          }};
}

Result<Value> sequence(Arguments a) {
  const std::int64_t first = a[0].as_integer();
  const std::int64_t last = a[1].as_integer();
  constexpr std::uint64_t most = 1'000'000;
  if (last >= first && static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first) >= most)
    return bad(fmt::format("seq: more than {} numbers", most));
  List numbers;
  for (std::int64_t i = first; i <= last; ++i) {
    numbers.emplace_back(i);
    if (i == last) break;  // the next may not exist
  }
  return Value::list(std::move(numbers), type::integers);
}

Result<Value> parse_bool(Arguments a) {
  const std::string& text = a[0].as_string();
  for (const std::string_view word : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == word) return Value(true);
  }
  for (const std::string_view word : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == word) return Value(false);
  }
  return bad(fmt::format("strconv.ParseBool: parsing {}: invalid syntax", quote(text)));
}

Result<Value> atoi(Arguments a) {
  const std::string& text = a[0].as_string();
  std::string_view digits = text;
  if (digits.starts_with('+') && digits.size() > 1 && digits[1] != '-') digits.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error == std::errc::result_out_of_range)
    return bad(fmt::format("strconv.Atoi: parsing {}: value out of range", quote(text)));
  if (error != std::errc() || end != digits.data() + digits.size())
    return bad(fmt::format("strconv.Atoi: parsing {}: invalid syntax", quote(text)));
  return Value(number);
}

// Lists.

Result<Value> reverse(Arguments a) {
  const Value& value = a[0];
  if (value.type() != type::strings && value.type() != type::pair_list) return value;  // as confd: only these two
  List items(value.as_list().rbegin(), value.as_list().rend());
  return Value::list(std::move(items), value.type());
}

template <class Text>
Result<Value> sort_by_length(const Value& list, std::string_view type, Text text) {
  const List& from = list.as_list();
  std::vector<std::pair<std::size_t, std::size_t>> order;  // length and place: equal lengths stay in order
  for (std::size_t i = 0; i < from.size(); ++i) order.emplace_back(text(from[i]).size(), i);
  std::sort(order.begin(), order.end());
  List items;
  for (const auto& [length, place] : order) items.push_back(from[place]);
  return Value::list(std::move(items), type);
}

// The machine.

Result<Value> get_environment(Arguments a) {
  const char* value = std::getenv(a[0].as_string().c_str());
  if (value != nullptr && *value != '\0') return Value(value);
  return a.size() > 1 ? a[1] : Value("");
}

Result<Value> services(Arguments a) {
  List list;
  for (const Service& s : lookup_services(a[0].as_string(), a[1].as_string(), a[2].as_string())) {
    list.push_back(Value::record("net.SRV", {{"Target", s.target},
                                             {"Port", Value::natural(s.port, "uint16")},
                                             {"Priority", Value::natural(s.priority, "uint16")},
                                             {"Weight", Value::natural(s.weight, "uint16")}}));
  }
  return Value::list(std::move(list), "[]*net.SRV");
}

Functions make() {
  using namespace type;
  const auto text = [](Arguments a, std::size_t i) -> const std::string& { return a[i].as_string(); };
  Functions f;
  f["base"] = {{string}, false, [=](Arguments a) -> Result<Value> { return Value(base_name(text(a, 0))); }};
  f["dir"] = {{string}, false, [=](Arguments a) -> Result<Value> { return Value(directory_name(text(a, 0))); }};
  f["split"] = {{string, string}, false, [=](Arguments a) -> Result<Value> {
                  return Value::strings(split_text(text(a, 0), text(a, 1)));
                }};
  f["join"] = {{strings, string}, false, [=](Arguments a) -> Result<Value> {
                 return Value(join_text(a[0].as_list(), text(a, 1)));
               }};
  f["toUpper"] = {{string}, false, [=](Arguments a) -> Result<Value> { return Value(change_case(text(a, 0), true)); }};
  f["toLower"] = {{string}, false, [=](Arguments a) -> Result<Value> { return Value(change_case(text(a, 0), false)); }};
  f["contains"] = {{string, string}, false, [=](Arguments a) -> Result<Value> {
                     return Value(text(a, 0).find(text(a, 1)) != std::string::npos);
                   }};
  f["replace"] = {{string, string, string, integer}, false, [=](Arguments a) -> Result<Value> {
                    return Value(replace_text(text(a, 0), text(a, 1), text(a, 2), a[3].as_integer()));
                  }};
  f["hasSuffix"] = {
      {string, string}, false, [=](Arguments a) -> Result<Value> { return Value(text(a, 0).ends_with(text(a, 1))); }};
  f["trimSuffix"] = {{string, string}, false, [=](Arguments a) -> Result<Value> {
                       const bool has = text(a, 0).ends_with(text(a, 1));
                       return Value(text(a, 0).substr(0, text(a, 0).size() - (has ? text(a, 1).size() : 0)));
                     }};
  f["base64Encode"] = {{string}, false, [=](Arguments a) -> Result<Value> { return Value(base64_encode(text(a, 0))); }};
  f["base64Decode"] = {{string}, false, [=](Arguments a) { return base64_decode(text(a, 0)); }};

  f["json"] = {{string}, false, [](Arguments a) { return json(a, false); }};
  f["jsonArray"] = {{string}, false, [](Arguments a) { return json(a, true); }};
  f["map"] = {{any}, true, make_map};

  f["add"] = arithmetic([](std::uint64_t x, std::uint64_t y) { return x + y; });
  f["sub"] = arithmetic([](std::uint64_t x, std::uint64_t y) { return x - y; });
  f["mul"] = arithmetic([](std::uint64_t x, std::uint64_t y) { return x * y; });
  f["div"] = division(false);
  f["mod"] = division(true);
  f["seq"] = {{integer, integer}, false, sequence};
  f["atoi"] = {{string}, false, atoi};
  f["parseBool"] = {{string}, false, parse_bool};

  f["reverse"] = {{any}, false, reverse};
  f["sortByLength"] = {{strings}, false, [](Arguments a) {
                         return sort_by_length(a[0], strings,
                                               [](const Value& v) -> const std::string& { return v.as_string(); });
                       }};
  f["sortKVByLength"] = {{pair_list}, false, [](Arguments a) {
                           return sort_by_length(a[0], pair_list, [](const Value& v) -> const std::string& {
                             return v.as_record()[0].second.as_string();
                           });
                         }};

  f["getenv"] = {{string, string}, true, get_environment};
  f["datetime"] = {
      {}, false, [](Arguments) -> Result<Value> { return time_value({std::chrono::system_clock::now(), false}); }};
  f["fileExists"] = {{string}, false, [=](Arguments a) -> Result<Value> {
                       struct stat status{};
                       return Value(::stat(text(a, 0).c_str(), &status) == 0);
                     }};
  f["lookupIP"] = {
      {string}, false, [=](Arguments a) -> Result<Value> { return Value::strings(lookup_addresses(text(a, 0), 0)); }};
  f["lookupIPV4"] = {
      {string}, false, [=](Arguments a) -> Result<Value> { return Value::strings(lookup_addresses(text(a, 0), 4)); }};
  f["lookupIPV6"] = {
      {string}, false, [=](Arguments a) -> Result<Value> { return Value::strings(lookup_addresses(text(a, 0), 6)); }};
  f["lookupSRV"] = {{string, string, string}, false, services};
  return f;
}

}  // namespace

const Functions& confd_functions() {
  static const Functions functions = make();
  return functions;
}

}  // namespace weft::confd
