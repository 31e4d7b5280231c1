#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "cli/node.h"

namespace weft::cli {
namespace {

/// What a command offers for the option or positional of that name.
std::vector<std::string> offered(const Node& node, const std::string& name) {
  const auto found = node.offered.find(name);
  return found == node.offered.end() ? std::vector<std::string>() : found->second();
}

std::vector<std::string> for_option(const Node& node, const Option& option) {
  for (const Node* at = &node; at; at = at->parent) {
    for (const auto& name : option.names) {
      if (auto words = offered(*at, name); !words.empty()) return words;
    }
  }
  return {};
}

std::vector<std::string> for_positional(const Node& node, std::size_t index) {
  if (node.positionals.empty()) return {};
  const auto& positional = node.positionals[std::min(index, node.positionals.size() - 1)];
  if (index >= node.positionals.size() && !positional.repeats()) return {};
  return offered(node, positional.name);
}

}  // namespace

std::vector<std::string> Command::complete(const std::vector<std::string>& all) const {
  // bash takes "--output=ya" for three words.
  std::vector<std::string> words = all;
  words.erase(std::remove(words.begin(), words.end(), "="), words.end());
  if (words.empty()) words.emplace_back();
  const std::string last = words.back();
  words.pop_back();

  Parsed parsed;
  const auto read = parse(*node_, words, parsed);
  if (!read && !parsed.lacks_value) return {};
  const Node& node = *parsed.node;
  (void)assign(parsed);

  std::vector<std::string> candidates;
  std::string before;  // what stays in front of a candidate
  if (parsed.lacks_value) {
    candidates = for_option(node, *parsed.lacks_value);
  } else if (const auto equals = last.find('='); last.starts_with("--") && equals != std::string::npos) {
    before = last.substr(0, equals + 1);
    if (const Option* option = node.find(last.substr(0, equals))) candidates = for_option(node, *option);
  } else if (last.starts_with('-') && !parsed.only_positionals) {
    const auto add = [&](const Option& option) {
      if (!option.hidden && option.names.back().starts_with("--"))
        candidates.push_back(option.names.back() + '\t' + option.help);
    };
    for (const auto& option : node.options) add(option);
    for (const auto* option : node.inherited_options()) add(*option);
    candidates.emplace_back("--help\tthis text");
  } else {
    if (parsed.positionals.empty()) {
      for (const Node* child : node.shown_children())
        candidates.push_back(child->name + '\t' + child->first_paragraph());
    }
    for (auto& word : for_positional(node, parsed.positionals.size())) candidates.push_back(std::move(word));
  }
  std::erase_if(candidates, [&](const std::string& candidate) { return !(before + candidate).starts_with(last); });
  for (auto& candidate : candidates) candidate.insert(0, before);
  return candidates;
}

std::string Command::completion_script(const std::string& shell) const {
  const std::string& name = node_->name;
  if (shell == "bash")
    return fmt::format(R"sh(# bash completion for {0}; made by `{0} completion bash`
_{0}() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} line
  COMPREPLY=()
  [[ $cur == = ]] && cur=''
  while IFS='' read -r line; do
    line=${{line%%$'\t'*}}
    [[ $line == --*=* ]] && line=${{line#*=}}
    COMPREPLY+=("$line")
  done < <("${{COMP_WORDS[0]}}" __complete "${{COMP_WORDS[@]:1:COMP_CWORD-1}}" "$cur" 2>/dev/null)
}}
complete -o default -F _{0} {0}
)sh",
                       name);
  if (shell == "zsh")
    return fmt::format(R"sh(#compdef {0}
# zsh completion for {0}; made by `{0} completion zsh`
_{0}() {{
  local -a offered shown
  local line
  for line in ${{(f)"$("${{words[1]}}" __complete "${{(@)words[2,CURRENT]}}" 2>/dev/null)"}}; do
    offered+=("${{line%%$'\t'*}}")
    shown+=("${{line/$'\t'/  -- }}")
  done
  if (( $#offered )); then
    compadd -l -d shown -a offered
  else
    _files
  fi
}}
if [ "$funcstack[1]" = "_{0}" ]; then _{0} "$@"; else compdef _{0} {0}; fi
)sh",
                       name);
  return fmt::format(R"sh(# fish completion for {0}; made by `{0} completion fish`
function __{0}_complete
  set -l words (commandline -opc) (commandline -ct)
  $words[1] __complete $words[2..] 2>/dev/null
end
complete -c {0} -n 'test (count (__{0}_complete)) -gt 0' -f -a '(__{0}_complete)'
)sh",
                     name);
}

}  // namespace weft::cli
