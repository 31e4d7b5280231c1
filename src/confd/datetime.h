#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "templates/value.h"

namespace weft::confd {

/// A moment as broken down for a layout of Go's time package ("2006-01-02 15:04:05").
struct Moment {
  std::chrono::system_clock::time_point time;
  bool utc = false;
};
std::string format_time(const Moment& moment, std::string_view layout);

/// A Go time.Time: prints as Go does and has Format, Unix, UnixNano, UTC, Year, Month, Day, Hour, Minute, Second,
/// YearDay.
templates::Value time_value(const Moment& moment);

}  // namespace weft::confd
