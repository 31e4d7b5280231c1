// Every kind's from_json: the first byte chooses the kind. What is read is written, read again and compared.
#include <cstdint>

#include "api/codec.h"
#include "api/felix_parameter.h"
#include "api/kind_list.h"
#include "api/kinds.h"
#include "schema/document.h"

using namespace weft;
using namespace weft::api;

namespace {

template <class T>
void round(std::string_view text) {
  auto object = from_json<T>(text);
  if (!object) return;
  const std::string stored = to_json(*object);
  const auto again = from_json<T>(stored);
  CHECK(again);
  CHECK(to_json(*again) == stored);
  set_defaults(*object);
  for (const auto& problem : validate(*object)) CHECK(!to_string(problem).empty());
  if constexpr (std::is_same_v<T, FelixConfiguration>) felix_values(*object);
}

using Round = void (*)(std::string_view);
#define WEFT_ROUND(T) round<T>,
constexpr Round rounds[] = {WEFT_KINDS(WEFT_ROUND)};
#undef WEFT_ROUND

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  rounds[data[0] % std::size(rounds)](text);
  if (auto value = schema::parse_json(text)) {
    std::vector<schema::Problem> problems;
    if (auto object = read_document(std::move(*value), problems)) {
      set_defaults(*object);
      validate(*object);
    }
  }
  return 0;
}
