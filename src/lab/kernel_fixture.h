#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "base/strings.h"
#include "lab/lab.h"
#include "lab/spaces.h"

/// What a node has in its kernel, as text to compare.
namespace weft::lab {

/// Output of a shell command on a node.
inline std::string on_node(const NodeState& node, const std::string& command) {
  Spawn what;
  what.argv = {"/bin/sh", "-c", command};
  what.inside = node.init;
  what.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  const auto finished = run(what);
  if (!finished) return finished.error().message;
  return finished->out + finished->err;
}

inline std::string sorted_lines(const std::string& text) {
  auto lines = split(text, '\n');
  std::ranges::sort(lines);
  std::string out;
  for (const auto& line : lines) {
    if (!trim(line).empty()) out += line + "\n";
  }
  return out;
}

/// Our table by chains and sets, whatever order they and the elements of sets are listed in.
inline std::map<std::string, std::string> table_of(const NodeState& node) {
  std::map<std::string, std::string> parts;
  std::string name, elements;
  bool in_elements = false;
  for (const auto& line : split(on_node(node, "nft -s list table inet weft"), '\n')) {
    if (line.starts_with("\t") && !line.starts_with("\t\t") && line.ends_with("{")) {
      name = line;
      continue;
    }
    if (line == "\t}") {
      auto list = split(elements, ',');
      for (auto& element : list) element = std::string(trim(element));
      std::ranges::sort(list);
      for (const auto& element : list) parts[name] += element + "\n";
      elements.clear();
      continue;
    }
    if (line == "}") continue;
    in_elements = in_elements || line.find("elements = {") != std::string::npos;
    if (in_elements) {
      std::string text = line;
      for (const char* word : {"elements = {", "}"}) {
        if (const auto at = text.find(word); at != std::string::npos) text.erase(at, std::string(word).size());
      }
      elements += text;
      in_elements = line.find('}') == std::string::npos;
    } else {
      parts[name] += line + "\n";
    }
  }
  return parts;
}

/// Table, routes, neighbours, settings of interfaces.
inline std::map<std::string, std::string> kernel_of(const NodeState& node) {
  auto state = table_of(node);
  state["routes"] = sorted_lines(on_node(node, "ip -4 route show table all; ip -6 route show proto 80"));
  state["neighbours"] = sorted_lines(on_node(node, "ip neigh show nud permanent; ip -6 neigh show nud permanent"));
  state["rules"] = on_node(node, "ip rule; ip -6 rule");
  state["settings"] = sorted_lines(
      on_node(node,
              "cd /proc/sys/net; grep -H . ipv4/conf/cali*/* ipv4/ip_forward ipv6/conf/all/forwarding | grep -v "
              "'/mc_forwarding'; for d in ipv6/conf/cali*; do grep -H . $d/forwarding $d/accept_ra; done"));
  return state;
}

/// Fails where the two differ.
inline void expect_same(const std::map<std::string, std::string>& before,
                        const std::map<std::string, std::string>& after, const std::string& what) {
  std::map<std::string, std::pair<std::string, std::string>> all;
  for (const auto& [name, text] : before) all[name].first = text;
  for (const auto& [name, text] : after) all[name].second = text;
  for (const auto& [name, texts] : all) EXPECT_EQ(texts.first, texts.second) << what << ": " << name;
}

}  // namespace weft::lab
