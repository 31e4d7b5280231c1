#include "cli/command.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "base/strings.h"
#include "cli/node.h"

namespace weft::cli {

bool Option::has(std::string_view name) const { return std::find(names.begin(), names.end(), name) != names.end(); }

std::string Option::title() const {
  std::string letters, words;
  for (const auto& name : names) {
    std::string& part = name.starts_with("--") ? words : letters;
    part += (part.empty() ? "" : ", ") + name;
  }
  if (letters.empty()) return "    " + words;
  return words.empty() ? letters : letters + ", " + words;
}

std::string Node::path() const { return parent ? parent->path() + ' ' + name : name; }

const Node* Node::child(std::string_view wanted) const {
  for (const auto& child : children) {
    if (child->name == wanted) return child.get();
  }
  return nullptr;
}

const Option* Node::find(std::string_view wanted) const {
  for (const auto& option : options) {
    if (option.has(wanted)) return &option;
  }
  for (const auto* option : inherited_options()) {
    if (option->has(wanted)) return option;
  }
  return nullptr;
}

std::vector<const Option*> Node::inherited_options() const {
  std::vector<const Option*> all;
  for (const Node* above = parent; above; above = above->parent) {
    for (const auto& option : above->options) {
      if (option.inherited) all.push_back(&option);
    }
  }
  return all;
}

std::vector<const Node*> Node::shown_children() const {
  std::vector<const Node*> shown;
  for (const auto& child : children) {
    if (!child->hidden) shown.push_back(child.get());
  }
  if (style == Style::cobra)
    std::sort(shown.begin(), shown.end(), [](const Node* a, const Node* b) { return a->name < b->name; });
  return shown;
}

Command Command::root(const std::string& name, const std::string& help, Style style) {
  Command command(std::make_shared<Node>());
  command.node_->name = name;
  command.node_->help = help;
  command.node_->style = style;
  return command;
}

Command Command::sub(const std::string& name, const std::string& help) {
  Command command = root(name, help, node_->style);
  command.node_->parent = node_.get();
  node_->children.push_back(command.node_);
  return command;
}

Command& Command::flag(const std::string& names, bool& variable, const std::string& help) {
  node_->options.push_back({.names = split(names, ','), .variable = &variable, .help = help, .initial = {}});
  return *this;
}
Command& Command::option(const std::string& names, std::string& variable, const std::string& help) {
  node_->options.push_back({.names = split(names, ','), .variable = &variable, .help = help, .initial = variable});
  return *this;
}
Command& Command::option(const std::string& names, int& variable, const std::string& help) {
  node_->options.push_back({.names = split(names, ','),
                            .variable = &variable,
                            .help = help,
                            .initial = variable == 0 ? "" : std::to_string(variable)});
  return *this;
}
Command& Command::option(const std::string& names, double& variable, const std::string& help) {
  node_->options.push_back({.names = split(names, ','), .variable = &variable, .help = help, .initial = {}});
  return *this;
}
Command& Command::option(const std::string& names, std::vector<std::string>& variable, const std::string& help) {
  node_->options.push_back({.names = split(names, ','), .variable = &variable, .help = help, .initial = {}});
  return *this;
}
Command& Command::positional(const std::string& name, std::string& variable, const std::string& help, bool required) {
  node_->positionals.push_back({.name = name, .variable = &variable, .help = help, .required = required});
  return *this;
}
Command& Command::positional(const std::string& name, std::vector<std::string>& variable, const std::string& help,
                             bool required) {
  node_->positionals.push_back({.name = name, .variable = &variable, .help = help, .required = required});
  return *this;
}
Command& Command::rest(std::vector<std::string>& variable, const std::string& help) {
  node_->rest = &variable;
  node_->rest_help = help;
  return *this;
}
Command& Command::verbatim(std::vector<std::string>& variable) {
  node_->verbatim = &variable;
  return *this;
}
Command& Command::hidden() {
  node_->hidden = true;
  return *this;
}
Command& Command::hidden(const std::string& option) {
  for (auto& candidate : node_->options) candidate.hidden |= candidate.has(option);
  return *this;
}
Command& Command::under(const std::string& heading) {
  node_->heading = heading;
  return *this;
}
Command& Command::inherited() {
  for (auto& option : node_->options) option.inherited = true;
  return *this;
}
Command& Command::takes(std::size_t least, std::size_t most) {
  node_->least = least;
  node_->most = most;
  return *this;
}
Command& Command::usage(const std::string& line) {
  node_->usage = line;
  return *this;
}
Command& Command::example(const std::string& lines) {
  node_->example = lines;
  return *this;
}
Command& Command::offers(const std::string& what, const std::vector<std::string>& words) {
  return offers(what, [words] { return words; });
}
Command& Command::offers(const std::string& what, std::function<std::vector<std::string>()> words) {
  node_->offered[what] = std::move(words);
  return *this;
}
void Command::before(std::function<int()> action) { node_->before = std::move(action); }
void Command::run(std::function<int()> action) { node_->action = std::move(action); }

int Command::parse_and_run(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words[0] == "__complete") {
    for (const auto& line : complete({words.begin() + 1, words.end()})) fmt::print("{}\n", line);
    return 0;
  }
  Parsed parsed;
  auto outcome = parse(*node_, words, parsed);
  if (outcome && !parsed.help) outcome = assign(parsed);
  const Node& node = *parsed.node;
  if (!outcome) {
    if (node.style == Style::cobra) {
      fmt::print(stderr, "{}\n", outcome.error().message);
      return 1;
    }
    fmt::print(stderr, "{0}: {1}\n`{0} --help` shows what it understands.\n", node.path(), outcome.error().message);
    return 2;
  }
  if (parsed.help) {
    fmt::print("{}", help_of(node));
    return 0;
  }
  if (node.action && node_->before) {
    if (const int status = node_->before(); status != 0) return status;
  }
  if (node.action) return node.action();
  fmt::print("{}", help_of(node));
  // A script that forgot a word must notice; calicoctl has always had 0 here.
  return &node == node_.get() || node.style == Style::cobra ? 0 : 2;
}

Style Command::style() const { return node_->style; }
std::string Command::help() const { return help_of(*node_); }

}  // namespace weft::cli
