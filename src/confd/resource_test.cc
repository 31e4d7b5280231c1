#include "confd/resource.h"

#include "confd/toml.h"

namespace weft::confd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const ResourceOptions options{.confdir = "/etc/confd", .prefix = "", .node_name = "node1"};

TEST(Resource, ReadsEveryMember) {
  const auto resource = parse_resource(R"([template]
src = "app.tmpl"
dest = "/etc/app.conf"
prefix = "/app/"
keys = ["/db", "cache/", "/host//NODENAME/block"]
mode = "0640"
uid = 0
gid = 104
check_cmd = "app -t {{.src}}"
reload_cmd = "app reload"
)",
                                       "app.toml", options);

  ASSERT_TRUE(resource.has_value()) << resource.error().message;
  EXPECT_EQ(resource->source, "/etc/confd/templates/app.tmpl");
  EXPECT_EQ(resource->destination, "/etc/app.conf");
  EXPECT_THAT(resource->keys, ElementsAre("/app/db", "/app/cache", "/app/host/node1/block"));
  EXPECT_EQ(resource->mode, 0640u);
  EXPECT_EQ(resource->uid, 0u);
  EXPECT_EQ(resource->gid, 104u);
  EXPECT_EQ(resource->check_cmd, "app -t {{.src}}");
  EXPECT_EQ(resource->reload_cmd, "app reload");
}

TEST(Resource, TakesThePrefixOfTheCommandLineInstead) {
  const auto resource = parse_resource("[template]\nsrc='a'\ndest='/b'\nprefix='/app'\nkeys=['/x']\n", "app.toml",
                                       {.confdir = "/c", .prefix = "prod", .node_name = ""});

  ASSERT_TRUE(resource.has_value());
  EXPECT_EQ(resource->prefix, "/prod");
  EXPECT_THAT(resource->keys, ElementsAre("/prod/x"));
}

TEST(Resource, NamesFileAndMemberOfWhatIsWrong) {
  const auto error = [](std::string_view text) {
    const auto resource = parse_resource(text, "app.toml", options);
    return resource ? "no error" : resource.error().message;
  };
  EXPECT_THAT(error("[template]\ndest='/b'\nkeys=['/']"), HasSubstr("app.toml: template.src: "));
  EXPECT_THAT(error("[template]\nsrc='a'\nkeys=['/']"), HasSubstr("app.toml: template.dest: "));
  EXPECT_THAT(error("[template]\nsrc='a'\ndest='/b'"), HasSubstr("app.toml: template.keys: "));
  EXPECT_THAT(error("[template]\nsrc='a'\ndest='/b'\nkeys='/x'"), HasSubstr("template.keys: must be a list"));
  EXPECT_THAT(error("[template]\nsrc='a'\ndest='/b'\nkeys=['/']\nmode='rw'"), HasSubstr("template.mode: "));
  EXPECT_THAT(error("[template]\nsrc='a'\ndest='/b'\nkeys=['/']\nuid='root'"), HasSubstr("template.uid: "));
  EXPECT_THAT(error("src='a'"), HasSubstr("app.toml: has no table [template]"));
  EXPECT_THAT(error("[template"), HasSubstr("app.toml: line 1, column "));
}

TEST(Resource, KnowsWhatLiesBelowAKey) {
  EXPECT_TRUE(is_below("/a", "/a"));
  EXPECT_TRUE(is_below("/a", "/a/b"));
  EXPECT_TRUE(is_below("/", "/a"));
  EXPECT_FALSE(is_below("/a", "/ab"));
  EXPECT_FALSE(is_below("/a/b", "/a"));
}

TEST(Toml, ReadsEveryKindOfValue) {
  const auto value = parse_toml("a = 1\nb = 1.5\nc = true\nd = 'x'\ne = [1, 2]\n[f]\ng = 2026-11-24\n");

  ASSERT_TRUE(value.has_value()) << value.error().message;
  EXPECT_EQ(schema::to_json(*value), R"({"a":1,"b":1.5,"c":true,"d":"x","e":[1,2],"f":{"g":"2026-11-24"}})");
}

}  // namespace
}  // namespace weft::confd
