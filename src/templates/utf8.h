#pragma once

#include <string>
#include <string_view>

namespace weft::templates {

/// One code point of UTF-8 text. Bytes that are no UTF-8 decode one at a time to U+FFFD.
struct Rune {
  char32_t value = 0xfffd;
  std::size_t size = 0;  // bytes; 0 at the end of the text
  bool valid() const { return value != 0xfffd || size == 3; }
};
Rune decode_rune(std::string_view text);
void append_rune(std::string& out, char32_t rune);
std::size_t rune_count(std::string_view text);

/// Unicode's letters and digits, to block precision above ASCII.
bool is_letter(char32_t rune);
bool is_printable(char32_t rune);

/// As Go's strconv.Quote and %q do it.
std::string quote(std::string_view text, bool ascii_only = false);
std::string quote_rune(char32_t rune, bool ascii_only = false);

}  // namespace weft::templates
