#include "confd/datetime.h"

#include <fmt/core.h>

#include <cstdlib>
#include <ctime>
#include <utility>

namespace weft::confd {
using namespace templates;
namespace {

constexpr const char* months[] = {"January", "February", "March",     "April",   "May",      "June",
                                  "July",    "August",   "September", "October", "November", "December"};
constexpr const char* days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"};

struct Broken {
  std::tm tm{};
  long nanoseconds = 0;
};

Broken break_down(const Moment& moment) {
  const auto since = moment.time.time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(since);
  const std::time_t time = seconds.count();
  Broken broken;
  broken.nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(since - seconds).count();
  if (moment.utc)
    gmtime_r(&time, &broken.tm);
  else
    localtime_r(&time, &broken.tm);
  return broken;
}

std::string zone_offset(const Broken& b, bool colon) {
  const long minutes = std::labs(b.tm.tm_gmtoff) / 60;
  return fmt::format("{}{:02}{}{:02}", b.tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60, colon ? ":" : "", minutes % 60);
}

int hour12(const Broken& b) { return b.tm.tm_hour % 12 == 0 ? 12 : b.tm.tm_hour % 12; }

/// The element of a layout that `rest` starts with, printed; its length in the layout, 0 when none.
std::pair<std::string, std::size_t> element(const Broken& b, std::string_view rest) {
  const std::tm& tm = b.tm;
  const auto is = [&](std::string_view word) { return rest.starts_with(word); };
  if (is("January")) return {months[tm.tm_mon], 7};
  if (is("Jan")) return {std::string(months[tm.tm_mon]).substr(0, 3), 3};
  if (is("Monday")) return {days[tm.tm_wday], 6};
  if (is("Mon")) return {std::string(days[tm.tm_wday]).substr(0, 3), 3};
  if (is("MST")) return {tm.tm_zone ? tm.tm_zone : "UTC", 3};
  if (is("2006")) return {fmt::format("{:04}", tm.tm_year + 1900), 4};
  if (is("002")) return {fmt::format("{:03}", tm.tm_yday + 1), 3};
  if (is("01")) return {fmt::format("{:02}", tm.tm_mon + 1), 2};
  if (is("02")) return {fmt::format("{:02}", tm.tm_mday), 2};
  if (is("03")) return {fmt::format("{:02}", hour12(b)), 2};
  if (is("04")) return {fmt::format("{:02}", tm.tm_min), 2};
  if (is("05")) return {fmt::format("{:02}", tm.tm_sec), 2};
  if (is("06")) return {fmt::format("{:02}", tm.tm_year % 100), 2};
  if (is("15")) return {fmt::format("{:02}", tm.tm_hour), 2};
  if (is("_2")) return {fmt::format("{:2}", tm.tm_mday), 2};
  if (is("PM")) return {tm.tm_hour >= 12 ? "PM" : "AM", 2};
  if (is("pm")) return {tm.tm_hour >= 12 ? "pm" : "am", 2};
  if (is("-07:00")) return {zone_offset(b, true), 6};
  if (is("-0700")) return {zone_offset(b, false), 5};
  if (is("Z07:00")) return {tm.tm_gmtoff == 0 ? "Z" : zone_offset(b, true), 6};
  if (is("Z0700")) return {tm.tm_gmtoff == 0 ? "Z" : zone_offset(b, false), 5};
  if (is("1")) return {fmt::format("{}", tm.tm_mon + 1), 1};
  if (is("2")) return {fmt::format("{}", tm.tm_mday), 1};
  if (is("3")) return {fmt::format("{}", hour12(b)), 1};
  if (is("4")) return {fmt::format("{}", tm.tm_min), 1};
  if (is("5")) return {fmt::format("{}", tm.tm_sec), 1};
  if ((is(".0") || is(",0") || is(".9") || is(",9")) && rest.size() > 1) {
    std::size_t end = 1;
    while (end < rest.size() && rest[end] == rest[1]) ++end;
    if (end < rest.size() && rest[end] >= '0' && rest[end] <= '9') return {"", 0};
    std::string fraction = fmt::format("{:09}", b.nanoseconds).substr(0, std::min<std::size_t>(end - 1, 9));
    if (rest[1] == '9') {
      while (fraction.ends_with('0')) fraction.pop_back();
      if (fraction.empty()) return {"", end};
    }
    return {rest[0] + fraction, end};
  }
  return {"", 0};
}

Callable method(std::function<Value()> body) {
  return {{}, false, [body = std::move(body)](std::span<const Value>) -> Result<Value> { return body(); }};
}

}  // namespace

std::string format_time(const Moment& moment, std::string_view layout) {
  const Broken broken = break_down(moment);
  std::string out;
  while (!layout.empty()) {
    const auto [text, size] = element(broken, layout);
    if (size == 0)
      out += layout[0];
    else
      out += text;
    layout.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

Value time_value(const Moment& moment) {
  const Broken b = break_down(moment);
  const auto number = [](auto n) {
    return Value::function(method([n] { return Value(static_cast<std::int64_t>(n)); }));
  };
  const auto since = moment.time.time_since_epoch();
  Fields fields;
  // What printing shows; everything else is a method.
  fields.emplace_back("", format_time(moment, "2006-01-02 15:04:05.999999999 -0700 MST"));
  fields.emplace_back("Format",
                      Value::function({{type::string}, false, [moment](std::span<const Value> a) -> Result<Value> {
                                         return Value(format_time(moment, a[0].as_string()));
                                       }}));
  fields.emplace_back("UTC", Value::function(method([moment] { return time_value({moment.time, true}); })));
  fields.emplace_back("Unix", number(std::chrono::floor<std::chrono::seconds>(since).count()));
  fields.emplace_back("UnixNano", number(std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()));
  fields.emplace_back("Year", number(b.tm.tm_year + 1900));
  fields.emplace_back("Month",
                      Value::function(method([name = std::string(months[b.tm.tm_mon])] { return Value(name); })));
  fields.emplace_back("Day", number(b.tm.tm_mday));
  fields.emplace_back("Hour", number(b.tm.tm_hour));
  fields.emplace_back("Minute", number(b.tm.tm_min));
  fields.emplace_back("Second", number(b.tm.tm_sec));
  fields.emplace_back("YearDay", number(b.tm.tm_yday + 1));
  return Value::record("time.Time", std::move(fields));
}

}  // namespace weft::confd
