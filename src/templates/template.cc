#include "templates/template.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "templates/node.h"
#include "templates/parser.h"
#include "templates/print.h"
#include "templates/utf8.h"

namespace weft::templates {

struct Template::Parsed {
  std::string name;
  std::string text;
  Functions functions;
  Trees trees;
};

namespace {

constexpr int max_template_depth = 1000;  // templates that call each other

/// What evaluating gives: a value, and whether it was taken out of a container of interfaces,
/// which hides its type from messages until a pipeline unwraps it.
struct Operand {
  Value value;
  bool boxed = false;

  bool is_absent() const { return value.is_absent(); }
  std::string_view type() const { return boxed || value.is_nil() ? type::any : value.type(); }
};

enum class Flow { on, break_, continue_ };

struct Variable {
  std::string name;
  Operand value;
};

struct Run {
  const std::string& name;
  const std::string& text;
  const Functions& functions;
  const Trees& trees;
  const ExecuteOptions& options;
  std::uint64_t steps = 0;
  std::string out;
};

/// Executes one template; templates that it calls have a Frame of their own.
class Frame {
 public:
  Frame(Run& run, std::string name, Operand dot, int depth) : run_(run), name_(std::move(name)), depth_(depth) {
    variables_.push_back({"$", std::move(dot)});
  }

  Result<Flow> walk(const Operand& dot, const Node& node) {
    last_ = &node;
    TRY(step(node));
    switch (node.kind) {
      case Node::Kind::list:
        for (const auto& child : node.nodes) {
          if (const Flow flow = TRY(walk(dot, *child)); flow != Flow::on) return flow;
        }
        return Flow::on;
      case Node::Kind::text: run_.out += node.text; return Flow::on;
      case Node::Kind::action: {
        const Operand value = TRY(pipeline(dot, node.pipe.get()));
        if (node.pipe->declared.empty()) TRY(print(node, value.value));
        return Flow::on;
      }
      case Node::Kind::if_:
      case Node::Kind::with: return branch(dot, node);
      case Node::Kind::range: return range(dot, node);
      case Node::Kind::template_: TRY(call_template(dot, node)); return Flow::on;
      case Node::Kind::break_: return Flow::break_;
      case Node::Kind::continue_: return Flow::continue_;
      default: return error(node, "unknown node");
    }
  }

 private:
  // Messages.

  std::unexpected<Error> error(const Node& node, std::string_view what) const {
    const std::string_view before = std::string_view(run_.text).substr(0, node.position);
    const auto newline = before.rfind('\n');
    const std::size_t column = newline == before.npos ? node.position : node.position - newline - 1;
    return fail(Code::invalid, fmt::format("template: {}:{}:{}: executing {} at <{}>: {}", run_.name,
                                           1 + std::count(before.begin(), before.end(), '\n'), column, quote(name_),
                                           to_string(node), what));
  }
  /// At the node that was evaluated last, as Go has it for what is wrong with a value.
  std::unexpected<Error> error(std::string_view what) const { return error(*last_, what); }
  Result<> step(const Node& node) {
    ++run_.steps;
    if (run_.options.max_steps != 0 && run_.steps > run_.options.max_steps) return error(node, "took too many steps");
    return {};
  }

  Result<> print(const Node& node, const Value& value) {
    if (value.is_nil_pointer())
      run_.out += value.shown();
    else if (value.is_absent() || value.is_nil())
      run_.out += "<no value>";
    else if (value.kind() == Value::Kind::function)
      return error(node, fmt::format("can't print {} of type {}", to_string(node), value.type()));
    else
      run_.out += sprint({&value, 1});
    return {};
  }

  // Control structures.

  Result<Flow> branch(const Operand& dot, const Node& node) {
    const std::size_t mark = variables_.size();
    const Operand value = TRY(pipeline(dot, node.pipe.get()));
    Flow flow = Flow::on;
    if (value.value.truth())
      flow = TRY(walk(node.kind == Node::Kind::with ? value : dot, *node.body));
    else if (node.otherwise)
      flow = TRY(walk(dot, *node.otherwise));
    variables_.resize(mark);
    return flow;
  }

  Result<Flow> range(const Operand& dot, const Node& node) {
    const std::size_t mark = variables_.size();
    const Operand over = TRY(pipeline(dot, node.pipe.get()));
    const std::size_t inner = variables_.size();
    const auto& declared = node.pipe->declared;

    bool ran = false;
    const auto once = [&](const Operand& index, const Operand& element) -> Result<bool> {
      ran = true;
      TRY(step(node));
      if (node.pipe->assigns) {
        if (!declared.empty()) TRY(set(*declared[0], declared.size() > 1 ? index : element));
        if (declared.size() > 1) TRY(set(*declared[1], element));
      } else {
        if (!declared.empty()) variables_[inner - 1].value = element;
        if (declared.size() > 1) variables_[inner - 2].value = index;
      }
      const Flow flow = TRY(walk(element, *node.body));
      variables_.resize(inner);
      return flow != Flow::break_;
    };

    const Value& value = over.value;
    switch (value.kind()) {
      case Value::Kind::absent: break;
      case Value::Kind::integer:
      case Value::Kind::natural: {
        if (declared.size() > 1)
          return error(fmt::format("can't use {} to iterate over more than one variable", sprint({&value, 1})));
        const std::int64_t count =
            value.kind() == Value::Kind::integer ? value.as_integer() : static_cast<std::int64_t>(value.as_natural());
        for (std::int64_t i = 0; i < count; ++i) {
          const Operand element{value.kind() == Value::Kind::integer
                                    ? Value(i)
                                    : Value::natural(static_cast<std::uint64_t>(i), value.type())};
          if (!TRY(once({}, element))) break;
        }
        break;
      }
      case Value::Kind::list: {
        const bool boxed = value.holds_interfaces();
        for (std::size_t i = 0; i < value.as_list().size(); ++i) {
          if (!TRY(once({Value(static_cast<std::int64_t>(i))}, {value.as_list()[i], boxed}))) break;
        }
        break;
      }
      case Value::Kind::map:
        for (const auto& [name, member] : value.as_map()) {
          if (!TRY(once({Value(name)}, {member, value.holds_interfaces()}))) break;
        }
        break;
      default: return error(fmt::format("range can't iterate over {}", sprint({&value, 1})));
    }
    Flow flow = Flow::on;
    if (!ran && node.otherwise) flow = TRY(walk(dot, *node.otherwise));
    variables_.resize(mark);
    return flow;
  }

  Result<> call_template(const Operand& dot, const Node& node) {
    const auto tree = run_.trees.find(node.text);
    if (tree == run_.trees.end()) return error(node, fmt::format("template {} not defined", quote(node.text)));
    if (depth_ == max_template_depth)
      return error(node, fmt::format("exceeded maximum template depth ({})", max_template_depth));
    const Operand argument = node.pipe ? TRY(pipeline(dot, node.pipe.get())) : Operand{};
    Frame frame(run_, node.text, argument, depth_ + 1);
    static_cast<void>(TRY(frame.walk(argument, *tree->second)));
    return {};
  }

  // Variables.

  Result<> set(const Node& variable, Operand value) {
    for (auto it = variables_.rbegin(); it != variables_.rend(); ++it) {
      if (it->name == variable.names[0]) {
        it->value = std::move(value);
        return {};
      }
    }
    return error("undefined variable: " + variable.names[0]);
  }

  Result<Operand> get(const Node& variable) const {
    for (auto it = variables_.rbegin(); it != variables_.rend(); ++it) {
      if (it->name == variable.names[0]) return it->value;
    }
    return error(variable, "undefined variable: " + variable.names[0]);
  }

  // Pipelines and commands. `final` is what the command before handed on.

  Result<Operand> pipeline(const Operand& dot, const Node* pipe) {
    last_ = pipe;
    Operand value;
    const Operand* final = nullptr;
    for (const auto& command : pipe->nodes) {
      value = TRY(this->command(dot, *command, final));
      value.boxed = false;
      if (value.value.is_nil() && !value.value.is_nil_pointer()) value.value = {};
      final = &value;
    }
    for (const auto& variable : pipe->declared) {
      if (pipe->assigns)
        TRY(set(*variable, value));
      else
        variables_.push_back({variable->names[0], value});
    }
    return value;
  }

  Result<Operand> command(const Operand& dot, const Node& command, const Operand* final) {
    const Node& first = *command.nodes[0];
    if (first.kind != Node::Kind::pipe) last_ = &first;
    const Arguments arguments{&command.nodes, final};
    switch (first.kind) {
      case Node::Kind::field: return chain(dot, dot, first, first.names, 0, arguments);
      case Node::Kind::chain: return field_chain(dot, first, arguments);
      case Node::Kind::identifier: return function(dot, first, command, arguments);
      case Node::Kind::pipe: TRY(not_a_function(first, arguments)); return pipeline(dot, &first);
      case Node::Kind::variable: return variable(dot, first, arguments);
      case Node::Kind::nil: TRY(not_a_function(first, arguments)); return error(first, "nil is not a command");
      default: TRY(not_a_function(first, arguments)); return literal(dot, first);
    }
  }

  /// Operands of a command, the first of them what is called.
  struct Arguments {
    const std::vector<NodePtr>* nodes = nullptr;
    const Operand* final = nullptr;
    std::size_t written() const { return nodes ? nodes->size() - 1 : 0; }
    bool any() const { return written() > 0 || final != nullptr; }
  };

  Result<> not_a_function(const Node& first, const Arguments& arguments) const {
    if (arguments.any()) return error(fmt::format("can't give argument to non-function {}", to_string(first)));
    return {};
  }

  Result<Operand> literal(const Operand& dot, const Node& node) {
    switch (node.kind) {
      case Node::Kind::boolean: return Operand{Value(node.truth)};
      case Node::Kind::dot: return dot;
      case Node::Kind::string: return Operand{Value(node.value)};
      case Node::Kind::number: {
        const std::string& text = node.text;
        const bool rune = text[0] == '\'';
        const bool hexadecimal = text.size() > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X') &&
                                 text.find_first_of("pP") == text.npos;
        if (node.is_real && !rune && !hexadecimal && text.find_first_of(".eEpP") != text.npos)
          return Operand{Value(node.real)};
        if (node.is_integer) return Operand{Value(node.integer)};
        return error(node, text + " overflows int");
      }
      default: return error(node, fmt::format("can't evaluate command {}", quote(to_string(node))));
    }
  }

  Result<Operand> variable(const Operand& dot, const Node& node, const Arguments& arguments) {
    const Operand value = TRY(get(node));
    if (node.names.size() > 1) return chain(dot, value, node, node.names, 1, arguments);
    if (arguments.any()) return error(node, fmt::format("can't give argument to non-function {}", node.names[0]));
    return value;
  }

  Result<Operand> field_chain(const Operand& dot, const Node& node, const Arguments& arguments) {
    if (node.nodes[0]->kind == Node::Kind::nil)
      return error(node, "indirection through explicit nil in " + to_string(node));
    const Operand receiver = TRY(argument(dot, *node.nodes[0], {}));
    return chain(dot, receiver, node, node.names, 0, arguments);
  }

  /// receiver.a.b.c; the last of them may be a method and has the arguments.
  Result<Operand> chain(const Operand& dot, Operand receiver, const Node& node, const std::vector<std::string>& names,
                        std::size_t from, const Arguments& arguments) {
    for (std::size_t i = from; i < names.size(); ++i) {
      const bool last = i + 1 == names.size();
      receiver = TRY(field(dot, receiver, node, names[i], last ? arguments : Arguments{}));
    }
    return receiver;
  }

  Result<Operand> field(const Operand& dot, const Operand& receiver, const Node& node, const std::string& name,
                        const Arguments& arguments) {
    const Value& value = receiver.value;
    if (value.is_absent()) {
      if (run_.options.missing_key == MissingKey::error)
        return error(node, fmt::format("nil data; no entry for key {}", quote(name)));
      return Operand{};
    }
    if (value.is_nil()) return error(node, fmt::format("nil pointer evaluating {}.{}", receiver.type(), name));
    if (value.kind() == Value::Kind::map) {
      if (arguments.any()) return error(node, name + " is not a method but has arguments");
      const auto found = value.as_map().find(name);
      if (found != value.as_map().end()) return Operand{found->second, value.holds_interfaces()};
      if (run_.options.missing_key == MissingKey::error)
        return error(node, fmt::format("map has no entry for key {}", quote(name)));
      return Operand{};
    }
    if (value.kind() == Value::Kind::record) {
      for (const auto& [field_name, field] : value.as_record()) {
        if (field_name != name) continue;
        if (field.kind() == Value::Kind::function) return call(dot, field.as_function(), node, node, name, arguments);
        if (arguments.any()) return error(node, name + " has arguments but cannot be invoked as function");
        return Operand{field};
      }
    }
    return error(node, fmt::format("can't evaluate field {} in type {}", name, receiver.type()));
  }

  // Functions.

  const Callable* find(const std::string& name, bool& builtin) const {
    builtin = false;
    if (const auto own = run_.functions.find(name); own != run_.functions.end()) return &own->second;
    const auto found = builtin_functions().find(name);
    builtin = found != builtin_functions().end();
    return builtin ? &found->second : nullptr;
  }

  Result<Operand> function(const Operand& dot, const Node& node, const Node& whole, const Arguments& arguments) {
    bool builtin = false;
    const Callable* callable = find(node.text, builtin);
    if (!callable) return error(node, quote(node.text) + " is not a defined function");
    if (builtin && (node.text == "and" || node.text == "or")) {
      TRY(count(*callable, node, node.text, arguments));
      return logic(dot, node.text == "or", arguments);
    }
    if (builtin && node.text == "call") return indirect_call(dot, *callable, node, whole, arguments);
    return call(dot, *callable, node, whole, node.text, arguments);
  }

  /// Evaluates no more than it needs.
  Result<Operand> logic(const Operand& dot, bool stop_at, const Arguments& arguments) {
    Operand value;
    for (std::size_t i = 1; i <= arguments.written(); ++i) {
      value = TRY(argument(dot, *(*arguments.nodes)[i], type::raw));
      if (value.value.truth() == stop_at) return value;
    }
    return arguments.final ? *arguments.final : value;
  }

  Result<Operand> indirect_call(const Operand& dot, const Callable& self, const Node& node, const Node& whole,
                                const Arguments& arguments) {
    const auto values = TRY(evaluate(dot, self, node, "call", arguments));
    const std::string name = arguments.written() > 0 ? to_string(*(*arguments.nodes)[1]) : "final";
    const auto refuse = [&](std::string_view what) {
      return error(whole, fmt::format("error calling call: {}", what));
    };
    const Value& callee = values[0];
    if (callee.is_absent() || callee.is_nil()) return refuse("call of nil");
    if (callee.kind() != Value::Kind::function)
      return refuse(fmt::format("non-function {} of type {}", name, callee.type()));
    const Callable& target = callee.as_function();
    const std::size_t given = values.size() - 1;
    const std::size_t fixed = target.parameters.size() - (target.variadic ? 1 : 0);
    if (target.variadic ? given < fixed : given != fixed)
      return refuse(fmt::format("wrong number of args for {}: got {} want {}{}", name, given,
                                target.variadic ? "at least " : "", fixed));
    auto result = target.body(std::span(values).subspan(1));
    if (!result) return refuse(result.error().message);
    return Operand{std::move(*result)};
  }

  Result<> count(const Callable& callable, const Node& node, std::string_view name, const Arguments& arguments) const {
    const std::size_t given = arguments.written() + (arguments.final ? 1 : 0);
    const std::size_t wanted = callable.parameters.size();
    if (callable.variadic) {
      if (given + 1 < wanted)
        return error(node, fmt::format("wrong number of args for {}: want at least {} got {}", name, wanted - 1,
                                       arguments.written()));
    } else if (given != wanted) {
      return error(node, fmt::format("wrong number of args for {}: want {} got {}", name, wanted, given));
    }
    return {};
  }

  Result<std::vector<Value>> evaluate(const Operand& dot, const Callable& callable, const Node& node,
                                      std::string_view name, const Arguments& arguments) {
    TRY(count(callable, node, name, arguments));
    const auto parameter = [&](std::size_t i) {
      return callable.parameters[std::min(i, callable.parameters.size() - 1)];
    };
    std::vector<Value> values;
    for (std::size_t i = 0; i < arguments.written(); ++i)
      // NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): without nodes nothing was written
      values.push_back(TRY(argument(dot, *(*arguments.nodes)[i + 1], parameter(i))).value);
    if (arguments.final) values.push_back(TRY(assign(*arguments.final, parameter(values.size()))).value);
    return values;
  }

  Result<Operand> call(const Operand& dot, const Callable& callable, const Node& node, const Node& whole,
                       const std::string& name, const Arguments& arguments) {
    const auto values = TRY(evaluate(dot, callable, node, name, arguments));
    auto result = callable.body(values);
    if (!result) return error(whole, fmt::format("error calling {}: {}", name, result.error().message));
    // An element taken out of a container of interfaces stays hidden until the pipeline unwraps it.
    return Operand{std::move(*result)};
  }

  // Arguments.

  static bool can_be_nil(std::string_view type) {
    return type == type::any || type == type::raw || type.starts_with("[]") || type.starts_with("map[") ||
           type == type::pairs;
  }
  static bool assignable(const Value& value, std::string_view type) {
    const auto plain = [](std::string_view name) { return name == type::pairs ? type::pair_list : name; };
    return type.empty() || type == type::any || type == type::raw || plain(value.type()) == plain(type);
  }

  /// Whether a parameter of that type takes the value; what is absent becomes its nil.
  Result<Operand> assign(Operand value, std::string_view type) const {
    if (value.is_absent()) {
      if (type.empty() || type == type::raw) return value;
      if (type == type::any) return Operand{Value::nil()};
      if (can_be_nil(type)) return Operand{type == type::map ? Value::map({}) : Value::list({}, type)};
      return error(fmt::format("invalid value; expected {}", type));
    }
    if (value.value.is_nil()) {
      if (assignable(value.value, type)) return value;
      return error(fmt::format("wrong type for value; expected {}; got {}", type, value.type()));
    }
    if (!assignable(value.value, type))
      return error(fmt::format("wrong type for value; expected {}; got {}", type, value.value.type()));
    return value;
  }

  Result<Operand> argument(const Operand& dot, const Node& node, std::string_view type) {
    last_ = &node;
    switch (node.kind) {
      case Node::Kind::dot: return assign(dot, type);
      case Node::Kind::nil:
        if (!can_be_nil(type)) return error(node, fmt::format("cannot assign nil to {}", type));
        return type == type::raw ? Operand{} : assign({}, type);
      case Node::Kind::field: return assign(TRY(chain(dot, dot, node, node.names, 0, {})), type);
      case Node::Kind::variable: return assign(TRY(variable(dot, node, {})), type);
      case Node::Kind::pipe: return assign(TRY(pipeline(dot, &node)), type);
      case Node::Kind::identifier: return assign(TRY(function(dot, node, node, {})), type);
      case Node::Kind::chain: return assign(TRY(field_chain(dot, node, {})), type);
      default: break;
    }
    if (type.empty() || type == type::any || type == type::raw) return literal(dot, node);
    const auto expected = [&](std::string_view what) {
      return error(node, fmt::format("expected {}; found {}", what, to_string(node)));
    };
    if (type == type::boolean)
      return node.kind == Node::Kind::boolean ? Result<Operand>(Operand{Value(node.truth)}) : expected("bool");
    if (type == type::string)
      return node.kind == Node::Kind::string ? Result<Operand>(Operand{Value(node.value)}) : expected("string");
    if (type == type::integer)
      return node.kind == Node::Kind::number && node.is_integer ? Result<Operand>(Operand{Value(node.integer)})
                                                                : expected("integer");
    if (type == type::real)
      return node.kind == Node::Kind::number && node.is_real ? Result<Operand>(Operand{Value(node.real)})
                                                             : expected("float");
    return error(node, fmt::format("can't handle {} for arg of type {}", to_string(node), type));
  }

  Run& run_;
  std::string name_;
  int depth_;
  const Node* last_ = nullptr;
  std::vector<Variable> variables_;
};

}  // namespace

Result<Template> Template::parse(std::string name, std::string text, Functions functions) {
  auto parsed = std::make_shared<Parsed>(Parsed{std::move(name), std::move(text), std::move(functions), {}});
  parsed->trees = TRY(parse_template(parsed->name, parsed->text, [&](std::string_view called) {
    return parsed->functions.contains(called) || builtin_functions().contains(called);
  }));
  Template result;
  result.parsed_ = std::move(parsed);
  return result;
}

Result<std::string> Template::execute(const Value& data, const ExecuteOptions& options) const {
  Run run{parsed_->name, parsed_->text, parsed_->functions, parsed_->trees, options, 0, {}};
  const Operand dot{data.is_nil() ? Value() : data};
  Frame frame(run, parsed_->name, dot, 0);
  static_cast<void>(TRY(frame.walk(dot, *parsed_->trees.at(parsed_->name))));
  return std::move(run.out);
}

std::string Template::text() const {
  std::string out;
  for (const auto& [name, tree] : parsed_->trees) {
    if (name != parsed_->name) out += "{{define " + quote(name) + "}}" + to_string(*tree) + "{{end}}";
  }
  return out + to_string(*parsed_->trees.at(parsed_->name));
}

}  // namespace weft::templates
