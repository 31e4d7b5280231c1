#include "confd/flags.h"

#include <unistd.h>

#include "base/file.h"

namespace weft::confd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<Settings> parse(std::vector<std::string> arguments) { return parse_flags(arguments); }
std::string error(std::vector<std::string> arguments) {
  const auto settings = parse(std::move(arguments));
  return settings ? "no error" : settings.error().message;
}

TEST(Flags, TakesAConfdCommandLineAsItIsWritten) {
  const auto settings =
      parse({"-confdir=/etc/calico/confd", "-interval=5", "-watch", "--log-level=debug", "-node=http://etcd1:4001"});

  ASSERT_TRUE(settings.has_value()) << settings.error().message;
  EXPECT_EQ(settings->confdir, "/etc/calico/confd");
  EXPECT_EQ(settings->interval, std::chrono::seconds(5));
  EXPECT_TRUE(settings->watch);
  EXPECT_FALSE(settings->onetime);
  EXPECT_EQ(settings->log_level, "debug");
  EXPECT_THAT(settings->nodes, ElementsAre("http://etcd1:4001"));
  EXPECT_EQ(settings->backend, "etcdv3");
}

TEST(Flags, TakesValuesAsTheNextWord) {
  const auto settings = parse({"-backend", "calico", "--node", "a", "-node", "b", "-prefix", "/x", "-onetime=true",
                               "-watch=false", "-noop", "-sync-only", "-keep-stage-file"});

  ASSERT_TRUE(settings.has_value()) << settings.error().message;
  EXPECT_EQ(settings->backend, "calico");
  EXPECT_THAT(settings->nodes, ElementsAre("a", "b"));
  EXPECT_EQ(settings->prefix, "/x");
  EXPECT_TRUE(settings->onetime);
  EXPECT_FALSE(settings->watch);
  EXPECT_EQ(settings->render, (RenderOptions{true, true, true}));
}

TEST(Flags, NamesTheFlagThatIsWrong) {
  EXPECT_THAT(error({"-nope"}), HasSubstr("-nope"));
  EXPECT_THAT(error({"-interval"}), HasSubstr("-interval"));
  EXPECT_THAT(error({"-interval=soon"}), HasSubstr("-interval: \"soon\""));
  EXPECT_THAT(error({"-watch=perhaps"}), HasSubstr("-watch"));
  EXPECT_THAT(error({"-backend=redis"}), HasSubstr("redis"));
  EXPECT_THAT(error({"word"}), HasSubstr("word"));
}

TEST(Flags, WinOverTheConfigurationFile) {
  const std::string path = testing::TempDir() + "confd." + std::to_string(getpid()) + ".toml";
  ASSERT_TRUE(write_file_atomic(path,
                                "backend = 'etcdv3'\ninterval = 7\nnodes = ['http://a:1', 'http://b:2']\nprefix = "
                                "'/p'\nclient_cert = '/c'\nwatch = true\n")
                  .has_value());

  const auto settings = parse({"-config-file", path, "-prefix=/q", "-node=http://c:3"});

  ASSERT_TRUE(settings.has_value()) << settings.error().message;
  EXPECT_EQ(settings->interval, std::chrono::seconds(7));
  EXPECT_EQ(settings->prefix, "/q");
  EXPECT_THAT(settings->nodes, ElementsAre("http://c:3"));
  EXPECT_EQ(settings->client_cert, "/c");
  EXPECT_TRUE(settings->watch);
  EXPECT_EQ(parse({"-config-file", path})->nodes.size(), 2u);
  EXPECT_TRUE(remove_file(path).has_value());
}

TEST(Flags, NamesFileAndMemberThatAreWrong) {
  EXPECT_THAT(error({"-config-file", "/nowhere/confd.toml"}), HasSubstr("/nowhere/confd.toml"));
  const std::string path = testing::TempDir() + "confd-bad." + std::to_string(getpid()) + ".toml";
  ASSERT_TRUE(write_file_atomic(path, "interval = 'soon'\n").has_value());
  EXPECT_THAT(error({"-config-file", path}), HasSubstr("interval"));
  EXPECT_TRUE(remove_file(path).has_value());
}

TEST(Flags, PrintsAllThatThereAre) {
  for (const std::string flag :
       {"-backend", "-confdir", "-interval", "-node", "-onetime", "-prefix", "-watch", "-noop"})
    EXPECT_THAT(usage(), HasSubstr(flag));
}

}  // namespace
}  // namespace weft::confd
