#include <gtest/gtest.h>

#include "agent/agent.h"
#include "base/file.h"
#include "test/folder.h"

namespace weft::agent {
namespace {

using Settings = std::map<std::string, std::string>;

Result<Settings> read(std::vector<std::string> variables, std::string_view content) {
  const test::Folder folder;
  const std::string file = folder.path() + "/felix.cfg";
  if (!content.empty()) (void)write_file_atomic(file, content).value();
  std::vector<char*> pointers;
  for (auto& variable : variables) pointers.push_back(variable.data());
  pointers.push_back(nullptr);
  auto settings = read_environment(pointers.data(), file);
  if (!settings) settings.error().message.erase(0, folder.path().size());
  return settings;
}

TEST(EnvironmentTest, TakesFelixVariablesWhateverTheirCase) {
  EXPECT_EQ(read({"FELIX_LogSeverityScreen=debug", "felix_healthport=9100", "FELIX_LOGPREFIX=a=b",
                  "FELIX_EMPTY=", "PATH=/bin", "FELIXHOSTNAME=no"},
                 ""),
            (Settings{{"logseverityscreen", "debug"}, {"healthport", "9100"}, {"logprefix", "a=b"}, {"empty", ""}}));
}

TEST(EnvironmentTest, TakesTheFileBelowThem) {
  EXPECT_EQ(
      read({"FELIX_HEALTHPORT=1"}, "[global]\n# a comment\n; another\n\nHealthPort = 2\n  LogPrefix=calico  \r\n"),
      (Settings{{"healthport", "1"}, {"logprefix", "calico"}}));
}

TEST(EnvironmentTest, NeedsNoFile) { EXPECT_EQ(read({}, ""), Settings()); }

TEST(EnvironmentTest, NamesTheLineItDoesNotUnderstand) {
  EXPECT_EQ(read({}, "[global]\nHealthPort 2\n").error(),
            (Error{Code::invalid, "/felix.cfg:2: \"HealthPort 2\" is not NAME = VALUE"}));
  EXPECT_FALSE(read({}, "= 2\n"));
}

}  // namespace
}  // namespace weft::agent
