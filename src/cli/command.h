#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

/// The tree of commands of a program. What it understands, its help, its completion in shells and its man pages come
/// from one description. Words are read as GNU programs read them: `-o yaml`, `-oyaml`, `--output=yaml`, `-Rf x`,
/// options between positionals, `--` before words that only look like options.
namespace weft::cli {

/// How a program of this tree speaks: as ours do, or as those built with Go's cobra (calicoctl) do: layout of help,
/// sentences about words that are not understood, exit status 1 for them.
enum class Style { ours, cobra };

struct Node;

class Command {
 public:
  /// The program itself.
  static Command root(const std::string& name, const std::string& help, Style style = Style::ours);

  /// A sub-command. What `help` says first, up to the first empty line, is the line in the list of its parent.
  Command sub(const std::string& name, const std::string& help);

  /// Names of an option: "-f,--follow". Variables must outlive parsing.
  Command& flag(const std::string& names, bool& variable, const std::string& help);
  Command& option(const std::string& names, std::string& variable, const std::string& help);
  Command& option(const std::string& names, int& variable, const std::string& help);
  Command& option(const std::string& names, double& variable, const std::string& help);
  Command& option(const std::string& names, std::vector<std::string>& variable, const std::string& help);
  Command& positional(const std::string& name, std::string& variable, const std::string& help, bool required = true);
  Command& positional(const std::string& name, std::vector<std::string>& variable, const std::string& help,
                      bool required = false);
  /// Everything after "--", and positionals beyond those described.
  Command& rest(std::vector<std::string>& variable, const std::string& help);
  /// All words that follow, options too, as they are: for commands with a grammar of their own.
  Command& verbatim(std::vector<std::string>& variable);
  /// Not shown in help.
  Command& hidden();
  /// An option that works and is not shown in help.
  Command& hidden(const std::string& option);
  /// The heading under which its parent's help lists it.
  Command& under(const std::string& heading);
  /// Sub-commands understand the options described so far, too.
  Command& inherited();
  /// How many positionals it takes, checked when it runs; sentences are cobra's.
  Command& takes(std::size_t least, std::size_t most);
  /// The line after its names in cobra's help: "KIND NAME".
  Command& usage(const std::string& line);
  /// Shown after its help; lines as they are.
  Command& example(const std::string& lines);

  /// What completion offers for an option's value ("-o") or a positional ("KIND").
  Command& offers(const std::string& what, const std::vector<std::string>& words);
  /// The same, asked when it is needed; the words before it have been read into their variables.
  Command& offers(const std::string& what, std::function<std::vector<std::string>()> words);

  /// Done before any command of the tree runs; what is not 0 is the exit status, and nothing runs.
  void before(std::function<int()> action);
  /// What it does; its result is the exit status.
  void run(std::function<int()> action);

  /// Parses and runs. @return exit status: of the command, 0 for help, 2 for words that are not understood (cobra: 1)
  int parse_and_run(int argc, char** argv);

  /// What a shell may offer in place of the last word: "candidate\tdescription", or nothing: a file's name.
  std::vector<std::string> complete(const std::vector<std::string>& words) const;
  /// A script for "bash", "zsh" or "fish" that asks the program itself (`PROGRAM __complete WORDS`).
  std::string completion_script(const std::string& shell) const;

  std::string help() const;
  Style style() const;
  /// The same for what hangs in its own tree: one that owned it would keep the tree from ever ending.
  Command unowned() const { return Command(std::shared_ptr<Node>(std::shared_ptr<Node>(), node_.get())); }
  /// Man pages by file name ("weft-get.1"), of every command that is shown in help.
  std::map<std::string, std::string> man_pages() const;
  /// The page of the command that these words name; empty when there is none.
  std::string man_page(const std::vector<std::string>& words) const;

 private:
  explicit Command(std::shared_ptr<Node> node) : node_(std::move(node)) {}
  std::shared_ptr<Node> node_;
};

}  // namespace weft::cli
