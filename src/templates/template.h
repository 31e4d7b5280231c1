#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "templates/value.h"

namespace weft::templates {

/// What a template does with a map's member that is not there.
enum class MissingKey { no_value, error };

struct ExecuteOptions {
  MissingKey missing_key = MissingKey::no_value;
  std::uint64_t max_steps = 0;  // nodes and iterations until it is stopped; 0: no limit
};

/// A template in Go's text/template language. Cheap to copy; execution leaves it unchanged.
class Template {
 public:
  /// @param name       what messages call it, and what `{{template}}` finds it under
  /// @param functions  beside the language's own (and, or, not, len, index, slice, print…, eq…, html, js, urlquery,
  /// call)
  /// @return           Code::invalid with "template: name:line: what"
  static Result<Template> parse(std::string name, std::string text, Functions functions = {});

  /// @return  the output, or Code::invalid with "template: name:line:column: executing …"
  Result<std::string> execute(const Value& data, const ExecuteOptions& options = {}) const;

  /// The template as text again: other templates first, as {{define}}; comments and trimmed text are gone.
  std::string text() const;

 private:
  struct Parsed;
  std::shared_ptr<const Parsed> parsed_;
};

/// The functions that every template knows.
const Functions& builtin_functions();

}  // namespace weft::templates
