// Parses a template, prints it, parses that again and compares; then executes it with a limit.

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "confd/functions.h"
#include "confd/keys.h"
#include "templates/template.h"

using namespace weft::confd;
using namespace weft::templates;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const auto keys =
      std::make_shared<const Keys>(Keys{{"/pool/a", "10.0.0.0/8"}, {"/pool/b", R"({"x":[1,null]})"}});
  static const Functions functions = [] {
    Functions all = key_functions(keys);
    for (const auto& [name, callable] : confd_functions()) {
      if (!name.starts_with("lookup")) all.emplace(name, callable);
    }
    return all;
  }();
  static const Value data = Value::map(
      {{"name", "web"}, {"n", 3.0}, {"list", Value::strings({"a", "b"})}, {"map", Value::map({{"x", Value::nil()}})}});

  const std::string text(reinterpret_cast<const char*>(bytes), size);
  const auto first = Template::parse("t", text, functions);
  if (!first) return 0;
  const std::string printed = first->text();
  const bool braces = text.find('{') != text.npos &&
                      printed.find("{{{") != printed.npos;  // text that ends in a brace would join a delimiter
  if (!braces) {
    const auto second = Template::parse("t", printed, functions);
    if (!second || second->text() != printed) std::abort();
  }
  (void)first->execute(data, {.max_steps = 2000});
  return 0;
}
