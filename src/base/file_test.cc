#include "base/file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <iterator>

namespace weft {
namespace {

struct FileTest : testing::Test {
  std::string folder = [] {
    std::string name = testing::TempDir() + "weft-file-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    return name;
  }();
  ~FileTest() override { std::filesystem::remove_all(folder); }

  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
  }
};

TEST_F(FileTest, ReadsBackWhatItWroteWithTheModeAsked) {
  const std::string path = folder + "/a";
  ASSERT_TRUE(write_file_atomic(path, "one", 0600));

  EXPECT_EQ(read_file(path), "one");
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(FileTest, ReplacesAtomicallyAndLeavesNoTemporaryFile) {
  const std::string path = folder + "/a";
  ASSERT_TRUE(write_file_atomic(path, "old"));
  ASSERT_TRUE(write_file_atomic(path, "new"));

  EXPECT_EQ(read_file(path), "new");
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, KeepsTheOldContentWhenTheNewCannotBePut) {
  std::filesystem::create_directories(folder + "/a/b");  // a rename onto a full folder fails

  const auto written = write_file_atomic(folder + "/a", "new");

  ASSERT_FALSE(written);
  EXPECT_TRUE(written.error().message.starts_with(folder + "/a: ")) << written.error().message;
  EXPECT_EQ(entries(), 1u);
}

TEST_F(FileTest, NamesTheFileThatIsNotThere) {
  const auto read = read_file(folder + "/nothing");

  ASSERT_FALSE(read);
  EXPECT_EQ(read.error(), (Error{Code::not_found, folder + "/nothing: No such file or directory"}));
}

TEST_F(FileTest, ReadsFilesOfTheKernelThatHaveNoSize) { EXPECT_FALSE(read_file("/proc/self/status")->empty()); }

TEST_F(FileTest, MakesFoldersAndIsContentWhenTheyAreThere) {
  ASSERT_TRUE(make_directories(folder + "/x/y/z"));
  ASSERT_TRUE(make_directories(folder + "/x/y/z"));
  ASSERT_TRUE(make_directories(folder + "/x/y/w/"));

  EXPECT_TRUE(std::filesystem::is_directory(folder + "/x/y/z"));
  EXPECT_TRUE(std::filesystem::is_directory(folder + "/x/y/w"));
}

TEST_F(FileTest, AFileInTheWayOfAFolderIsAnError) {
  ASSERT_TRUE(write_file_atomic(folder + "/f", ""));

  EXPECT_FALSE(make_directories(folder + "/f"));
  EXPECT_FALSE(make_directories(folder + "/f/g"));
}

TEST_F(FileTest, RemovesAFileAndIsContentWhenItIsGone) {
  ASSERT_TRUE(write_file_atomic(folder + "/a", ""));

  EXPECT_TRUE(remove_file(folder + "/a"));
  EXPECT_TRUE(remove_file(folder + "/a"));
  EXPECT_FALSE(file_exists(folder + "/a"));
}

TEST_F(FileTest, WritesOnlyToFilesThatExist) {
  EXPECT_EQ(write_existing(folder + "/a", "x").error().code, Code::not_found);
}

}  // namespace
}  // namespace weft
