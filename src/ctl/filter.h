#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "cli/command.h"
#include "schema/value.h"

/// Commands that read questions, one JSON object per line, and answer one JSON object per line in the same order.
namespace weft::ctl {

/// Answers one question. The loop repeats the question's "id" in front of the answer's members; an error becomes
/// {"ok": false, "error": …}.
using Answerer = std::function<Result<schema::Object>(const schema::Object& question)>;

/// The line that answers a line, without line ends.
std::string answer_line(std::string_view line, const Answerer& answerer);

/// Answers lines until the input ends. Each answer is written before more is read, so a caller may wait for it; every
/// line gets an answer, a bad or an empty one too. Memory is bounded by the longest line, of at most 256 MiB.
/// @return exit status: 0, or 1 when reading or writing failed
int run_filter(int in, int out, const Answerer& answerer);

/// A sub-command that is a filter of standard input.
void add_filter(cli::Command& parent, const std::string& name, const std::string& help, Answerer answerer);

}  // namespace weft::ctl
