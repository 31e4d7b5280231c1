#include <algorithm>

#include <fmt/format.h>

#include "base/strings.h"
#include "cli/node.h"

namespace weft::cli {
namespace {

struct Line {
  std::string title;
  std::string text;
};

/// Two columns; a text that is too long goes on below itself.
std::string columns(const std::vector<Line>& lines, std::size_t widest) {
  std::size_t width = 0;
  for (const auto& line : lines) {
    if (line.title.size() <= widest) width = std::max(width, line.title.size());
  }
  std::string out;
  for (const auto& line : lines) {
    out += "  " + line.title;
    if (line.title.size() > width)
      out += '\n' + std::string(width + 5, ' ');
    else
      out += std::string(width - line.title.size() + 3, ' ');
    const std::string text = wrapped(line.text, width + 5);
    out += text.substr(std::min(text.size(), width + 5));
    out += '\n';
  }
  return out;
}

std::string value_name(const Option& option) {
  if (option.is_flag()) return {};
  if (std::holds_alternative<int*>(option.variable) || std::holds_alternative<double*>(option.variable)) return " N";
  const std::string& name = option.names.back();
  if (!name.starts_with("--")) return " VALUE";
  std::string word = name.substr(name.rfind('-') + 1);
  std::transform(word.begin(), word.end(), word.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  return ' ' + word;
}

std::string positional_usage(const Node& node) {
  std::string text;
  for (const auto& positional : node.positionals) {
    const std::string name = positional.repeats() ? positional.name + "..." : positional.name;
    text += positional.required ? ' ' + name : " [" + name + ']';
  }
  if (node.rest) text += " [-- WORD...]";
  return text;
}

std::string help_as_ours(const Node& node) {
  std::string text = wrapped(node.help, 0) + "\n\n";
  if (!node.example.empty()) text += node.example + "\n\n";
  const auto children = node.shown_children();
  text += "Usage: " + node.path();
  if (!node.verbatim) text += node.parent ? " [OPTION...]" : "";
  text += positional_usage(node);
  if (!children.empty()) text += node.action || !node.parent ? " [COMMAND]" : " COMMAND";
  text += '\n';
  std::vector<Line> lines;
  for (const auto& positional : node.positionals) lines.push_back({positional.name, positional.help});
  if (node.rest && !node.rest_help.empty()) lines.push_back({"WORD", node.rest_help});
  if (!lines.empty()) text += "\nArguments:\n" + columns(lines, 24);
  lines.clear();
  if (!node.verbatim) {
    for (const auto& option : node.options) {
      if (!option.hidden) lines.push_back({option.title() + value_name(option), option.help});
    }
    for (const auto* option : node.inherited_options()) {
      if (!option->hidden) lines.push_back({option->title() + value_name(*option), option->help});
    }
    lines.push_back({"-h, --help", "this text"});
    text += "\nOptions:\n" + columns(lines, 30);
  }
  std::vector<std::string> headings;
  for (const Node* child : children) {
    if (std::find(headings.begin(), headings.end(), child->heading) == headings.end())
      headings.push_back(child->heading);
  }
  for (const auto& heading : headings) {
    lines.clear();
    for (const Node* child : children) {
      if (child->heading == heading) lines.push_back({child->name, child->first_paragraph()});
    }
    text += fmt::format("\n{}:\n", heading.empty() ? "Commands" : heading) + columns(lines, 16);
  }
  return text;
}

/// As pflag lays options out.
std::string flags_as_cobra(std::vector<Line> lines) {
  std::sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) {
    const auto word = [](const Line& line) { return line.title.substr(line.title.find("--") + 2); };
    return word(a) < word(b);
  });
  std::size_t width = 0;
  for (const auto& line : lines) width = std::max(width, line.title.size());
  std::string out;
  for (const auto& line : lines) out += fmt::format("  {:<{}}   {}\n", line.title, width, line.text);
  return out;
}

Line line_as_cobra(const Option& option) {
  std::string title = option.title(), text = option.help;
  if (std::holds_alternative<int*>(option.variable))
    title += " int";
  else if (std::holds_alternative<std::vector<std::string>*>(option.variable))
    title += " stringArray";
  else if (!option.is_flag())
    title += " string";
  if (!option.initial.empty()) {
    const bool quoted = std::holds_alternative<std::string*>(option.variable);
    text += fmt::format(" (default {}{}{})", quoted ? "\"" : "", option.initial, quoted ? "\"" : "");
  }
  return {title, text};
}

std::string help_as_cobra(const Node& node) {
  std::string text =
      node.help.find("\n\n") == std::string::npos ? node.help : node.help.substr(node.help.find("\n\n") + 2);
  text += "\n\nUsage:\n";
  const std::string path = node.path();
  const auto children = node.shown_children();
  if (children.empty()) {
    text += fmt::format("  {}{}{} [flags]\n", path, node.usage.empty() ? "" : " ", node.usage);
  } else {
    text += fmt::format("  {} [command]\n", path);
  }
  if (!node.example.empty()) text += "\nExamples:\n" + node.example + '\n';
  if (!children.empty()) {
    std::vector<std::pair<std::string, std::string>> lines;
    for (const Node* child : children) lines.emplace_back(child->name, child->first_paragraph());
    if (!node.parent) lines.emplace_back("help", "Help about any command");
    std::sort(lines.begin(), lines.end());
    std::size_t width = 11;  // cobra's least
    for (const auto& [name, line] : lines) width = std::max(width, name.size());
    text += "\nAvailable Commands:\n";
    for (const auto& [name, line] : lines) text += fmt::format("  {:<{}} {}\n", name, width, line);
  }
  std::vector<Line> lines;
  for (const auto& option : node.options) {
    if (!option.hidden) lines.push_back(line_as_cobra(option));
  }
  lines.push_back({"-h, --help", "help for " + node.name});
  text += "\nFlags:\n" + flags_as_cobra(lines);
  lines.clear();
  for (const auto* option : node.inherited_options()) {
    if (!option->hidden) lines.push_back(line_as_cobra(*option));
  }
  if (!lines.empty()) text += "\nGlobal Flags:\n" + flags_as_cobra(lines);
  if (!children.empty())
    text += fmt::format("\nUse \"{} [command] --help\" for more information about a command.\n", path);
  return text;
}

}  // namespace

std::string wrapped(const std::string& text, std::size_t indent, std::size_t width) {
  std::string out;
  const std::string margin(indent, ' ');
  for (const auto& line : split(text, '\n')) {
    if (!out.empty()) out += '\n';
    if (line.empty() || line.starts_with(' ')) {
      out += line.empty() ? "" : margin + line;
      continue;
    }
    std::size_t column = indent;
    out += margin;
    bool first = true;
    for (const auto& word : split(line, ' ')) {
      if (!first && column + 1 + word.size() > width) {
        out += '\n' + margin;
        column = indent;
        first = true;
      }
      if (!first) out += ' ', ++column;
      out += word;
      column += word.size();
      first = false;
    }
  }
  return out;
}

std::string help_of(const Node& node) { return node.style == Style::cobra ? help_as_cobra(node) : help_as_ours(node); }

}  // namespace weft::cli
