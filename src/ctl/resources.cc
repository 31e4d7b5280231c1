// Commands that write resources: create, apply, replace, delete, validate, patch, label.

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <fmt/core.h>

#include "client/objects.h"
#include "client/resources.h"
#include "ctl/patch.h"
#include "ctl/request.h"
#include "ctl/staged_store.h"
#include "schema/document.h"

namespace weft::ctl {
namespace {

bool is_controller() {
  const char* controller = std::getenv("WEFT_CONTROLLER");
  return controller && std::string_view(controller) == "true";
}

/// Says how far long work is, on a terminal, after a second.
std::function<void(std::size_t)> progress_of(std::size_t all) {
  if (!::isatty(STDERR_FILENO)) return {};
  return [all, begin = std::chrono::steady_clock::now()](std::size_t done) {
    if (std::chrono::steady_clock::now() - begin < std::chrono::seconds(1)) return;
    fmt::print(stderr, "\r{} of {}{}", done, all, done == all ? "\r\033[K" : "");
    std::fflush(stderr);
  };
}

/// Documents from -f, or for delete from a kind and names.
Result<Documents> what_to_write(Request& request, Verb verb) {
  const auto* kind = TRY(kind_of(request));
  if (!request.file.empty()) {
    if (kind) return fail(Code::invalid, "either a resource type and names, or -f FILE");
    auto documents = TRY(documents_of(request));
    // Whoever deletes need not say what is there, as long as it has a name.
    if (verb == Verb::remove) {
      for (auto& document : documents.good) {
        auto settled = settle_namespace(document.object, request.scope);
        document.problem = settled ? std::nullopt : std::optional(std::move(settled.error()));
        document.is_readable = settled.has_value();
      }
    }
    return documents;
  }
  if (verb != Verb::remove) return fail(Code::invalid, "-f FILE: which resources (- is standard input)");
  if (!kind) return fail(Code::invalid, "delete what? A resource type and names, or -f FILE");
  if (request.names.empty())
    return fail(Code::invalid, fmt::format("delete which {}? Names come after it", kind->plural));
  Documents documents;
  for (const auto& name : request.names) {
    api::Object stub{kind, kind->make()};
    stub.metadata().name = name;
    auto object = named(*kind, name, request);
    documents.good.push_back({.where = {},
                              .object = object ? *object : stub,
                              .problem = object ? std::nullopt : std::optional(std::move(object.error())),
                              .is_readable = object.has_value()});
  }
  return documents;
}

Report of_dry_run(Report report) {
  if (!report.out.empty()) report.out += "(dry run: nothing was written)\n";
  return report;
}

constexpr int most_tries = 5;

/// Reads, changes and writes an object; somebody who writes between is let go first, a few times.
Result<> change(store::Store& store, const api::Object& wanted, bool dry_run,
                const std::function<Result<api::Object>(const api::Object&)>& how) {
  const auto& m = wanted.metadata();
  for (int tries = 1;; ++tries) {
    const auto before = TRY(client::get(store, *wanted.kind, m.name, m.namespace_));
    const auto after = TRY(how(before));
    StagedStore staged(store);
    staged.may_flush(false);
    auto written = client::replace(dry_run ? static_cast<store::Store&>(staged) : store, after);
    if (written || written.error().code != Code::conflict || tries == most_tries) return written;
  }
}

/// An only name, with its object that says which.
Result<api::Object> one_named(Request& request) {
  const auto* kind = TRY(kind_of(request));
  if (!kind || request.names.size() != 1) return fail(Code::invalid, "a resource type and one name are needed");
  return named(*kind, request.names.front(), request);
}

Result<std::string> try_label(Request& request, const std::string& word) {
  const auto equals = word.find('=');
  if (!request.remove_label && equals == std::string::npos)
    return fail(Code::invalid, fmt::format("invalid label {}", word));
  const std::string key = word.substr(0, request.remove_label ? std::string::npos : equals);
  const std::string value = request.remove_label ? "" : word.substr(equals + 1);
  const std::string what = fmt::format("{} {}", request.kind, request.names.empty() ? "" : request.names.front());

  const auto wanted = TRY(one_named(request));
  const auto store = TRY(open_store(request.access));
  std::string said = fmt::format("Successfully set label {} on {}", key, what);
  enum class Step { read, labels, write } step = Step::read;
  const auto done = change(*store, wanted, request.dry_run, [&](const api::Object& before) -> Result<api::Object> {
    step = Step::labels;
    auto& labels = before.metadata().labels;
    const auto there = labels.find(key);
    if (request.remove_label) {
      if (there == labels.end())
        return fail(Code::not_found, fmt::format("cannot remove label of {}, key {} does not exist", what, key));
      labels.erase(there);
      said = fmt::format("Successfully removed label {} from {}", key, what);
    } else {
      if (there != labels.end()) {
        if (there->second != value && !request.overwrite) {
          return fail(Code::exists, fmt::format("failed to update label of {}, key {} is already present. please use "
                                                "'--overwrite' to set a new value",
                                                what, key));
        }
        said = fmt::format("Successfully updated label {} on {}", key, what);
      }
      labels[key] = value;
    }
    step = Step::write;
    if (!is_controller()) TRY(may_write(before, Verb::patch));
    return before;
  });
  if (done) return said;
  const auto& [code, message] = done.error();
  if (request.voice == Voice::weft || step == Step::labels) return std::unexpected(done.error());
  if (step == Step::write) return fail(code, fmt::format("failed to update {}, label not changed: {}", what, message));
  return fail(code,
              code == Code::not_found ? what + " not found" : fmt::format("failed to get {}, error {}", what, message));
}

}  // namespace

Result<api::Object> changed(const api::Object& before, schema::Value value) {
  std::vector<schema::Problem> problems, had;
  auto after = TRY(api::read_document(value, problems));
  if (!problems.empty()) {
    TRY(api::read_document(before.value(), had));
    std::erase_if(problems, [&](const auto& problem) {
      return std::ranges::any_of(had, [&](const auto& h) { return h.path == problem.path && h.rule == problem.rule; });
    });
    if (problems.empty()) {
      after.data = after.kind->make();
      problems = schema::read(after.kind->schema(), std::move(value), after.data.get(), false);
    }
    if (!problems.empty()) return std::unexpected(schema::to_error(problems));
  }
  const auto& was = before.metadata();
  auto& is = after.metadata();
  if (after.kind != before.kind || is.name != was.name || is.namespace_ != was.namespace_)
    return fail(Code::invalid, "kind, name and namespace must stay as they are");
  is.resource_version = was.resource_version;
  return after;
}

int write(Request& request, Verb verb) {
  auto documents = what_to_write(request, verb);
  if (!documents) return report_unreadable(request.voice, {documents.error()}).say();
  // A file of which something cannot be read changes nothing: its other documents may lean on that.
  if (!documents->bad.empty()) return report_unreadable(request.voice, documents->problems()).say();
  const auto store = open_store(request.access);
  if (!store) return complain(store.error());
  const auto outcomes = write(**store, verb, documents->good,
                              {.skip_exists = request.skip_exists,
                               .skip_not_exists = request.skip_not_exists,
                               .controller = is_controller(),
                               .dry_run = request.dry_run,
                               .progress = progress_of(documents->good.size())});
  const auto said = report(request.voice, verb, outcomes);
  return (request.dry_run ? of_dry_run(said) : said).say();
}

int validate(const Request& request) {
  if (request.file.empty()) return complain({Code::invalid, "-f FILE: which resources (- is standard input)"});
  auto documents = documents_of(request);
  if (!documents) return report_unreadable(request.voice, {documents.error()}).say();
  if (!documents->bad.empty()) return report_unreadable(request.voice, documents->problems()).say();
  std::vector<Outcome> outcomes;
  for (const auto& document : documents->good) {
    outcomes.push_back({document.where, document.object, {}});
    if (document.problem) outcomes.back().result = std::unexpected(*document.problem);
  }
  return report(request.voice, Verb::validate, outcomes).say();
}

int patch(Request& request) {
  auto wanted = one_named(request);
  if (!wanted) return complain(wanted.error());
  const auto store = open_store(request.access);
  if (!store) return complain(store.error());
  Outcome outcome{.where = {}, .object = *wanted, .result = may_write(*wanted, Verb::patch)};
  if (outcome.result || is_controller()) {
    outcome.result = change(**store, *wanted, request.dry_run, [&](const api::Object& before) -> Result<api::Object> {
      return changed(before, TRY(apply_patch(request.patch_type, request.patch, before.value())));
    });
  }
  const auto said = report(request.voice, Verb::patch, {outcome});
  return (request.dry_run ? of_dry_run(said) : said).say();
}

int label(Request& request, const std::vector<std::string>& words) {
  for (const auto& word : words) {
    const auto said = try_label(request, word);
    if (!said) return complain(said.error());
    fmt::print("{}\n", *said);
  }
  return 0;
}

}  // namespace weft::ctl
