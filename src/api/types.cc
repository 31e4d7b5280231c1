#include "api/types.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

namespace weft::api {

namespace {

struct Unit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr Unit units[] = {{"ns", 1},         {"us", 1000},         {"µs", 1000},          {"μs", 1000},
                          {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}, {"h", 3'600'000'000'000}};

__extension__ using Wide = unsigned __int128;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Takes "1.5" or "90" from the front as value / scale.
bool take_number(std::string_view& text, std::uint64_t& value, std::uint64_t& scale) {
  value = 0;
  scale = 1;
  bool any = false, fraction = false;
  while (!text.empty() && (is_digit(text.front()) || (text.front() == '.' && !fraction))) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '.') {
      fraction = true;
      continue;
    }
    any = true;
    if (fraction && scale >= 1'000'000'000'000) continue;  // beyond a nanosecond of an hour
    if (value > (std::uint64_t{1} << 62) / 10) return false;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
    if (fraction) scale *= 10;
  }
  return any;
}

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  const auto refuse = [&] {
    return fail(Code::invalid, fmt::format("\"{}\" is no duration such as 90s, 1m30s or 1.5h", text));
  };
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest == "0") return Duration{};
  if (rest.empty()) return refuse();
  Wide total = 0;
  constexpr auto most = static_cast<Wide>(std::numeric_limits<std::int64_t>::max());
  while (!rest.empty()) {
    std::uint64_t value = 0, scale = 1;
    if (!take_number(rest, value, scale)) return refuse();
    const auto end = std::find_if(rest.begin(), rest.end(), [](char c) { return is_digit(c) || c == '.'; });
    const std::string_view name = rest.substr(0, static_cast<std::size_t>(end - rest.begin()));
    const auto unit = std::find_if(std::begin(units), std::end(units), [&](const Unit& u) { return u.name == name; });
    if (unit == std::end(units)) return refuse();
    rest.remove_prefix(name.size());
    total += static_cast<Wide>(value) * static_cast<Wide>(unit->nanoseconds) / scale;
    if (total > most) return refuse();
  }
  const auto nanoseconds = static_cast<std::int64_t>(total);
  return Duration{std::chrono::nanoseconds(negative ? -nanoseconds : nanoseconds)};
}

namespace {

/// whole.fraction without trailing zeros; `digits` of them in the fraction.
std::string decimal(std::uint64_t value, int digits) {
  std::uint64_t scale = 1;
  for (int i = 0; i < digits; ++i) scale *= 10;
  std::string text = std::to_string(value / scale);
  if (value % scale == 0) return text;
  std::string fraction = fmt::format("{:0{}}", value % scale, digits);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return text + "." + fraction;
}

}  // namespace

std::string to_string(const Duration& duration) {
  const std::int64_t count = duration.value.count();
  std::uint64_t rest = count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
  const std::string sign = count < 0 ? "-" : "";
  if (rest == 0) return "0s";
  if (rest < 1000) return sign + std::to_string(rest) + "ns";
  if (rest < 1'000'000) return sign + decimal(rest, 3) + "µs";
  if (rest < 1'000'000'000) return sign + decimal(rest, 6) + "ms";
  constexpr std::uint64_t minute = 60'000'000'000, hour = 60 * minute;
  std::string text = sign;
  if (rest >= hour) text += std::to_string(rest / hour) + "h";
  if (rest >= minute) text += std::to_string(rest % hour / minute) + "m";
  return text + decimal(rest % minute, 9) + "s";
}

namespace {
template <class N>
bool parse_whole(std::string_view text, N& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}
}  // namespace

Result<AsNumber> parse_as_number(std::string_view text) {
  const auto refuse = [&] {
    return fail(Code::invalid, fmt::format("\"{}\" is no AS number such as 64512 or 1.10", text));
  };
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) {
    std::uint32_t value = 0;
    if (!parse_whole(text, value)) return refuse();
    return AsNumber{value};
  }
  std::uint16_t high = 0, low = 0;
  if (!parse_whole(text.substr(0, dot), high) || !parse_whole(text.substr(dot + 1), low)) return refuse();
  return AsNumber{std::uint32_t{high} << 16 | low};
}

std::string to_string(const AsNumber& number) { return std::to_string(number.value); }

Result<Protocol> parse_protocol(std::string_view text) {
  std::uint16_t number = 0;
  return Protocol{TRY(net::Protocol::parse(text)), parse_whole(text, number)};
}

std::string to_string(const Protocol& protocol) {
  return protocol.as_number ? std::to_string(protocol.value.number) : net::to_string(protocol.value);
}

namespace {
bool is_port_name_char(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' || c == '-';
}
}  // namespace

Result<Port> parse_port(std::string_view text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return is_digit(c) || c == ':'; })) {
    return Port{.range = TRY(net::PortRange::parse(text))};
  }
  if (text.empty() || text.size() > 128 || !std::all_of(text.begin(), text.end(), is_port_name_char)) {
    return fail(Code::invalid,
                fmt::format("\"{}\" is no port, range of ports such as 8000:8100, or name of a port", text));
  }
  return Port{.name = std::string(text)};
}

std::string to_string(const Port& port) { return port.is_named() ? port.name : net::to_string(port.range); }

}  // namespace weft::api
