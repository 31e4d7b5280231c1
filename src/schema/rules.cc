#include "schema/rules.h"

#include <fmt/core.h>

#include <algorithm>

#include "schema/type.h"

namespace weft::schema {

std::optional<std::string> broken_rule(const Rules& rules, std::string_view text) {
  if (text.empty()) return std::nullopt;  // not given; whether it must be is `required`
  if (rules.length && text.size() > *rules.length) return fmt::format("must have at most {} characters", *rules.length);
  if (!rules.one_of.empty() && std::find(rules.one_of.begin(), rules.one_of.end(), text) == rules.one_of.end()) {
    return "must be one of " + type::list_of_names(rules.one_of);
  }
  return rules.format ? (*rules.format)(text) : std::nullopt;
}

std::optional<std::string> broken_rule(const Rules& rules, std::int64_t number) {
  if (!rules.range || (number >= rules.range->low && number <= rules.range->high)) return std::nullopt;
  if (rules.range->high == std::numeric_limits<std::int64_t>::max())
    return fmt::format("must be at least {}", rules.range->low);
  return fmt::format("must be in {}..{}", rules.range->low, rules.range->high);
}

}  // namespace weft::schema
