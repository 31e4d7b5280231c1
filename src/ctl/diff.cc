// `diff -f` and `edit`: what would change, and changes by hand.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <fmt/core.h>

#include "base/env.h"
#include "base/file.h"
#include "base/process.h"
#include "base/strings.h"
#include "client/objects.h"
#include "client/resources.h"
#include "ctl/line_diff.h"
#include "ctl/request.h"
#include "ctl/staged_store.h"
#include "schema/value.h"

namespace weft::ctl {
namespace {

std::string title(const api::Object& object) {
  const auto& m = object.metadata();
  return client::title(*object.kind, m.name, m.namespace_);
}

/// The value of a key as people read it; empty when there is none.
std::string as_yaml(const std::optional<std::string>& json) {
  if (!json) return {};
  const auto value = schema::parse_json(*json);
  return value ? schema::to_yaml(*value) : *json + '\n';
}

/// 0: nothing would change, 1: something would, 2: it cannot be told.
Result<int> try_diff(Request& request) {
  if (request.file.empty()) return fail(Code::invalid, "-f FILE: which resources (- is standard input)");
  const auto documents = TRY(documents_of(request));
  if (const auto problems = documents.problems(); !problems.empty()) {
    for (const auto& problem : problems) fmt::print(stderr, "{}\n", problem.message);
    return 2;
  }
  const auto store = TRY(open_store(request.access));
  StagedStore staged(*store);
  staged.may_flush(false);
  bool failed = false;
  const std::size_t built_in = documents.good.size();  // what a write would make first is nobody's change
  staged.begin(built_in, 0);
  TRY(client::ensure_initialized(staged));
  for (std::size_t i = 0; i < documents.good.size(); ++i) {
    const auto& document = documents.good[i];
    staged.begin(i, 0);
    auto applied = may_write(document.object, Verb::apply);
    if (applied) applied = client::apply(staged, document.object);
    if (applied) continue;
    fmt::print(stderr, "{}: {}\n", document.where, applied.error().message);
    failed = true;
  }
  bool differs = false;
  const bool colours = ::isatty(STDOUT_FILENO) != 0 && env_or("NO_COLOR", "").empty();  // no-color.org
  for (const auto& change : staged.changes()) {
    if (change.tag == built_in) continue;
    const auto& document = documents.good[change.tag];
    std::string after = as_yaml(change.after);
    if (!change.before) {
      // What the store gives to a new object differs each time.
      auto lines = split(after, '\n');
      std::erase_if(lines,
                    [](const auto& l) { return l.starts_with("  uid: ") || l.starts_with("  creationTimestamp: "); });
      after = join(lines, "\n");
    }
    const std::string text = unified_diff(as_yaml(change.before), after, "cluster: " + title(document.object),
                                          document.where + ": " + title(document.object), colours);
    differs |= !text.empty();
    fmt::print("{}", text);
  }
  return failed ? 2 : differs ? 1 : 0;
}

std::string editor() {
  for (const char* variable : {"VISUAL", "EDITOR"}) {
    if (const char* program = std::getenv(variable); program && *program) return program;
  }
  return "vi";
}

/// Lets the user change the text. @return what it is afterwards
Result<std::string> edited(const std::string& file, const std::string& text) {
  TRY(write_file_atomic(file, text, 0600));
  const std::string command = editor() + " '" + file + "'";
  const int status = std::system(command.c_str());
  if (status != 0)
    return fail(Code::canceled, fmt::format("{}: {}; nothing was changed", editor(), describe_status(status)));
  return read_file(file);
}

Result<int> try_edit(Request& request) {
  const auto* kind = TRY(kind_of(request));
  if (!kind || request.names.size() != 1) return fail(Code::invalid, "edit what? A resource type and one name");
  const auto wanted = TRY(named(*kind, request.names.front(), request));
  TRY(may_write(wanted, Verb::replace));
  const auto store = TRY(open_store(request.access));
  const auto before = TRY(client::get(*store, *kind, wanted.metadata().name, wanted.metadata().namespace_));
  const std::string text = schema::to_yaml(before.value());

  std::string folder = (std::getenv("TMPDIR") ? std::string(std::getenv("TMPDIR")) : "/tmp") + "/weft-edit.XXXXXX";
  if (!::mkdtemp(folder.data())) return fail_errno(errno, folder);
  const std::string file = folder + "/" + wanted.metadata().name + ".yaml";
  const auto clean_up = [&] {
    (void)remove_file(file);
    ::rmdir(folder.c_str());
  };
  auto after = edited(file, text);
  if (!after || *after == text || trim(*after).empty()) {
    clean_up();
    if (!after) return std::unexpected(after.error());
    fmt::print("Nothing was changed.\n");
    return 0;
  }
  const auto write_back = [&]() -> Result<> {
    auto documents = TRY(within(schema::parse_yaml(*after), file));
    std::erase_if(documents, [](const auto& document) { return document.is_null(); });
    if (documents.size() != 1) return fail(Code::invalid, file + ": must be one document");
    return client::replace(*store, TRY(within(changed(before, std::move(documents[0])), title(before))));
  };
  const auto written = write_back();
  if (!written) {
    fmt::print(stderr, "{}\nWhat you wrote is kept in {}\n", written.error().message, file);
    return 1;
  }
  clean_up();
  fmt::print("Successfully replaced 1 '{}' resource(s)\n", kind->name);
  return 0;
}

}  // namespace

int diff(Request& request) {
  const auto status = try_diff(request);
  if (status) return *status;
  complain(status.error());
  return 2;
}

int edit(Request& request) {
  const auto status = try_edit(request);
  return status ? *status : complain(status.error());
}

}  // namespace weft::ctl
