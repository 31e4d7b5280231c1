#include "templates/lexer.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "templates/utf8.h"

namespace weft::templates {
namespace {

constexpr char32_t at_end = 0x110000;  // past Unicode

bool is_space(char32_t c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }
bool is_word(char32_t c) { return c != at_end && (c == '_' || is_digit(c) || is_letter(c)); }
bool starts_trim(std::string_view s) {
  return s.size() >= 2 && s[0] == '-' && is_space(static_cast<unsigned char>(s[1]));
}
bool ends_trim(std::string_view s) {
  return s.size() >= 2 && is_space(static_cast<unsigned char>(s[0])) && s[1] == '-';
}

constexpr std::pair<std::string_view, Token::Kind> keywords[] = {
    {"block", Token::Kind::block},
    {"break", Token::Kind::break_},
    {"continue", Token::Kind::continue_},
    {"define", Token::Kind::define},
    {"else", Token::Kind::else_},
    {"end", Token::Kind::end_},
    {"if", Token::Kind::if_},
    {"nil", Token::Kind::nil},
    {"range", Token::Kind::range},
    {"template", Token::Kind::template_},
    {"with", Token::Kind::with},
    {"true", Token::Kind::boolean},
    {"false", Token::Kind::boolean},
};

std::string show(char32_t c) {
  if (c == at_end) return "U+FFFFFFFFFFFFFFFF";
  std::string text = fmt::format("U+{:04X}", static_cast<std::uint32_t>(c));
  if (is_printable(c)) {
    text += " '";
    append_rune(text, c);
    text += '\'';
  }
  return text;
}

}  // namespace

std::string describe(const Token& token) {
  if (token.kind == Token::Kind::end) return "EOF";
  if (token.kind == Token::Kind::error) return token.text;
  if (token.is_keyword()) return "<" + token.text + ">";
  if (token.text.size() <= 10) return quote(token.text);
  std::size_t bytes = 0;
  for (int runes = 0; runes < 10 && bytes < token.text.size(); ++runes)
    bytes += decode_rune(std::string_view(token.text).substr(bytes)).size;
  return quote(std::string_view(token.text).substr(0, bytes)) + "...";
}

Token Lexer::next() { return in_action_ ? inside() : text_or_delimiter(); }

char32_t Lexer::peek() const { return at_ < text_.size() ? decode_rune(rest()).value : at_end; }

char32_t Lexer::advance() {
  if (at_ >= text_.size()) return at_end;
  const Rune rune = decode_rune(rest());
  at_ += rune.size;
  if (rune.value == '\n') ++line_;
  return rune.value;
}

bool Lexer::accept(std::string_view set) {
  const char32_t c = peek();
  if (c >= 0x80 || set.find(static_cast<char>(c)) == set.npos) return false;
  advance();
  return true;
}

Token Lexer::make(Kind kind) {
  Token token{kind, start_, std::string(text_.substr(start_, at_ - start_)), start_line_};
  start_ = at_;
  start_line_ = line_;
  return token;
}

Token Lexer::fail(std::string message) {
  Token token{Kind::error, start_, std::move(message), start_line_};
  text_ = {};
  start_ = at_ = 0;
  in_action_ = false;
  return token;
}

/// Drops what is between start_ and at_, which was read without advance().
void Lexer::skip_spaces() {
  while (at_ < text_.size() && is_space(static_cast<unsigned char>(text_[at_]))) advance();
  start_ = at_;
  start_line_ = line_;
}

bool Lexer::at_right_delimiter(bool& trim) const {
  trim = ends_trim(rest()) && rest().substr(2).starts_with("}}");
  return trim || rest().starts_with("}}");
}

bool Lexer::at_word_end() const {
  const char32_t c = peek();
  if (is_space(c) || c == at_end) return true;
  if (c == '.' || c == ',' || c == '|' || c == ':' || c == ')' || c == '(') return true;
  return rest().starts_with("}}");
}

Token Lexer::text_or_delimiter() {
  while (true) {
    const auto found = rest().find("{{");
    const std::size_t end = found == std::string_view::npos ? text_.size() : at_ + found;
    std::size_t text_end = end;
    const bool trim = found != std::string_view::npos && starts_trim(text_.substr(end + 2));
    if (trim) {
      while (text_end > start_ && is_space(static_cast<unsigned char>(text_[text_end - 1]))) --text_end;
    }
    if (text_end > start_) {
      line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(start_),
                                           text_.begin() + static_cast<std::ptrdiff_t>(text_end), '\n'));
      at_ = text_end;
      Token token = make(Kind::text);
      line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(text_end),
                                           text_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
      start_ = at_ = end;
      start_line_ = line_;
      return token;
    }
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(start_),
                                         text_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
    start_ = at_ = end;
    start_line_ = line_;
    if (found == std::string_view::npos) return make(Kind::end);

    const std::size_t marker = trim ? 2 : 0;
    if (!text_.substr(at_ + 2 + marker).starts_with("/*")) {
      at_ += 2;
      Token token = make(Kind::left_delimiter);
      for (std::size_t i = 0; i < marker; ++i) advance();
      start_ = at_;
      start_line_ = line_;
      in_action_ = true;
      parens_ = 0;
      return token;
    }
    for (std::size_t i = 0; i < 2 + marker; ++i) advance();
    start_ = at_;
    start_line_ = line_;
    if (!comment()) return fail(error_);
  }
}

bool Lexer::comment() {
  const auto end = rest().substr(2).find("*/");
  if (end == std::string_view::npos) {
    error_ = "unclosed comment";
    return false;
  }
  for (const std::size_t stop = at_ + end + 4; at_ < stop;) advance();
  bool trim = false;
  if (!at_right_delimiter(trim)) {
    error_ = "comment ends before closing delimiter";
    return false;
  }
  for (int i = 0; i < (trim ? 4 : 2); ++i) advance();
  if (trim) skip_spaces();
  start_ = at_;
  start_line_ = line_;
  return true;
}

Token Lexer::right_delimiter(bool trim) {
  if (trim) {
    advance();
    advance();
    start_ = at_;
    start_line_ = line_;
  }
  at_ += 2;
  Token token = make(Kind::right_delimiter);
  if (trim) skip_spaces();
  in_action_ = false;
  return token;
}

Token Lexer::inside() {
  bool trim = false;
  if (at_right_delimiter(trim)) return parens_ == 0 ? right_delimiter(trim) : fail("unclosed left paren");
  const char32_t c = peek();
  if (c == at_end) return fail("unclosed action");
  if (is_space(c)) return space();
  if (is_digit(c) || c == '+' || c == '-') return number();
  if (is_word(c)) return word();
  advance();
  switch (c) {
    case '=': return make(Kind::assign);
    case ':': return advance() == '=' ? make(Kind::declare) : fail("expected :=");
    case '|': return make(Kind::pipe);
    case '"': return quoted('"', Kind::string, "quoted string");
    case '\'': return quoted('\'', Kind::rune, "character constant");
    case '`': return raw_string();
    case '$': return at_word_end() ? make(Kind::variable) : field_or_variable(Kind::variable);
    case '.':
      if (at_ < text_.size() && !is_digit(static_cast<unsigned char>(text_[at_])))
        return field_or_variable(Kind::field);
      --at_;
      return number();
    case '(': ++parens_; return make(Kind::left_paren);
    case ')':
      if (--parens_ < 0) return fail("unexpected right paren");
      return make(Kind::right_paren);
    default: break;
  }
  if (c < 0x80 && is_printable(c)) return make(Kind::character);
  return fail("unrecognized character in action: " + show(c));
}

Token Lexer::space() {
  std::size_t count = 0;
  std::size_t before_last = at_;
  int line_before_last = line_;
  while (is_space(peek())) {
    before_last = at_;
    line_before_last = line_;
    advance();
    ++count;
  }
  // The last space may belong to a closing delimiter with a trim marker.
  if (ends_trim(text_.substr(before_last)) && text_.substr(before_last + 2).starts_with("}}")) {
    at_ = before_last;
    line_ = line_before_last;
    if (count == 1) return parens_ == 0 ? right_delimiter(true) : fail("unclosed left paren");
  }
  return make(Kind::space);
}

Token Lexer::word() {
  while (is_word(peek())) advance();
  if (!at_word_end()) return fail("bad character " + show(peek()));
  const std::string_view text = text_.substr(start_, at_ - start_);
  for (const auto& [name, kind] : keywords) {
    if (text == name) return make(kind);
  }
  return make(Kind::identifier);
}

Token Lexer::field_or_variable(Kind kind) {
  if (at_word_end()) return make(kind == Kind::variable ? Kind::variable : Kind::dot);
  while (is_word(peek())) advance();
  if (!at_word_end()) return fail("bad character " + show(peek()));
  return make(kind);
}

Token Lexer::quoted(char delimiter, Kind kind, std::string_view what) {
  while (true) {
    const char32_t c = advance();
    if (c == static_cast<char32_t>(delimiter)) return make(kind);
    if (c == at_end || c == '\n') return fail(fmt::format("unterminated {}", what));
    if (c != '\\') continue;
    const char32_t escaped = advance();
    if (escaped == at_end || escaped == '\n') return fail(fmt::format("unterminated {}", what));
  }
}

Token Lexer::raw_string() {
  while (true) {
    const char32_t c = advance();
    if (c == at_end) return fail("unterminated raw quoted string");
    if (c == '`') return make(Kind::raw_string);
  }
}

bool Lexer::scan_number() {
  const auto run = [&](std::string_view digits) {
    while (accept(digits)) {
    }
  };
  std::string_view digits = "0123456789_";
  bool hexadecimal = false;
  bool decimal = true;
  accept("+-");
  if (accept("0")) {
    if (accept("xX"))
      digits = "0123456789abcdefABCDEF_", hexadecimal = true, decimal = false;
    else if (accept("oO"))
      digits = "01234567_", decimal = false;
    else if (accept("bB"))
      digits = "01_", decimal = false;
  }
  run(digits);
  if (accept(".")) run(digits);
  if ((decimal && accept("eE")) || (hexadecimal && accept("pP"))) {
    accept("+-");
    run("0123456789_");
  }
  accept("i");
  if (is_word(peek())) {
    advance();
    return false;
  }
  return true;
}

Token Lexer::number() {
  const auto bad = [&] { return fail("bad number syntax: " + quote(text_.substr(start_, at_ - start_))); };
  if (!scan_number()) return bad();
  if (peek() == '+' || peek() == '-') {
    if (!scan_number() || text_[at_ - 1] != 'i') return bad();
    return make(Kind::complex);
  }
  return make(Kind::number);
}

}  // namespace weft::templates
