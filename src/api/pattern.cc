#include "api/pattern.h"

#include <re2/re2.h>

#include <utility>

namespace weft::api {

namespace {

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Result<Pattern> Pattern::parse(std::string_view text) {
  re2::RE2::Options options(re2::RE2::Quiet);
  auto compiled = std::make_unique<re2::RE2>(piece(text), options);
  if (!compiled->ok()) return fail(Code::invalid, compiled->error());
  return Pattern(std::move(compiled));
}

Pattern::Pattern(std::unique_ptr<re2::RE2> compiled) : compiled_(std::move(compiled)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

bool Pattern::finds(std::string_view text) const { return re2::RE2::PartialMatch(piece(text), *compiled_); }
bool Pattern::matches(std::string_view text) const { return re2::RE2::FullMatch(piece(text), *compiled_); }

}  // namespace weft::api
