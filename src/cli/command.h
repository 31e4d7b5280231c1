#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// The tree of commands of a program: what it understands, its help and its completion come from one description.
/// CLI11 does the parsing, in one file.
namespace weft::cli {

class Command {
 public:
  /// The program itself.
  static Command root(const std::string& name, const std::string& help);

  /// A sub-command. What `help` says first, up to the first empty line, is the line in the list of its parent.
  Command sub(const std::string& name, const std::string& help);

  /// Names as CLI11 has them: "-f,--follow". Variables must outlive parsing.
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
  /// What completion offers after an option ("-o"), or for the first positional (the command's own name).
  Command& offers(const std::string& option, const std::vector<std::string>& words);

  /// What it does; its result is the exit status.
  void run(std::function<int()> action);

  /// Parses and runs. @return exit status: of the command, 0 for help, 2 for words that are not understood
  int parse_and_run(int argc, char** argv);

  /// A bash completion script for the whole tree.
  std::string bash_completion() const;

 private:
  struct Inner;
  std::shared_ptr<Inner> inner_;
};

}  // namespace weft::cli
