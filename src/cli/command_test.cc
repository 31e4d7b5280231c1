#include "cli/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "base/process.h"
#include "base/strings.h"
#include "test/folder.h"

namespace weft::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

struct Outcome {
  int status = 0;
  std::string out;
  std::string err;
};

/// A program with a command of each sort.
struct Tool {
  std::string output, kind, node, config;
  std::vector<std::string> names, labels, command, words;
  int count = 1;
  double seconds = 30;
  bool all = false;
  std::string ran;

  Command root = Command::root("tool", "Does things.");

  Tool() {
    auto get = root.sub("get", "Show things.\n\nWith an example: tool get pools");
    get.positional("KIND", kind, "what").positional("NAME", names, "which");
    get.option("-o,--output", output, "format").option("-l,--label", labels, "a label; again for more");
    get.option("-n", count, "how many").option("--seconds", seconds, "how long").flag("-A,--all", all, "all of them");
    get.offers("-o", {"yaml", "json"}).offers("KIND", {"nodes", "pools"});
    get.offers("NAME", [this] { return std::vector<std::string>{kind + "-1", kind + "-2"}; });
    get.run([this] { return ran = "get", 0; });
    auto lab = root.sub("lab", "A lab.");
    lab.sub("up", "Begin.").option("-c,--config", config, "file").run([this] { return ran = "lab up", 7; });
    auto exec = lab.sub("exec", "Run something.");
    exec.option("-c", config, "file").positional("NODE", node, "where").rest(command, "what");
    exec.run([this] { return ran = "lab exec", 0; });
    auto pod = lab.sub("pod", "Pods.");
    auto add = pod.sub("add", "Add one.");
    add.positional("NAME", node, "name").option("--node", output, "where").rest(command, "what it runs");
    add.run([this] { return ran = "lab pod add", 0; });
    auto raw = root.sub("raw", "Has a grammar of its own.");
    raw.verbatim(words).run([this] { return ran = "raw", 0; });
    root.sub("secret", "Not for everybody.").hidden().run([this] { return ran = "secret", 0; });
  }

  Outcome run(std::vector<std::string> argv) {
    argv.insert(argv.begin(), "tool");
    std::vector<char*> pointers;
    for (auto& word : argv) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Outcome outcome;
    outcome.status = root.parse_and_run(static_cast<int>(argv.size()), pointers.data());
    outcome.err = testing::internal::GetCapturedStderr();
    outcome.out = testing::internal::GetCapturedStdout();
    return outcome;
  }
};

TEST(CommandTest, FillsVariablesAndRuns) {
  Tool tool;
  const auto outcome = tool.run({"get", "pools", "a", "b", "-o", "yaml", "-n", "3", "--seconds=0.5", "-A"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(tool.ran, "get");
  EXPECT_EQ(tool.kind, "pools");
  EXPECT_THAT(tool.names, ElementsAre("a", "b"));
  EXPECT_EQ(tool.output, "yaml");
  EXPECT_EQ(tool.count, 3);
  EXPECT_EQ(tool.seconds, 0.5);
  EXPECT_TRUE(tool.all);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "");
}

TEST(CommandTest, TakesOptionsBeforeAndBetweenPositionals) {
  Tool tool;
  EXPECT_EQ(tool.run({"get", "--output=json", "pools", "--all", "a"}).status, 0);
  EXPECT_EQ(tool.output, "json");
  EXPECT_THAT(tool.names, ElementsAre("a"));
}

TEST(CommandTest, TakesAnOptionAgainAndAgain) {
  Tool tool;
  EXPECT_EQ(tool.run({"get", "pools", "-l", "a=1", "--label", "b=2", "x"}).status, 0);
  EXPECT_THAT(tool.labels, ElementsAre("a=1", "b=2"));
  EXPECT_THAT(tool.names, ElementsAre("x")) << "an option takes one word";
}

TEST(CommandTest, HasTheStatusOfWhatRan) {
  Tool tool;
  EXPECT_EQ(tool.run({"lab", "up"}).status, 7);
  EXPECT_EQ(tool.ran, "lab up");
}

TEST(CommandTest, RefusesWhatItDoesNotUnderstand) {
  for (const auto& [words, where] :
       std::vector<std::pair<std::vector<std::string>, std::string>>{{{"fetch"}, "tool"},
                                                                     {{"--nonsense"}, "tool"},
                                                                     {{"get", "pools", "--nonsense"}, "tool get"},
                                                                     {{"get", "pools", "-n", "many"}, "tool get"},
                                                                     {{"get", "pools", "-n"}, "tool get"},
                                                                     {{"get"}, "tool get"},
                                                                     {{"lab", "up", "there"}, "tool lab up"},
                                                                     {{"lab", "dance"}, "tool lab"}}) {
    Tool tool;
    const auto outcome = tool.run(words);
    EXPECT_EQ(outcome.status, 2) << join(words, " ");
    EXPECT_EQ(tool.ran, "");
    EXPECT_EQ(outcome.out, "");
    EXPECT_THAT(outcome.err, testing::StartsWith(where + ": "));
    EXPECT_THAT(outcome.err, testing::EndsWith("`" + where + " --help` shows what it understands.\n"));
  }
  Tool tool;
  EXPECT_THAT(tool.run({"get", "pools", "-n", "many"}).err, HasSubstr("many"));
}

TEST(CommandTest, ExplainsItself) {
  Tool tool;
  const auto help = tool.run({"--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_EQ(help.err, "");
  for (const char* part : {"Does things.", "get", "Show things.", "lab", "A lab.", "raw"})
    EXPECT_THAT(help.out, HasSubstr(part));
  EXPECT_THAT(help.out, Not(HasSubstr("With an example"))) << "lists show the first paragraph";
  EXPECT_THAT(help.out, Not(HasSubstr("secret")));

  const auto get = tool.run({"get", "-h"});
  EXPECT_EQ(get.status, 0) << "although what it requires is missing";
  for (const char* part : {"Show things.", "With an example: tool get pools", "KIND", "NAME", "-o, --output", "format"})
    EXPECT_THAT(get.out, HasSubstr(part));
  EXPECT_EQ(tool.ran, "");
}

TEST(CommandTest, ExplainsItselfWhenAskedForNothing) {
  Tool tool;
  const auto alone = tool.run({});
  EXPECT_EQ(alone.status, 0);
  EXPECT_THAT(alone.out, HasSubstr("Does things."));
  Tool other;
  const auto lab = other.run({"lab"});
  EXPECT_EQ(lab.status, 2) << "a script that forgot a word must notice";
  EXPECT_THAT(lab.out + lab.err, HasSubstr("exec"));
}

TEST(CommandTest, RunsWhatIsHidden) {
  Tool tool;
  EXPECT_EQ(tool.run({"secret"}).status, 0);
  EXPECT_EQ(tool.ran, "secret");
}

TEST(RestTest, IsEverythingAfterTheSeparator) {
  Tool tool;
  EXPECT_EQ(tool.run({"lab", "exec", "n1", "--", "sh", "-c", "echo $1", "--", "--help", "-c", ""}).status, 0);
  EXPECT_EQ(tool.node, "n1");
  EXPECT_THAT(tool.command, ElementsAre("sh", "-c", "echo $1", "--", "--help", "-c", ""));
  EXPECT_EQ(tool.config, "");
}

TEST(RestTest, FollowsOptionsOnEitherSideOfThePositional) {
  Tool before;
  EXPECT_EQ(before.run({"lab", "pod", "add", "--node", "n1", "ns/a", "--", "sleep", "1"}).status, 0);
  EXPECT_EQ(before.output, "n1");
  EXPECT_EQ(before.node, "ns/a");
  EXPECT_THAT(before.command, ElementsAre("sleep", "1"));
  Tool after;
  EXPECT_EQ(after.run({"lab", "pod", "add", "ns/a", "--node", "n1", "--", "sleep", "--node", "1"}).status, 0);
  EXPECT_EQ(after.output, "n1");
  EXPECT_THAT(after.command, ElementsAre("sleep", "--node", "1"));
  Tool none;
  EXPECT_EQ(none.run({"lab", "pod", "add", "ns/a", "--node", "n1"}).status, 0);
  EXPECT_THAT(none.command, ElementsAre());
  EXPECT_EQ(none.output, "n1");
}

TEST(VerbatimTest, KeepsWordsAsTheyAre) {
  Tool tool;
  EXPECT_EQ(tool.run({"raw", "-confdir=/etc", "--log-level=debug", "-h", "get", "--", "x"}).status, 0);
  EXPECT_EQ(tool.ran, "raw");
  EXPECT_THAT(tool.words, ElementsAre("-confdir=/etc", "--log-level=debug", "-h", "get", "--", "x"));
}

/// What is offered for the last of these words, descriptions left out.
std::vector<std::string> offers(const std::vector<std::string>& words) {
  static Tool tool;
  std::vector<std::string> offered;
  for (const auto& line : tool.root.complete(words)) offered.push_back(line.substr(0, line.find('\t')));
  std::sort(offered.begin(), offered.end());
  return offered;
}

TEST(CompletionTest, OffersCommands) {
  EXPECT_THAT(offers({"g"}), ElementsAre("get"));
  EXPECT_THAT(offers({""}), ElementsAre("get", "lab", "raw"));
  EXPECT_THAT(offers({"lab", ""}), ElementsAre("exec", "pod", "up"));
  EXPECT_THAT(offers({"lab", "pod", "a"}), ElementsAre("add"));
}

TEST(CompletionTest, OffersOptionsAndTheirValues) {
  EXPECT_THAT(offers({"get", "--"}), ElementsAre("--all", "--help", "--label", "--output", "--seconds"));
  EXPECT_THAT(offers({"get", "pools", "-o", ""}), ElementsAre("json", "yaml"));
  EXPECT_THAT(offers({"get", "pools", "--output", "y"}), ElementsAre("yaml"));
  EXPECT_THAT(offers({"get", "pools", "--output=y"}), ElementsAre("--output=yaml"));
  EXPECT_THAT(offers({"get", "pools", "--output", "=", "y"}), ElementsAre("yaml")) << "bash splits at the sign";
}

TEST(CompletionTest, OffersWhatACommandIsAbout) {
  EXPECT_THAT(offers({"get", ""}), ElementsAre("nodes", "pools"));
  EXPECT_THAT(offers({"get", "n"}), ElementsAre("nodes"));
  EXPECT_THAT(offers({"get", "--all", "nodes", ""}), ElementsAre("nodes-1", "nodes-2")) << "words before it are read";
}

TEST(CompletionTest, OffersNothingWhereAFileFits) {
  EXPECT_THAT(offers({"lab", "up", "--config", "poo"}), ElementsAre());
  EXPECT_THAT(offers({"lab", "dance", ""}), ElementsAre());
}

TEST(CompletionTest, IsAScriptThatAsksTheProgram) {
  const test::Folder folder;
  ASSERT_TRUE(write_file_atomic(folder.path() + "/tool.bash", Tool().root.completion_script("bash")));
  const auto finished = weft::run({.argv = {"bash", "--norc", "-c", R"(source ./tool.bash
      tool() { printf 'called:%s\tdescribed\n' "$*"; }
      COMP_WORDS=(tool get po); COMP_CWORD=2; _tool; echo "${COMPREPLY[0]}"; complete -p tool)"},
                                   .directory = folder.path()});
  ASSERT_TRUE(finished);
  EXPECT_EQ(finished->out, "called:__complete get po\ncomplete -o default -F _tool tool\n") << finished->err;
}

TEST(ManTest, HasAPageForEachCommand) {
  const auto pages = Tool().root.man_pages();
  ASSERT_TRUE(pages.contains("tool-lab-pod-add.1"));
  EXPECT_FALSE(pages.contains("tool-secret.1"));
  EXPECT_EQ(pages.at("tool-get.1"), Tool().root.man_page({"get"}));
  for (const char* part :
       {".TH \"TOOL\\-GET\" 1", "tool\\-get \\- Show things.", "\\fB\\-o\\fR, \\fB\\-\\-output\\fR", "format"})
    EXPECT_THAT(pages.at("tool-get.1"), HasSubstr(part));
  EXPECT_EQ(Tool().root.man_page({"nothing"}), "");
}

/// The same words understood as programs made with cobra do.
struct Cobra {
  std::string output = "ps", level = "panic";
  int most = 5;
  std::vector<std::string> names;
  std::string ran;
  Command root = Command::root("ctl", "It does.\n\nIt does a lot.", Style::cobra);

  Cobra() {
    root.option("-l,--log-level", level, "Level").inherited();
    auto get = root.sub("get", "Get things.\n\nGet all things there are.");
    get.option("-o,--output", output, "Format").option("--max", most, "Most").usage("[KIND]").takes(1, 2);
    get.positional("KIND", names, "");
    get.example("  ctl get x");
    get.run([this] { return ran = "get", 0; });
    auto patch = root.sub("patch", "Patch.");
    patch.takes(2, 2).positional("KIND", names, "").run([this] { return ran = "patch", 0; });
    root.sub("group", "Groups.").sub("one", "One.").run([this] { return ran = "one", 0; });
  }
  Outcome run(std::vector<std::string> argv) {
    Tool tool;
    tool.root = root;
    return tool.run(std::move(argv));
  }
};

TEST(CobraTest, ComplainsAsCobra) {
  for (const auto& [words, sentence] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{"bogus"}, "unknown command \"bogus\" for \"ctl\"\n"},
           {{"group", "bogus"}, "unknown command \"bogus\" for \"ctl group\"\n"},
           {{"get", "--bogus"}, "unknown flag: --bogus\n"},
           {{"get", "-Vx"}, "unknown shorthand flag: 'V' in -Vx\n"},
           {{"get", "x", "-o"}, "flag needs an argument: 'o' in -o\n"},
           {{"get", "x", "--output"}, "flag needs an argument: --output\n"},
           {{"get"}, "requires at least 1 arg(s), only received 0\n"},
           {{"patch", "x"}, "accepts 2 arg(s), received 1\n"}}) {
    Cobra cobra;
    const auto outcome = cobra.run(words);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_EQ(outcome.err, sentence);
    EXPECT_EQ(cobra.ran, "");
  }
}

TEST(CobraTest, ReadsOptionsOfTheProgramBehindACommand) {
  Cobra cobra;
  EXPECT_EQ(cobra.run({"-l", "info", "get", "x", "-ojson", "--max=7"}).status, 0);
  EXPECT_EQ(cobra.level, "info");
  EXPECT_EQ(cobra.output, "json");
  EXPECT_EQ(cobra.most, 7);
  EXPECT_EQ(cobra.run({"get", "x", "-l=debug"}).status, 0);
  EXPECT_EQ(cobra.level, "debug");
}

TEST(CobraTest, ExplainsItselfInCobrasLayout) {
  EXPECT_EQ(Cobra().run({"get", "--help"}).out,
            "Get all things there are.\n\n"
            "Usage:\n  ctl get [KIND] [flags]\n\n"
            "Examples:\n  ctl get x\n\n"
            "Flags:\n"
            "  -h, --help            help for get\n"
            "      --max int         Most (default 5)\n"
            "  -o, --output string   Format (default \"ps\")\n\n"
            "Global Flags:\n"
            "  -l, --log-level string   Level (default \"panic\")\n");
  EXPECT_EQ(Cobra().run({"help", "get"}).out, Cobra().run({"get", "-h"}).out);
  const auto group = Cobra().run({"group"});
  EXPECT_EQ(group.status, 0);
  EXPECT_THAT(group.out, HasSubstr("Available Commands:\n  one         One.\n"));
}

}  // namespace
}  // namespace weft::cli
