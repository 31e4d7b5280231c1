#include "templates/utf8.h"

#include <fmt/core.h>

#include <cstdint>

namespace weft::templates {
namespace {

struct Range {
  char32_t first, last;
};

template <std::size_t N>
bool in(const Range (&ranges)[N], char32_t rune) {
  for (const auto& range : ranges) {
    if (rune >= range.first && rune <= range.last) return true;
  }
  return false;
}

// Above ASCII: punctuation, symbols, marks and private use, by block.
constexpr Range no_letters[] = {
    {0x80, 0xa9},     {0xab, 0xb4},     {0xb6, 0xb9},       {0xbb, 0xbf},       {0xd7, 0xd7},     {0xf7, 0xf7},
    {0x2c2, 0x2c5},   {0x300, 0x36f},   {0x2000, 0x2070},   {0x2074, 0x207e},   {0x2080, 0x208e}, {0x20a0, 0x2101},
    {0x2190, 0x2bff}, {0x2e00, 0x2e7f}, {0x3000, 0x3004},   {0x3008, 0x3020},   {0xd800, 0xf8ff}, {0xfe00, 0xfe6f},
    {0xff00, 0xff0f}, {0xfff0, 0xffff}, {0x1f000, 0x1faff}, {0xe0000, 0x10ffff}};
constexpr Range no_print[] = {{0, 0x1f},          {0x7f, 0xa0},     {0xad, 0xad},     {0x2000, 0x200f},
                              {0x2028, 0x202f},   {0x205f, 0x206f}, {0x3000, 0x3000}, {0xd800, 0xf8ff},
                              {0xfeff, 0xfeff},   {0xfff0, 0xfffb}, {0xfffe, 0xffff}, {0xe0000, 0xe00ff},
                              {0xf0000, 0x10ffff}};

void append_escaped(std::string& out, Rune rune, std::string_view bytes, char delimiter, bool ascii_only) {
  if (!rune.valid()) {
    out += fmt::format("\\x{:02x}", static_cast<unsigned char>(bytes[0]));
    return;
  }
  const char32_t c = rune.value;
  if (c == static_cast<char32_t>(delimiter) || c == '\\') {
    out += '\\';
    out += static_cast<char>(c);
    return;
  }
  if (is_printable(c) && (!ascii_only || c < 0x80)) {
    append_rune(out, c);
    return;
  }
  switch (c) {
    case '\a': out += "\\a"; return;
    case '\b': out += "\\b"; return;
    case '\f': out += "\\f"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\v': out += "\\v"; return;
    default: break;
  }
  const auto number = static_cast<std::uint32_t>(c);
  if (c < ' ' || c == 0x7f)
    out += fmt::format("\\x{:02x}", number);
  else if (c < 0x10000)
    out += fmt::format("\\u{:04x}", number);
  else
    out += fmt::format("\\U{:08x}", number);
}

}  // namespace

Rune decode_rune(std::string_view text) {
  if (text.empty()) return {0xfffd, 0};
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  std::size_t size = 0;
  char32_t value = 0;
  char32_t least = 0;
  if (first >= 0xc2 && first <= 0xdf)
    size = 2, value = first & 0x1fu, least = 0x80;
  else if (first >= 0xe0 && first <= 0xef)
    size = 3, value = first & 0x0fu, least = 0x800;
  else if (first >= 0xf0 && first <= 0xf4)
    size = 4, value = first & 0x07u, least = 0x10000;
  else
    return {0xfffd, 1};
  if (text.size() < size) return {0xfffd, 1};
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {0xfffd, 1};
    value = value << 6 | (byte(i) & 0x3fu);
  }
  if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {0xfffd, 1};
  return {value, size};
}

void append_rune(std::string& out, char32_t rune) {
  if (rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff)) rune = 0xfffd;
  if (rune < 0x80) {
    out += static_cast<char>(rune);
  } else if (rune < 0x800) {
    out += static_cast<char>(0xc0 | rune >> 6);
    out += static_cast<char>(0x80 | (rune & 0x3f));
  } else if (rune < 0x10000) {
    out += static_cast<char>(0xe0 | rune >> 12);
    out += static_cast<char>(0x80 | (rune >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (rune & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | rune >> 18);
    out += static_cast<char>(0x80 | (rune >> 12 & 0x3f));
    out += static_cast<char>(0x80 | (rune >> 6 & 0x3f));
    out += static_cast<char>(0x80 | (rune & 0x3f));
  }
}

std::size_t rune_count(std::string_view text) {
  std::size_t count = 0;
  for (; !text.empty(); ++count) text.remove_prefix(decode_rune(text).size);
  return count;
}

bool is_letter(char32_t rune) {
  if (rune < 0x80) return (rune >= 'a' && rune <= 'z') || (rune >= 'A' && rune <= 'Z');
  return !in(no_letters, rune);
}

bool is_printable(char32_t rune) { return !in(no_print, rune) && rune <= 0x10ffff; }

std::string quote(std::string_view text, bool ascii_only) {
  std::string out = "\"";
  while (!text.empty()) {
    const Rune rune = decode_rune(text);
    append_escaped(out, rune, text, '"', ascii_only);
    text.remove_prefix(rune.size);
  }
  return out + '"';
}

std::string quote_rune(char32_t rune, bool ascii_only) {
  if (rune > 0x10ffff || (rune >= 0xd800 && rune <= 0xdfff)) rune = 0xfffd;
  std::string out = "'";
  append_escaped(out, {rune, 3}, {}, '\'', ascii_only);
  return out + '\'';
}

}  // namespace weft::templates
