#include "base/resident.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <stdexcept>

#include "base/file.h"
#include "base/strings.h"

namespace weft {
namespace {

/// Pages of files in this process, in kB (proc_pid_status(5)).
long mapped_kb() {
  const std::string status = read_file("/proc/self/status").value();
  return std::strtol(status.c_str() + status.find("RssFile:") + 8, nullptr, 10);
}

TEST(ResidentTest, UnmapsMostOfTheProgramWhichGoesOnAsBefore) {
  const std::string written(100, 'w');
  const long before = mapped_kb();

  unmap_program_pages();

  EXPECT_LT(mapped_kb(), before / 2);
  EXPECT_EQ(written, std::string(100, 'w'));
  EXPECT_THROW(throw std::runtime_error("unwinding reads tables of all libraries"), std::runtime_error);
  EXPECT_FALSE(read_file("/nonexistent"));
}

}  // namespace
}  // namespace weft
