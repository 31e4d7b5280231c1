#include "ctl/reference.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "schema/document.h"

namespace weft::ctl {
namespace {

const std::string folder = WEFT_SOURCE_DIR "/docs/reference/";

std::string content(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Reference, IsWhatTheDescriptionsSay) {
  const auto pages = reference_pages();
  if (std::getenv("WEFT_UPDATE_REFERENCE") != nullptr) {
    std::filesystem::create_directories(folder);
    for (const auto& [name, text] : pages) std::ofstream(folder + name) << text;
  }
  for (const auto& [name, text] : pages) {
    EXPECT_TRUE(content(folder + name) == text)
        << name << " is old: WEFT_UPDATE_REFERENCE=1 ctl_test --gtest_filter=Reference.*";
  }
  for (const auto& file : std::filesystem::directory_iterator(folder))
    EXPECT_TRUE(pages.contains(file.path().filename().string())) << file.path() << " is of no kind";
}

TEST(Reference, HasACatalogueOfErrors) {
  const std::string path = WEFT_SOURCE_DIR "/docs/errors.md";
  if (std::getenv("WEFT_UPDATE_REFERENCE") != nullptr) std::ofstream(path) << error_catalogue();
  EXPECT_TRUE(content(path) == error_catalogue()) << "docs/errors.md is old: see above";
}

TEST(Reference, HasExamplesThatAreValid) {
  for (const api::Kind& kind : api::kinds()) {
    auto documents = schema::parse_yaml(example_document(kind));
    ASSERT_TRUE(documents && documents->size() == 1) << kind.name;
    std::vector<schema::Problem> problems;
    const auto object = api::read_document(std::move(documents->front()), problems);
    ASSERT_TRUE(object) << kind.name << ": " << object.error().message;
    api::set_defaults(std::as_const(*object));
    for (const auto& problem : api::validate(*object)) problems.push_back(problem);
    for (const auto& problem : problems) ADD_FAILURE() << kind.name << ": " << to_string(problem);
    EXPECT_FALSE(kind.schema().example.empty()) << kind.name;
  }
}

}  // namespace
}  // namespace weft::ctl
