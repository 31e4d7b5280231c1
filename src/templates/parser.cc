#include "templates/parser.h"

#include <fmt/core.h>

#include <array>
#include <utility>
#include <vector>

#include "templates/lexer.h"
#include "templates/literal.h"
#include "templates/utf8.h"

namespace weft::templates {
namespace {

using Kind = Token::Kind;

constexpr int max_depth = 500;  // of nested parentheses and blocks

NodePtr make(Node::Kind kind, std::size_t position) { return std::make_unique<Node>(kind, position); }

bool is_blank(const Node& node) {
  if (node.kind == Node::Kind::text) return node.text.find_first_not_of(" \t\r\n\v\f") == std::string::npos;
  if (node.kind != Node::Kind::list) return false;
  for (const auto& child : node.nodes) {
    if (!is_blank(*child)) return false;
  }
  return true;
}

/// What ended a list of items.
struct Ending {
  bool is_else = false;
  std::size_t position = 0;
  std::string_view text() const { return is_else ? "{{else}}" : "{{end}}"; }
};

class Parser {
 public:
  Parser(const std::string& name, std::string_view text, const std::function<bool(std::string_view)>& is_function)
      : name_(name), lexer_(text), is_function_(is_function) {}

  Result<Trees> run() {
    auto root = make(Node::Kind::list, peek().position);
    while (peek().kind != Kind::end) {
      if (peek().kind == Kind::left_delimiter) {
        const Token delimiter = take();
        if (take_no_space().kind == Kind::define) {
          TRY(definition());
          continue;
        }
        put_back_two(delimiter);
      }
      Item item = TRY(text_or_action());
      if (!item.node) return error(fmt::format("unexpected {}", item.ending.text()));
      root->nodes.push_back(std::move(item.node));
    }
    TRY(add(name_, std::move(root)));
    return std::move(trees_);
  }

 private:
  /// A node, or the {{end}} or {{else}} in its place.
  struct Item {
    NodePtr node;
    Ending ending;
  };

  // Tokens, with up to three of look-ahead.

  Token take() {
    if (waiting_ > 0)
      --waiting_;
    else
      buffer_[0] = lexer_.next(), line_ = buffer_[0].line;
    return buffer_[waiting_];
  }
  const Token& peek() {
    if (waiting_ == 0) {
      buffer_[0] = lexer_.next();
      line_ = buffer_[0].line;
      waiting_ = 1;
    }
    return buffer_[waiting_ - 1];
  }
  void put_back() { ++waiting_; }
  void put_back_two(Token first) {
    buffer_[1] = std::move(first);
    waiting_ = 2;
  }
  void put_back_three(Token first, Token second) {
    buffer_[1] = std::move(second);
    buffer_[2] = std::move(first);
    waiting_ = 3;
  }
  Token take_no_space() {
    while (true) {
      Token token = take();
      if (token.kind != Kind::space) return token;
    }
  }
  const Token& peek_no_space() {
    take_no_space();
    put_back();
    return peek();
  }

  // Errors.

  std::unexpected<Error> error(std::string_view what) const {
    return fail(Code::invalid, fmt::format("template: {}:{}: {}", name_, line_, what));
  }
  std::unexpected<Error> unexpected(const Token& token, std::string_view context) const {
    if (token.kind != Kind::error) return error(fmt::format("unexpected {} in {}", describe(token), context));
    std::string where;
    if (action_line_ != 0 && action_line_ != token.line) {
      const std::string_view words = token.text.ends_with(" action") ? "" : " in action";
      where = fmt::format("{} started at {}:{}", words, name_, action_line_);
    }
    return error(token.text + where);
  }
  Result<Token> expect(Kind kind, std::string_view context) {
    Token token = take_no_space();
    if (token.kind != kind) return unexpected(token, context);
    return token;
  }
  Result<> enter() {
    if (++depth_ > max_depth) return error("max expression depth exceeded");
    return {};
  }
  void leave() { --depth_; }

  // Templates.

  Result<> add(const std::string& name, NodePtr root) {
    auto& tree = trees_[name];
    if (!tree || is_blank(*tree))
      tree = std::move(root);
    else if (!is_blank(*root))
      return error(fmt::format("template: multiple definition of template {}", quote(name)));
    return {};
  }

  /// Items up to {{end}}, as a template of their own: no variable of the surroundings is known in it.
  Result<> sub_template(const std::string& name, std::string_view context) {
    const auto variables = std::exchange(variables_, {"$"});
    const int ranges = std::exchange(ranges_, 0);
    auto [list, ending] = TRY(items());
    if (ending.is_else) return error(fmt::format("unexpected {} in {}", ending.text(), context));
    variables_ = variables;
    ranges_ = ranges;
    return add(name, std::move(list));
  }

  Result<> definition() {
    constexpr std::string_view context = "define clause";
    const std::string name = TRY(template_name(take_no_space(), context));
    TRY(expect(Kind::right_delimiter, context));
    return sub_template(name, context);
  }

  Result<std::string> template_name(const Token& token, std::string_view context) {
    if (token.kind != Kind::string && token.kind != Kind::raw_string) return unexpected(token, context);
    auto name = unquote(token.text);
    if (!name) return error(name.error().message);
    return name;
  }

  // Items.

  Result<std::pair<NodePtr, Ending>> items() {
    TRY(enter());
    auto list = make(Node::Kind::list, peek_no_space().position);
    while (peek_no_space().kind != Kind::end) {
      Item item = TRY(text_or_action());
      if (!item.node) {
        leave();
        return std::pair(std::move(list), item.ending);
      }
      list->nodes.push_back(std::move(item.node));
    }
    return error("unexpected EOF");
  }

  Result<Item> text_or_action() {
    const Token token = take_no_space();
    if (token.kind == Kind::text) {
      auto node = make(Node::Kind::text, token.position);
      node->text = token.text;
      return Item{std::move(node), {}};
    }
    if (token.kind != Kind::left_delimiter) return unexpected(token, "input");
    action_line_ = token.line;
    auto item = action();
    action_line_ = 0;
    return item;
  }

  Result<Item> action() {
    const Token token = take_no_space();
    switch (token.kind) {
      case Kind::block: return item(block());
      case Kind::break_: return item(jump(Node::Kind::break_, token, "{{break}}"));
      case Kind::continue_: return item(jump(Node::Kind::continue_, token, "{{continue}}"));
      case Kind::else_: return ending_else();
      case Kind::end_: {
        const Token delimiter = TRY(expect(Kind::right_delimiter, "end"));
        return Item{nullptr, {false, delimiter.position}};
      }
      case Kind::if_: return item(control(Node::Kind::if_, "if"));
      case Kind::range: return item(control(Node::Kind::range, "range"));
      case Kind::with: return item(control(Node::Kind::with, "with"));
      case Kind::template_: return item(call());
      default: break;
    }
    put_back();
    auto node = make(Node::Kind::action, peek().position);
    node->pipe = TRY(pipeline("command", Kind::right_delimiter));
    return Item{std::move(node), {}};
  }
  static Result<Item> item(Result<NodePtr> node) {
    if (!node) return std::unexpected(std::move(node.error()));
    return Item{std::move(*node), {}};
  }

  Result<Item> ending_else() {
    const Token next = peek_no_space();
    // {{else if}} and {{else with}}: the word stays for control().
    if (next.kind == Kind::if_ || next.kind == Kind::with) return Item{nullptr, {true, next.position}};
    const Token token = TRY(expect(Kind::right_delimiter, "else"));
    return Item{nullptr, {true, token.position}};
  }

  Result<NodePtr> jump(Node::Kind kind, const Token& word, std::string_view written) {
    if (const Token token = take_no_space(); token.kind != Kind::right_delimiter) return unexpected(token, written);
    if (ranges_ == 0) return error(fmt::format("{} outside {{{{range}}}}", written));
    return make(kind, word.position);
  }

  Result<NodePtr> control(Node::Kind kind, std::string_view context) {
    TRY(enter());
    const std::size_t known = variables_.size();
    auto pipe = TRY(pipeline(context, Kind::right_delimiter));
    auto node = make(kind, pipe->position);
    node->pipe = std::move(pipe);
    if (kind == Node::Kind::range) ++ranges_;
    auto [body, ending] = TRY(items());
    if (kind == Node::Kind::range) --ranges_;
    node->body = std::move(body);
    if (ending.is_else) {
      const Kind next = peek().kind;
      const bool chained =
          (kind == Node::Kind::if_ && next == Kind::if_) || (kind == Node::Kind::with && next == Kind::with);
      if (chained) {
        take();
        node->otherwise = make(Node::Kind::list, ending.position);
        node->otherwise->nodes.push_back(TRY(control(kind, context)));
      } else {
        auto [otherwise, last] = TRY(items());
        if (last.is_else) return error(fmt::format("expected end; found {}", last.text()));
        node->otherwise = std::move(otherwise);
      }
    }
    variables_.resize(known);
    leave();
    return node;
  }

  Result<NodePtr> block() {
    constexpr std::string_view context = "block clause";
    const Token word = take_no_space();
    auto node = make(Node::Kind::template_, word.position);
    node->text = TRY(template_name(word, context));
    node->pipe = TRY(pipeline(context, Kind::right_delimiter));
    TRY(sub_template(node->text, context));
    return node;
  }

  Result<NodePtr> call() {
    constexpr std::string_view context = "template clause";
    const Token word = take_no_space();
    auto node = make(Node::Kind::template_, word.position);
    node->text = TRY(template_name(word, context));
    if (take_no_space().kind != Kind::right_delimiter) {
      put_back();
      node->pipe = TRY(pipeline(context, Kind::right_delimiter));
    }
    return node;
  }

  // Pipelines.

  Result<NodePtr> pipeline(std::string_view context, Kind end) {
    auto pipe = make(Node::Kind::pipe, peek_no_space().position);
    while (peek_no_space().kind == Kind::variable) {
      const Token variable = take();
      const Token after = peek();
      const Token next = peek_no_space();
      const bool comma = next.kind == Kind::character && next.text == ",";
      if (next.kind == Kind::assign || next.kind == Kind::declare) {
        pipe->assigns = next.kind == Kind::assign;
        take_no_space();
        declare(*pipe, variable);
        break;
      }
      if (comma) {
        take_no_space();
        declare(*pipe, variable);
        if (context != "range" || pipe->declared.size() >= 2)
          return error(fmt::format("too many declarations in {}", context));
        const Kind second = peek_no_space().kind;
        if (second == Kind::variable) continue;
        if (second == Kind::right_delimiter || second == Kind::right_paren) break;
        return error("range can only initialize variables");
      }
      if (after.kind == Kind::space)
        put_back_three(variable, after);
      else
        put_back_two(variable);
      break;
    }
    while (true) {
      const Token token = take_no_space();
      if (token.kind == end) break;
      if (!starts_operand(token.kind)) return unexpected(token, context);
      put_back();
      pipe->nodes.push_back(TRY(command()));
    }
    if (pipe->nodes.empty()) return error(fmt::format("missing value for {}", context));
    for (std::size_t i = 1; i < pipe->nodes.size(); ++i) {
      switch (pipe->nodes[i]->nodes[0]->kind) {
        case Node::Kind::boolean:
        case Node::Kind::dot:
        case Node::Kind::nil:
        case Node::Kind::number:
        case Node::Kind::string: return error(fmt::format("non executable command in pipeline stage {}", i + 1));
        default: break;
      }
    }
    return pipe;
  }

  void declare(Node& pipe, const Token& variable) {
    auto node = make(Node::Kind::variable, variable.position);
    node->names = {variable.text};
    pipe.declared.push_back(std::move(node));
    variables_.push_back(variable.text);
  }

  static bool starts_operand(Kind kind) {
    switch (kind) {
      case Kind::boolean:
      case Kind::rune:
      case Kind::complex:
      case Kind::dot:
      case Kind::field:
      case Kind::identifier:
      case Kind::number:
      case Kind::nil:
      case Kind::raw_string:
      case Kind::string:
      case Kind::variable:
      case Kind::left_paren: return true;
      default: return false;
    }
  }

  Result<NodePtr> command() {
    auto node = make(Node::Kind::command, peek_no_space().position);
    while (true) {
      peek_no_space();
      if (auto one = TRY(operand())) node->nodes.push_back(std::move(one));
      const Token token = take();
      if (token.kind == Kind::space) continue;
      if (token.kind == Kind::right_delimiter || token.kind == Kind::right_paren)
        put_back();
      else if (token.kind != Kind::pipe)
        return unexpected(token, "operand");
      break;
    }
    if (node->nodes.empty()) return error("empty command");
    return node;
  }

  /// A term and the fields after it; null when the next token starts none.
  Result<NodePtr> operand() {
    auto node = TRY(term());
    if (!node || peek().kind != Kind::field) return node;
    const std::size_t position = peek().position;
    std::vector<std::string> names;
    while (peek().kind == Kind::field) names.push_back(take().text.substr(1));
    switch (node->kind) {
      case Node::Kind::field:
      case Node::Kind::variable:
        node->position = position;
        node->names.insert(node->names.end(), names.begin(), names.end());
        return node;
      case Node::Kind::boolean:
      case Node::Kind::string:
      case Node::Kind::number:
      case Node::Kind::nil:
      case Node::Kind::dot: return error(fmt::format("unexpected . after term {}", quote(to_string(*node))));
      default: break;
    }
    auto chain = make(Node::Kind::chain, position);
    chain->nodes.push_back(std::move(node));
    chain->names = std::move(names);
    return chain;
  }

  Result<NodePtr> term() {
    const Token token = take_no_space();
    const auto node = [&](Node::Kind kind) {
      auto made = make(kind, token.position);
      made->text = token.text;
      return made;
    };
    switch (token.kind) {
      case Kind::identifier:
        if (!is_function_(token.text)) return error(fmt::format("function {} not defined", quote(token.text)));
        return node(Node::Kind::identifier);
      case Kind::dot: return node(Node::Kind::dot);
      case Kind::nil: return node(Node::Kind::nil);
      case Kind::variable: {
        bool known = false;
        for (const auto& name : variables_) known = known || name == token.text;
        if (!known) return error(fmt::format("undefined variable {}", quote(token.text)));
        auto variable = node(Node::Kind::variable);
        variable->names = {token.text};
        return variable;
      }
      case Kind::field: {
        auto field = node(Node::Kind::field);
        field->names = {token.text.substr(1)};
        return field;
      }
      case Kind::boolean: {
        auto boolean = node(Node::Kind::boolean);
        boolean->truth = token.text == "true";
        return boolean;
      }
      case Kind::complex: return error("complex numbers are not supported: " + quote(token.text));
      case Kind::rune:
      case Kind::number: {
        auto number = node(Node::Kind::number);
        if (auto read = read_number(*number, token.text); !read) return error(read.error().message);
        return number;
      }
      case Kind::left_paren: {
        TRY(enter());
        auto pipe = TRY(pipeline("parenthesized pipeline", Kind::right_paren));
        leave();
        return pipe;
      }
      case Kind::string:
      case Kind::raw_string: {
        auto text = node(Node::Kind::string);
        auto value = unquote(token.text);
        if (!value) return error(value.error().message);
        text->value = std::move(*value);
        return text;
      }
      default: break;
    }
    put_back();
    return NodePtr();
  }

  const std::string& name_;
  Lexer lexer_;
  const std::function<bool(std::string_view)>& is_function_;
  Trees trees_;
  std::array<Token, 3> buffer_;
  std::size_t waiting_ = 0;
  int line_ = 1;
  int action_line_ = 0;
  int ranges_ = 0;
  int depth_ = 0;
  std::vector<std::string> variables_{"$"};
};

}  // namespace

Result<Trees> parse_template(const std::string& name, std::string_view text,
                             const std::function<bool(std::string_view)>& is_function) {
  return Parser(name, text, is_function).run();
}

}  // namespace weft::templates
