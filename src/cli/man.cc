#include <algorithm>

#include <fmt/format.h>

#include "base/strings.h"
#include "cli/node.h"

namespace weft::cli {
namespace {

/// Text as roff prints it: no requests at line starts, no ligatures of minus signs.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return out;
}

std::string line(std::string_view text) {
  const bool request = text.starts_with('.') || text.starts_with('\'');
  return (request ? "\\&" : "") + escaped(text) + '\n';
}

/// Paragraphs; lines that begin with a blank are shown as they are.
std::string paragraphs(const std::string& text) {
  std::string out;
  bool as_is = false;
  for (const auto& part : split(text, '\n')) {
    const bool indented = part.starts_with(' ');
    if (indented != as_is) out += indented ? ".nf\n" : ".fi\n";
    as_is = indented;
    out += part.empty() ? ".PP\n" : line(part);
  }
  return out + (as_is ? ".fi\n" : "");
}

std::string page_name(const Node& node) {
  std::string name = node.path();
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string option_entry(const Option& option) {
  std::string title;
  for (const auto& name : option.names) title += (title.empty() ? "" : ", ") + fmt::format("\\fB{}\\fR", escaped(name));
  if (!option.is_flag()) title += " \\fIvalue\\fR";
  return ".TP\n" + title + '\n' + line(option.help);
}

void collect(const Node& node, std::map<std::string, std::string>& pages) {
  pages[page_name(node) + ".1"] = man_page_of(node);
  for (const Node* child : node.shown_children()) collect(*child, pages);
}

}  // namespace

std::string man_page_of(const Node& node) {
  const std::string name = page_name(node);
  const std::string first = node.first_paragraph();
  std::string upper = name;
  std::transform(upper.begin(), upper.end(), upper.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  std::string page = fmt::format(".\\\" Made from the same description as --help.\n.TH \"{}\" 1\n.SH NAME\n{} \\- {}",
                                 escaped(upper), escaped(name), line(first));
  page += fmt::format(".SH SYNOPSIS\n\\fB{}\\fR", escaped(node.path()));
  if (!node.verbatim) page += " [\\fIoptions\\fR]";
  for (const auto& positional : node.positionals) {
    const std::string name = fmt::format("\\fI{}{}\\fR", escaped(positional.name), positional.repeats() ? "..." : "");
    page += positional.required ? ' ' + name : " [" + name + ']';
  }
  if (node.rest) page += " [\\-\\- \\fIword...\\fR]";
  if (!node.children.empty()) page += " \\fIcommand\\fR";
  page += "\n.SH DESCRIPTION\n" + paragraphs(node.help);
  if (!node.example.empty()) page += ".SH EXAMPLES\n.nf\n" + escaped(node.example) + "\n.fi\n";
  if (!node.positionals.empty()) {
    page += ".SH ARGUMENTS\n";
    for (const auto& positional : node.positionals)
      page += ".TP\n\\fI" + escaped(positional.name) + "\\fR\n" + line(positional.help);
  }
  const auto above = node.inherited_options();
  if (!node.options.empty() || !above.empty()) {
    page += ".SH OPTIONS\n";
    for (const auto& option : node.options) {
      if (!option.hidden) page += option_entry(option);
    }
    for (const auto* option : above) {
      if (!option->hidden) page += option_entry(*option);
    }
  }
  const auto children = node.shown_children();
  if (!children.empty()) {
    page += ".SH COMMANDS\n";
    for (const Node* child : children)
      page += fmt::format(".TP\n\\fB{}\\fR(1)\n{}", escaped(page_name(*child)), line(child->first_paragraph()));
  }
  if (node.parent) page += fmt::format(".SH SEE ALSO\n\\fB{}\\fR(1)\n", escaped(page_name(*node.parent)));
  return page;
}

std::map<std::string, std::string> Command::man_pages() const {
  std::map<std::string, std::string> pages;
  collect(*node_, pages);
  return pages;
}

std::string Command::man_page(const std::vector<std::string>& words) const {
  const Node* node = node_.get();
  for (const auto& word : words) {
    node = node->child(word);
    if (!node) return {};
  }
  return man_page_of(*node);
}

}  // namespace weft::cli
