#include "ctl/documents.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <iterator>

#include <fmt/core.h>

#include "base/file.h"
#include "base/strings.h"
#include "client/objects.h"
#include "schema/document.h"
#include "schema/value.h"

namespace weft::ctl {
namespace {

Result<std::string> read_standard_input() {
  std::string text;
  char buffer[65536];
  ssize_t n = 0;
  while ((n = ::read(STDIN_FILENO, buffer, sizeof buffer)) > 0) text.append(buffer, static_cast<std::size_t>(n));
  if (n < 0) return fail_errno(errno, "standard input");
  return text;
}

bool is_list(const schema::Value& value) {
  return value.text("kind").ends_with("List") && value.at("items") && value.at("items")->as_array();
}

std::string title_of(const api::Object& object) {
  const auto& m = object.metadata();
  return client::title(*object.kind, m.name, m.namespace_);
}

/// Of the metadata a user gives names, labels and annotations; a revision says which state is meant. The rest belongs
/// to the object that is there, or is made anew: a document that was shown by one cluster is at home in another.
void keep_what_users_give(const api::Object& object) {
  auto& metadata = object.metadata();
  metadata.generate_name.clear();
  metadata.uid.clear();
  metadata.creation_timestamp.clear();
  metadata.extra = {};
}

void add(Documents& all, schema::Value value, const std::string& where, const Scope& scope) {
  if (auto* array = value.as_array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      add(all, std::move((*array)[i]), fmt::format("{}, item {}", where, i + 1), scope);
    return;
  }
  if (is_list(value)) {
    auto items = *value.at("items")->as_array();
    for (std::size_t i = 0; i < items.size(); ++i)
      add(all, std::move(items[i]), fmt::format("{}, item {}", where, i + 1), scope);
    return;
  }
  std::vector<schema::Problem> problems;
  auto object = api::read_document(std::move(value), problems);
  if (!object) {
    all.bad.push_back(std::move(object.error()).within(where));
    return;
  }
  keep_what_users_give(*object);
  const auto& metadata = object->metadata();
  const std::string title = client::title(*object->kind, metadata.name, metadata.namespace_);
  const auto misplaced = [](const schema::Problem& problem) {
    return problem.path == "apiVersion" || problem.rule.starts_with("is not known");
  };
  if (std::any_of(problems.begin(), problems.end(), misplaced)) {
    all.bad.push_back(schema::to_error(problems).within(title).within(where));
    return;
  }
  Document document{.where = where, .object = std::move(*object), .is_readable = problems.empty()};
  if (!problems.empty()) {
    document.problem = schema::to_error(problems).within(title);
  } else if (auto settled = settle_namespace(document.object, scope); !settled) {
    document.problem = std::move(settled.error());
    document.is_readable = false;
  } else {
    // Defaults are filled in when it is written; rules are checked on what that will be.
    api::set_defaults(document.object);
    problems = api::validate(document.object);
    if (!problems.empty()) document.problem = schema::to_error(problems).within(title_of(document.object));
  }
  all.good.push_back(std::move(document));
}

void take(Documents& all, Documents part) {
  std::move(part.good.begin(), part.good.end(), std::back_inserter(all.good));
  std::move(part.bad.begin(), part.bad.end(), std::back_inserter(all.bad));
  std::move(part.empty.begin(), part.empty.end(), std::back_inserter(all.empty));
}

bool is_manifest(const std::filesystem::path& path) {
  const std::string extension = to_lower(path.extension().string());
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

/// Files of a folder, sorted by their paths.
Result<std::vector<std::string>> manifests(const std::string& folder, bool recursive) {
  std::vector<std::string> files;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
    if (entry->is_directory() && !recursive) entry.disable_recursion_pending();
    if (!entry->is_directory() && is_manifest(entry->path())) files.push_back(entry->path().string());
  }
  if (error) return fail(Code::unavailable, folder + ": " + error.message());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

Result<> settle_namespace(const api::Object& object, const Scope& scope) {
  auto& namespace_ = object.metadata().namespace_;
  const auto& kind = *object.kind;
  if (!kind.namespaced) {
    if (!namespace_.empty())
      return fail(Code::invalid, fmt::format("namespace should not be specified for a non-namespaced resource. {} is "
                                             "not a namespaced resource",
                                             kind.name));
    if (scope.all || !scope.namespace_.empty())
      return fail(Code::invalid, fmt::format("{} is not namespaced", kind.name));
    return {};
  }
  if (scope.all && !scope.namespace_.empty())
    return fail(Code::invalid, "cannot use both --namespace and --all-namespaces flags at the same time");
  if (scope.all) {
    namespace_.clear();
  } else if (namespace_.empty()) {
    namespace_ = scope.namespace_.empty() ? "default" : scope.namespace_;
  } else if (!scope.namespace_.empty() && scope.namespace_ != namespace_) {
    return fail(Code::invalid, fmt::format("resource namespace does not match client namespace. {} != {}", namespace_,
                                           scope.namespace_));
  }
  return {};
}

std::vector<Error> Documents::problems() const {
  std::vector<Error> all = bad;
  for (const auto& document : good) {
    if (document.problem) all.push_back(Error(*document.problem).within(document.where));
  }
  return all;
}

Result<Documents> parse_documents(std::string_view text, const std::string& file, const Scope& scope) {
  auto values = TRY(within(schema::parse_yaml(text), file));
  Documents all;
  const bool several = values.size() > 1;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].is_null()) continue;  // nothing between two separators
    add(all, std::move(values[i]), several ? fmt::format("{}, document {}", file, i + 1) : file, scope);
  }
  if (all.good.empty() && all.bad.empty()) all.empty.push_back(file);
  return all;
}

Result<Documents> read_documents(const std::string& file, const Scope& scope, bool recursive) {
  if (file == "-") return parse_documents(TRY(read_standard_input()), "standard input", scope);
  std::error_code ignored;
  if (!std::filesystem::is_directory(file, ignored)) return parse_documents(TRY(read_file(file)), file, scope);
  Documents all;
  for (const auto& each : TRY(manifests(file, recursive)))
    take(all, TRY(parse_documents(TRY(read_file(each)), each, scope)));
  if (all.good.empty() && all.bad.empty()) all.empty.push_back(file);
  return all;
}

}  // namespace weft::ctl
