#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "cli/command.h"

/// The tree behind Command, for what walks it: parsing, help, completion, man pages.
namespace weft::cli {

struct Option {
  std::vector<std::string> names;  // "-f", "--follow"
  std::variant<bool*, std::string*, int*, double*, std::vector<std::string>*> variable;
  std::string help;
  std::string initial;  // what the variable held when it was described; empty: nothing worth telling
  bool hidden = false;
  bool inherited = false;

  bool is_flag() const { return std::holds_alternative<bool*>(variable); }
  bool has(std::string_view name) const;
  /// "-f, --follow"; "    --follow" when it has no letter.
  std::string title() const;
  /// Reads a value. @return what is wrong with it
  Result<> take(const std::string& value) const;
};

struct Positional {
  std::string name;
  std::variant<std::string*, std::vector<std::string>*> variable;
  std::string help;
  bool required = false;

  bool repeats() const { return std::holds_alternative<std::vector<std::string>*>(variable); }
};

struct Node {
  std::string name;
  std::string help;
  Style style = Style::ours;
  Node* parent = nullptr;
  std::vector<std::shared_ptr<Node>> children;
  std::vector<Option> options;
  std::vector<Positional> positionals;
  std::vector<std::string>* rest = nullptr;
  std::string rest_help;
  std::vector<std::string>* verbatim = nullptr;
  bool hidden = false;
  std::string heading;
  std::string usage;
  std::string example;
  std::size_t least = 0, most = SIZE_MAX;
  std::map<std::string, std::function<std::vector<std::string>()>> offered;
  std::function<int()> before, action;

  /// "weft lab up"
  std::string path() const;
  const Node* child(std::string_view name) const;
  /// By "-f" or "--follow", its own and those inherited.
  const Option* find(std::string_view name) const;
  std::vector<const Option*> inherited_options() const;
  std::vector<const Node*> shown_children() const;  // sorted as help lists them
  std::string first_paragraph() const { return help.substr(0, help.find("\n\n")); }
};

std::string help_of(const Node& node);
std::string man_page_of(const Node& node);
/// Indented by `indent`, broken at blanks to fit `width`; lines that begin with a blank stay as they are.
std::string wrapped(const std::string& text, std::size_t indent, std::size_t width = 100);

/// Where reading words got to.
struct Parsed {
  const Node* node = nullptr;
  std::vector<std::string> positionals;  // of that command
  const Option* lacks_value = nullptr;   // the last word was this option
  bool only_positionals = false;         // "--" was among the words
  bool help = false;
};
/// Reads words into variables. @return Code::invalid with the sentence of the style
/// @param parsed  what was understood so far, also when there is an error
Result<> parse(const Node& root, const std::vector<std::string>& words, Parsed& parsed);
/// Puts the positionals where they belong.
Result<> assign(const Parsed& parsed);

}  // namespace weft::cli
