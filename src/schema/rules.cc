#include "schema/rules.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/strings.h"
#include "schema/type.h"

namespace weft::schema {

namespace {

bool is_one_of(const Rules& rules, std::string_view text) {
  return std::any_of(rules.one_of.begin(), rules.one_of.end(), [&](std::string_view known) {
    return known == text || (rules.is_any_case && to_lower(known) == to_lower(text));
  });
}

}  // namespace

std::string list_of_numbers(const std::vector<std::int64_t>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) text += i + 1 == numbers.size() ? " or " : ", ";
    text += std::to_string(numbers[i]);
  }
  return text;
}

std::optional<std::string> broken_rule(const Rules& rules, std::string_view text, bool is_element) {
  if (text.empty() && !is_element) return std::nullopt;  // not given; whether it must be is `required`
  if (rules.length && text.size() > *rules.length) return fmt::format("must have at most {} characters", *rules.length);
  if (!rules.one_of.empty() && !is_one_of(rules, text)) {
    return "must be one of " + type::list_of_names(rules.one_of);
  }
  return rules.format ? (*rules.format)(text) : std::nullopt;
}

std::optional<std::string> broken_rule(const Rules& rules, std::int64_t number) {
  if (!rules.numbers.empty() && std::find(rules.numbers.begin(), rules.numbers.end(), number) == rules.numbers.end())
    return "must be " + list_of_numbers(rules.numbers);
  if (!rules.range || (number >= rules.range->low && number <= rules.range->high)) return std::nullopt;
  if (rules.range->high == std::numeric_limits<std::int64_t>::max())
    return fmt::format("must be at least {}", rules.range->low);
  return fmt::format("must be in {}..{}", rules.range->low, rules.range->high);
}

}  // namespace weft::schema
