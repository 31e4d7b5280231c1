#include "templates/node.h"

#include <string_view>

#include "templates/utf8.h"

namespace weft::templates {
namespace {

void append(std::string& out, const Node& node);

void append_all(std::string& out, const std::vector<NodePtr>& nodes, std::string_view separator) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (i > 0) out += separator;
    const bool parens = nodes[i]->kind == Node::Kind::pipe;
    if (parens) out += '(';
    append(out, *nodes[i]);
    if (parens) out += ')';
  }
}

void append_branch(std::string& out, std::string_view word, const Node& node) {
  out += "{{";
  out += word;
  out += ' ';
  append(out, *node.pipe);
  out += "}}";
  append(out, *node.body);
  if (node.otherwise) {
    out += "{{else}}";
    append(out, *node.otherwise);
  }
  out += "{{end}}";
}

void append(std::string& out, const Node& node) {
  using Kind = Node::Kind;
  switch (node.kind) {
    case Kind::list: append_all(out, node.nodes, ""); break;
    case Kind::text:
    case Kind::identifier:
    case Kind::number:
    case Kind::string: out += node.text; break;
    case Kind::action:
      out += "{{";
      append(out, *node.pipe);
      out += "}}";
      break;
    case Kind::if_: append_branch(out, "if", node); break;
    case Kind::with: append_branch(out, "with", node); break;
    case Kind::range: append_branch(out, "range", node); break;
    case Kind::template_:
      out += "{{template " + quote(node.text);
      if (node.pipe) {
        out += ' ';
        append(out, *node.pipe);
      }
      out += "}}";
      break;
    case Kind::break_: out += "{{break}}"; break;
    case Kind::continue_: out += "{{continue}}"; break;
    case Kind::pipe:
      if (!node.declared.empty()) {
        append_all(out, node.declared, ", ");
        out += node.assigns ? " = " : " := ";
      }
      append_all(out, node.nodes, " | ");
      break;
    case Kind::command: append_all(out, node.nodes, " "); break;
    case Kind::chain: append_all(out, node.nodes, ""); [[fallthrough]];
    case Kind::field:
      for (const auto& name : node.names) out += "." + name;
      break;
    case Kind::variable:
      out += node.names[0];
      for (std::size_t i = 1; i < node.names.size(); ++i) out += "." + node.names[i];
      break;
    case Kind::dot: out += '.'; break;
    case Kind::nil: out += "nil"; break;
    case Kind::boolean: out += node.truth ? "true" : "false"; break;
  }
}

}  // namespace

std::string to_string(const Node& node) {
  std::string out;
  append(out, node);
  return out;
}

}  // namespace weft::templates
