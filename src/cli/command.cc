#include "cli/command.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <map>

#include <fmt/format.h>

namespace weft::cli {

struct Command::Inner {
  std::shared_ptr<CLI::App> owned;  // of the root
  CLI::App* app = nullptr;
  std::function<int()> action;
  std::map<std::string, std::vector<std::string>> offered;
  std::vector<std::shared_ptr<Inner>> children;
  std::vector<std::string>* verbatim = nullptr;
  std::vector<std::string>* rest = nullptr;
};

namespace {

std::string first_paragraph(const std::string& help) { return help.substr(0, help.find("\n\n")); }

/// Help of a command is its whole text; lists of commands show the first paragraph.
class Formatter : public CLI::Formatter {
 public:
  std::string make_subcommand(const CLI::App* sub) const override {
    std::stringstream out;
    std::string first = first_paragraph(sub->get_description());
    CLI::detail::format_help(out, sub->get_name(), first, column_width_);
    return out.str();
  }
};

}  // namespace

Command Command::root(const std::string& name, const std::string& help) {
  Command command;
  command.inner_ = std::make_shared<Inner>();
  command.inner_->owned = std::make_shared<CLI::App>(help, name);
  command.inner_->app = command.inner_->owned.get();
  auto formatter = std::make_shared<Formatter>();
  formatter->column_width(26);
  command.inner_->app->formatter(formatter);
  command.inner_->app->require_subcommand(0, 1);
  return command;
}

Command Command::sub(const std::string& name, const std::string& help) {
  Command command;
  command.inner_ = std::make_shared<Inner>();
  command.inner_->app = inner_->app->add_subcommand(name, help);
  command.inner_->app->require_subcommand(0, 1);
  inner_->children.push_back(command.inner_);
  return command;
}

Command& Command::flag(const std::string& names, bool& variable, const std::string& help) {
  inner_->app->add_flag(names, variable, help);
  return *this;
}
Command& Command::option(const std::string& names, std::string& variable, const std::string& help) {
  inner_->app->add_option(names, variable, help);
  return *this;
}
Command& Command::option(const std::string& names, int& variable, const std::string& help) {
  inner_->app->add_option(names, variable, help);
  return *this;
}
Command& Command::option(const std::string& names, double& variable, const std::string& help) {
  inner_->app->add_option(names, variable, help);
  return *this;
}
Command& Command::option(const std::string& names, std::vector<std::string>& variable, const std::string& help) {
  inner_->app->add_option(names, variable, help)->take_all()->expected(1)->allow_extra_args(false);
  return *this;
}
Command& Command::positional(const std::string& name, std::string& variable, const std::string& help, bool required) {
  inner_->app->add_option(name, variable, help)->required(required);
  return *this;
}
Command& Command::positional(const std::string& name, std::vector<std::string>& variable, const std::string& help,
                             bool required) {
  inner_->app->add_option(name, variable, help)->required(required);
  return *this;
}
Command& Command::rest(std::vector<std::string>& variable, const std::string& help) {
  inner_->app->add_option("CMD", variable, help);
  inner_->rest = &variable;
  return *this;
}
Command& Command::verbatim(std::vector<std::string>& variable) {
  inner_->app->prefix_command();
  inner_->app->set_help_flag();
  inner_->verbatim = &variable;
  return *this;
}
Command& Command::hidden() {
  inner_->app->group("");
  return *this;
}
Command& Command::offers(const std::string& option, const std::vector<std::string>& words) {
  inner_->offered[option] = words;
  return *this;
}
void Command::run(std::function<int()> action) { inner_->action = std::move(action); }

namespace {

template <class Inner>
Inner* chosen(Inner* inner) {
  for (const auto& child : inner->children) {
    if (inner->app->got_subcommand(child->app)) return chosen(child.get());
  }
  return inner;
}

}  // namespace

int Command::parse_and_run(int argc, char** argv) {
  try {
    inner_->app->parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    return inner_->app->exit(help);
  } catch (const CLI::CallForAllHelp& help) {
    return inner_->app->exit(help);
  } catch (const CLI::ParseError& error) {
    auto* at = chosen(inner_.get());
    std::string path;
    for (const CLI::App* app = at->app; app; app = app->get_parent())
      path = app->get_name() + (path.empty() ? "" : " ") + path;
    fmt::print(stderr, "{}: {}\n`{} --help` shows what it understands.\n", path, error.what(), path);
    return 2;
  }
  auto* command = chosen(inner_.get());
  // CLI11 leaves the separator in where positionals before it are full.
  if (command->rest && !command->rest->empty() && command->rest->front() == "--")
    command->rest->erase(command->rest->begin());
  if (command->verbatim) *command->verbatim = command->app->remaining(true);
  if (!command->action) {
    fmt::print("{}", command->app->help());
    return command == inner_.get() && argc <= 1 ? 0 : 2;
  }
  return command->action();
}

namespace {

template <class Inner>
void complete(const Inner& inner, const std::string& path, std::string& out) {
  std::string words;
  for (const auto& child : inner.children) {
    if (!child->app->get_group().empty()) words += child->app->get_name() + ' ';
  }
  for (const CLI::Option* option : inner.app->get_options()) {
    for (const auto& name : option->get_lnames()) words += "--" + name + ' ';
  }
  out += fmt::format("    '{}') words='{}' ;;\n", path, words);
  for (const auto& [name, values] : inner.offered) {
    std::string patterns;  // all names of the option, or the command's own before its positional
    if (const auto* option = inner.app->get_option_no_throw(name)) {
      for (const auto& letter : option->get_snames()) patterns += fmt::format("|'{} -{}'", path, letter);
      for (const auto& word : option->get_lnames()) patterns += fmt::format("|'{} --{}'", path, word);
    } else {
      patterns = fmt::format("|'{} {}'", path, name);
    }
    out += fmt::format("    {}) words='{}' ;;\n", patterns.substr(1), fmt::join(values, " "));
  }
  for (const auto& child : inner.children) {
    if (!child->app->get_group().empty()) complete(*child, path + ' ' + child->app->get_name(), out);
  }
}

}  // namespace

std::string Command::bash_completion() const {
  const std::string name = inner_->app->get_name();
  std::string cases;
  complete(*inner_, name, cases);
  return fmt::format(R"(# bash completion for {0}; made by `{0} completion bash`
_{0}() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} path='{0}' words='' i word
  _{0}_words() {{
    words=''
    case "$1" in
{1}    esac
  }}
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${{COMP_WORDS[i]}}
    _{0}_words "$path"
    case " $words " in *" $word "*) [[ $word == -* ]] || path="$path $word" ;; esac
  done
  _{0}_words "$path ${{COMP_WORDS[COMP_CWORD-1]}}"
  [[ -n $words && $cur != -* ]] || _{0}_words "$path"
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  if [[ ${{#COMPREPLY[@]}} -eq 0 ]]; then
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$cur"))
  fi
}}
complete -F _{0} {0}
)",
                     name, cases);
}

}  // namespace weft::cli
