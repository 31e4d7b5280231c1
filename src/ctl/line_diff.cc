#include "ctl/line_diff.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include <fmt/core.h>

#include "base/strings.h"

namespace weft::ctl {
namespace {

constexpr std::size_t around = 3;             // lines that are the same, shown with those that differ
constexpr std::size_t most_cells = 16 << 20;  // of the table of common lines

struct Line {
  char mark;  // ' ', '-', '+'
  std::string text;
};

std::vector<std::string> lines_of(const std::string& text) {
  auto lines = split(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  return lines;
}

/// Both texts as one, with the longest run of common lines kept.
std::vector<Line> compare(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  std::vector<Line> all;
  std::size_t same = 0, end = 0;  // at the beginning, at the end
  while (same < a.size() && same < b.size() && a[same] == b[same]) ++same;
  while (end < a.size() - same && end < b.size() - same && a[a.size() - 1 - end] == b[b.size() - 1 - end]) ++end;
  const std::size_t rows = a.size() - same - end, columns = b.size() - same - end;
  for (std::size_t i = 0; i < same; ++i) all.push_back({' ', a[i]});
  if ((rows + 1) * (columns + 1) > most_cells) {
    for (std::size_t i = 0; i < rows; ++i) all.push_back({'-', a[same + i]});
    for (std::size_t i = 0; i < columns; ++i) all.push_back({'+', b[same + i]});
  } else {
    // longest[i][j]: how many lines a[i..] and b[j..] have in common.
    std::vector<std::vector<unsigned>> longest(rows + 1, std::vector<unsigned>(columns + 1));
    for (std::size_t i = rows; i-- > 0;) {
      for (std::size_t j = columns; j-- > 0;) {
        longest[i][j] =
            a[same + i] == b[same + j] ? longest[i + 1][j + 1] + 1 : std::max(longest[i + 1][j], longest[i][j + 1]);
      }
    }
    std::size_t i = 0, j = 0;
    while (i < rows || j < columns) {
      if (i < rows && j < columns && a[same + i] == b[same + j]) {
        all.push_back({' ', a[same + i]});
        ++i, ++j;
      } else if (i < rows && (j == columns || longest[i + 1][j] >= longest[i][j + 1])) {
        all.push_back({'-', a[same + i++]});
      } else {
        all.push_back({'+', b[same + j++]});
      }
    }
  }
  for (std::size_t i = a.size() - end; i < a.size(); ++i) all.push_back({' ', a[i]});
  return all;
}

std::string range(std::size_t first, std::size_t count) {
  if (count == 0) return fmt::format("{},0", first - 1);
  return count == 1 ? fmt::format("{}", first) : fmt::format("{},{}", first, count);
}

}  // namespace

std::string unified_diff(const std::string& before, const std::string& after, const std::string& before_name,
                         const std::string& after_name, bool colours) {
  const auto lines = compare(lines_of(before), lines_of(after));
  const auto differs = [](const Line& line) { return line.mark != ' '; };
  if (std::none_of(lines.begin(), lines.end(), differs)) return {};
  const auto paint = [&](char mark, const std::string& text) {
    const char* colour = !colours      ? ""
                         : mark == '-' ? "\033[31m"
                         : mark == '+' ? "\033[32m"
                         : mark == '@' ? "\033[36m"
                                       : "";
    return fmt::format("{}{}{}\n", colour, text, *colour ? "\033[0m" : "");
  };
  std::string out = paint('-', "--- " + before_name) + paint('+', "+++ " + after_name);
  std::size_t at_before = 1, at_after = 1;  // line numbers of `i`
  for (std::size_t i = 0; i < lines.size();) {
    if (!differs(lines[i])) {
      // Skip to three lines before the next that differs.
      std::size_t next = i;
      while (next < lines.size() && !differs(lines[next])) ++next;
      if (next == lines.size()) break;
      const std::size_t skip = next - i > around ? next - i - around : 0;
      i += skip, at_before += skip, at_after += skip;
    }
    std::size_t end = i, same = 0;  // of this piece
    for (std::size_t k = i; k < lines.size() && same <= 2 * around; ++k) {
      same = differs(lines[k]) ? 0 : same + 1;
      if (same == 0) end = k + 1;
    }
    const std::size_t stop = std::min(lines.size(), end + around);
    std::size_t olds = 0, news = 0;
    std::string text;
    for (std::size_t k = i; k < stop; ++k) {
      olds += lines[k].mark != '+', news += lines[k].mark != '-';
      text += paint(lines[k].mark, lines[k].mark + lines[k].text);
    }
    out += paint('@', fmt::format("@@ -{} +{} @@", range(at_before, olds), range(at_after, news))) + text;
    i = stop, at_before += olds, at_after += news;
  }
  return out;
}

}  // namespace weft::ctl
