#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/spelling.h"
#include "base/strings.h"
#include "cli/node.h"

namespace weft::cli {
namespace {

Result<> no_value(const std::string& value, std::string_view must) {
  return fail(Code::invalid, fmt::format("\"{}\" is not {}", value, must));
}

template <class N>
bool read_number(const std::string& value, N& out) {
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
  return error == std::errc() && end == value.data() + value.size();
}

std::string meant(std::string_view word, std::vector<std::string> known) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  return std::string(nearest(word, names));
}

/// Reads words one by one.
class Reader {
 public:
  Reader(const std::vector<std::string>& words, Parsed& parsed) : words_(words), parsed_(parsed) {}

  Result<> read() {
    for (; at_ < words_.size(); ++at_) {
      const std::string& word = words_[at_];
      if (parsed_.node->verbatim) {
        parsed_.node->verbatim->assign(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end());
        return {};
      }
      if (parsed_.only_positionals || word == "-" || !word.starts_with('-'))
        TRY(positional(word));
      else if (word == "--")
        parsed_.only_positionals = true;
      else if (word.starts_with("--"))
        TRY(long_option(word));
      else
        TRY(letters(word));
      if (parsed_.help) return {};
    }
    parsed_.help = asked_for_help_;
    return {};
  }

 private:
  bool ours() const { return parsed_.node->style == Style::ours; }

  Result<> positional(const std::string& word) {
    const Node& node = *parsed_.node;
    if (!parsed_.only_positionals && parsed_.positionals.empty()) {
      if (!node.parent && word == "help" && !asked_for_help_) {  // `weft help get` is `weft get --help`
        asked_for_help_ = true;
        return {};
      }
      if (const Node* child = node.child(word)) {
        parsed_.node = child;
        return {};
      }
    }
    const bool takes_none = node.positionals.empty() && !node.rest;
    if (takes_none && !node.children.empty()) return fail(Code::invalid, unknown_command(word));
    parsed_.positionals.push_back(word);
    return {};
  }

  std::string unknown_command(const std::string& word) const {
    const Node& node = *parsed_.node;
    std::vector<std::string> names;
    for (const Node* child : node.shown_children()) names.push_back(child->name);
    const std::string near = meant(word, names);
    if (ours())
      return fmt::format("there is no command \"{}\"{}", word,
                         near.empty() ? "" : fmt::format("; did you mean {}?", near));
    return fmt::format("unknown command \"{}\" for \"{}\"{}", word, node.path(),
                       near.empty() ? "" : fmt::format("\n\nDid you mean this?\n\t{}\n", near));
  }

  Result<> long_option(const std::string& word) {
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const Option* option = parsed_.node->find(name);
    if (!option) {
      if (name == "--help") return help();
      if (!ours()) return fail(Code::invalid, "unknown flag: " + name);
      std::vector<std::string> names;
      for (const auto& known : parsed_.node->options) names.insert(names.end(), known.names.begin(), known.names.end());
      const std::string near = meant(name, names);
      return fail(Code::invalid, fmt::format("there is no option {}{}", name,
                                             near.empty() ? "" : fmt::format("; did you mean {}?", near)));
    }
    if (equals != std::string::npos) return take(*option, name, word.substr(equals + 1));
    if (option->is_flag()) return take(*option, name, "true");
    return take_next(*option, name, name);
  }

  Result<> letters(const std::string& word) {
    for (std::size_t i = 1; i < word.size(); ++i) {
      const std::string name = {'-', word[i]};
      const Option* option = parsed_.node->find(name);
      if (!option) {
        if (name == "-h") return help();
        return fail(Code::invalid, ours() ? fmt::format("there is no option {}", name)
                                          : fmt::format("unknown shorthand flag: '{}' in {}", word[i], word));
      }
      if (option->is_flag() && (i + 1 == word.size() || word[i + 1] != '=')) {
        TRY(take(*option, name, "true"));
        continue;
      }
      if (i + 1 == word.size()) return take_next(*option, name, fmt::format("'{}' in {}", word[i], word));
      return take(*option, name, word.substr(word[i + 1] == '=' ? i + 2 : i + 1));
    }
    return {};
  }

  Result<> help() {
    parsed_.help = true;
    return {};
  }

  Result<> take_next(const Option& option, const std::string& name, const std::string& as_cobra) {
    if (at_ + 1 >= words_.size()) {
      parsed_.lacks_value = &option;
      return fail(Code::invalid, ours() ? name + " needs a value" : "flag needs an argument: " + as_cobra);
    }
    return take(option, name, words_[++at_]);
  }

  Result<> take(const Option& option, const std::string& name, const std::string& value) const {
    const auto taken = option.take(value);
    if (taken) return {};
    if (ours()) return std::unexpected(Error(taken.error()).within(name));
    return fail(Code::invalid, fmt::format("invalid argument \"{}\" for \"{}\" flag: {}", value,
                                           join(option.names, ", "), taken.error().message));
  }

  const std::vector<std::string>& words_;
  std::size_t at_ = 0;
  Parsed& parsed_;
  bool asked_for_help_ = false;
};

}  // namespace

Result<> Option::take(const std::string& value) const {
  if (auto* const* flag = std::get_if<bool*>(&variable)) {
    const std::string word = to_lower(value);
    const bool yes = word == "true" || word == "1" || word == "t";
    if (!yes && word != "false" && word != "0" && word != "f") return no_value(value, "true or false");
    **flag = yes;
  } else if (auto* const* text = std::get_if<std::string*>(&variable)) {
    **text = value;
  } else if (auto* const* whole = std::get_if<int*>(&variable)) {
    int number = 0;
    if (!read_number(value, number)) return no_value(value, "a whole number");
    **whole = number;
  } else if (auto* const* real = std::get_if<double*>(&variable)) {
    double number = 0;
    if (!read_number(value, number)) return no_value(value, "a number");
    **real = number;
  } else {
    std::get<std::vector<std::string>*>(variable)->push_back(value);
  }
  return {};
}

Result<> parse(const Node& root, const std::vector<std::string>& words, Parsed& parsed) {
  parsed.node = &root;
  return Reader(words, parsed).read();
}

Result<> assign(const Parsed& parsed) {
  const Node& node = *parsed.node;
  const auto& words = parsed.positionals;
  if (node.style == Style::cobra) {
    if (node.least == node.most && words.size() != node.least)
      return fail(Code::invalid, fmt::format("accepts {} arg(s), received {}", node.least, words.size()));
    if (words.size() < node.least)
      return fail(Code::invalid,
                  fmt::format("requires at least {} arg(s), only received {}", node.least, words.size()));
  }
  std::size_t next = 0;
  for (const auto& positional : node.positionals) {
    if (next == words.size()) {
      if (positional.required && node.style == Style::ours) return fail(Code::invalid, positional.name + " is missing");
      continue;
    }
    if (auto* const* text = std::get_if<std::string*>(&positional.variable)) {
      **text = words[next++];
    } else {
      auto& list = *std::get<std::vector<std::string>*>(positional.variable);
      list.assign(words.begin() + static_cast<std::ptrdiff_t>(next), words.end());
      next = words.size();
    }
  }
  if (node.rest)
    node.rest->assign(words.begin() + static_cast<std::ptrdiff_t>(next), words.end());
  else if (next < words.size() && node.style == Style::ours)
    return fail(Code::invalid, fmt::format("\"{}\" is one word too many", words[next]));
  return {};
}

}  // namespace weft::cli
