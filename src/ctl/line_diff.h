#pragma once

#include <string>

namespace weft::ctl {

/// What differs between two texts, as `diff -u` shows it with three lines around; empty when nothing does.
std::string unified_diff(const std::string& before, const std::string& after, const std::string& before_name,
                         const std::string& after_name, bool colours);

}  // namespace weft::ctl
