#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace weft::templates {

struct Token {
  enum class Kind {
    error,
    end,
    text,
    left_delimiter,
    right_delimiter,
    space,
    pipe,
    declare,
    assign,
    left_paren,
    right_paren,
    character,
    field,
    variable,
    dot,
    nil,
    boolean,
    number,
    rune,
    complex,
    string,
    raw_string,
    identifier,
    // Keywords; each is its own text.
    block,
    break_,
    continue_,
    define,
    else_,
    end_,
    if_,
    range,
    template_,
    with,
  };
  Kind kind = Kind::end;
  std::size_t position = 0;  // bytes from the start of the text
  std::string text;          // as written; of an error its message
  int line = 1;

  bool is_keyword() const { return kind >= Kind::block || kind == Kind::nil; }
};
/// As messages show it: EOF, <range>, or the quoted text, shortened.
std::string describe(const Token& token);

/// Cuts a template into text and the tokens of its actions. Comments and what trim markers remove are left out.
class Lexer {
 public:
  /// `text` must outlive the lexer.
  explicit Lexer(std::string_view text) : text_(text) {}

  /// After an error or the end, the end.
  Token next();

 private:
  using Kind = Token::Kind;

  bool comment();  // skips one; false: an error, in error_
  Token text_or_delimiter();
  Token right_delimiter(bool trim);
  Token inside();
  Token space();
  Token word();
  Token field_or_variable(Kind kind);
  Token quoted(char delimiter, Kind kind, std::string_view what);
  Token raw_string();
  Token number();
  bool scan_number();

  char32_t peek() const;
  char32_t advance();
  bool accept(std::string_view set);
  bool at_right_delimiter(bool& trim) const;
  bool at_word_end() const;
  void skip_spaces();
  std::string_view rest() const { return text_.substr(at_); }
  Token make(Kind kind);
  Token fail(std::string message);

  std::string_view text_;
  std::size_t start_ = 0;
  std::size_t at_ = 0;
  int start_line_ = 1;
  int line_ = 1;
  int parens_ = 0;
  bool in_action_ = false;
  std::string error_;
};

}  // namespace weft::templates
