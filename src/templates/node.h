#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weft::templates {

struct Node;
using NodePtr = std::unique_ptr<Node>;

/// A node of a parsed template.
struct Node {
  enum class Kind {
    list,
    text,
    action,
    if_,
    with,
    range,
    template_,
    break_,
    continue_,  // what produces output
    pipe,
    command,
    field,
    variable,
    chain,
    identifier,
    dot,
    nil,
    boolean,
    number,
    string,
  };
  Kind kind;
  std::size_t position = 0;  // bytes from the start of the text

  std::string text;                // of text, identifier, number and string: as written; of template_: its name
  std::string value;               // of string: without quotes
  std::vector<std::string> names;  // of field, chain: the names; of variable: "$x" and the names after it
  std::vector<NodePtr> nodes;  // of list, pipe (its commands), command (its operands), chain (what the names apply to)
  std::vector<NodePtr> declared;  // of pipe: its variables
  bool assigns = false;           // of pipe: "=" instead of ":="
  bool truth = false;             // of boolean
  NodePtr pipe;                   // of action, if_, with, range; of template_ when it has an argument
  NodePtr body, otherwise;        // of if_, with, range

  // Of number: what it can be.
  bool is_integer = false;
  bool is_real = false;
  bool is_wide = false;  // an integer over int64
  std::int64_t integer = 0;
  double real = 0;

  Node(Kind k, std::size_t at) : kind(k), position(at) {}
};

/// The source of a node, trimmed text and comments left out.
std::string to_string(const Node& node);

}  // namespace weft::templates
