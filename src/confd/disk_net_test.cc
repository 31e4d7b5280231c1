#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"
#include "confd/render.h"
#include "test/small_disk.h"

namespace weft::confd {
namespace {

using testing::HasSubstr;

TEST(DiskFullTest, KeepsTheFileAsItWasAndSaysWhichOneDoesNotFit) {
  const test::SmallDisk disk;
  const test::Folder folder;
  ASSERT_TRUE(write_file_atomic(folder.path() + "/out.tmpl", "{{getv \"/v\"}}"));
  Resource resource;
  resource.name = "out.toml";
  resource.source = folder.path() + "/out.tmpl";
  resource.destination = disk.path() + "/out";
  resource.prefix = "/";
  resource.keys = {"/"};
  resource.reload_cmd = "echo reloaded >> " + folder.path() + "/reloads";
  Renderer renderer{RenderOptions{}};
  ASSERT_EQ(renderer.process(resource, {{"/v", "before"}}), Outcome::changed);
  const Keys changed{{"/v", std::string(8192, 'y')}};
  disk.fill();

  const auto outcome = renderer.process(resource, changed);

  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().message, HasSubstr(disk.path() + "/"));
  EXPECT_THAT(outcome.error().message, HasSubstr("No space left on device"));
  EXPECT_EQ(read_file(resource.destination), "before");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(disk.path()), {}), 2) << "out and what fills the disk";
  disk.make_room();
  EXPECT_EQ(renderer.process(resource, changed), Outcome::changed);
  EXPECT_EQ(read_file(resource.destination), changed.at("/v"));
  EXPECT_EQ(read_file(folder.path() + "/reloads"), "reloaded\nreloaded\n");
}

}  // namespace
}  // namespace weft::confd
