#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"

namespace re2 {
class RE2;
}

namespace weft::api {

/// A regular expression in the syntax of Go's regexp package (RE2's), so without back references. Its time is linear in
/// the text and its memory bounded, whatever a user has written.
class Pattern {
 public:
  /// @return  Code::invalid with what is wrong at which place; also for one that would take more than some megabytes
  static Result<Pattern> parse(std::string_view text);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  /// Whether some part of the text is meant.
  bool finds(std::string_view text) const;
  /// Whether the text as a whole is meant.
  bool matches(std::string_view text) const;

 private:
  explicit Pattern(std::unique_ptr<re2::RE2> compiled);
  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace weft::api
