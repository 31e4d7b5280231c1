// Whatever parses prints a text that parses to the same meaning, and to the same text but for doubled negations.

#include <cstddef>
#include <cstdint>

#include "api/selector.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using weft::api::Selector;
  const auto selector = Selector::parse({reinterpret_cast<const char*>(data), size});
  if (!selector) return 0;
  const auto again = Selector::parse(selector->text());
  CHECK(again.has_value());
  if (selector->text().find("!!") == std::string::npos) CHECK(*again == *selector);
  for (const auto& labels : {std::map<std::string, std::string>{}, {{"a", "b"}}, {{"a", ""}, {"c", "d"}}}) {
    CHECK(selector->matches(labels) == again->matches(labels));
  }
  CHECK(selector->prefixed("") == *selector);
  CHECK(Selector::parse(selector->prefixed("p.").text()).has_value());
  return 0;
}
