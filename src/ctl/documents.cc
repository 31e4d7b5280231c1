#include "ctl/documents.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <map>
#include <set>

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

/// Puts a value where a path such as "spec.ingress[0].protocol" leads.
void put(schema::Value& document, std::string_view path, const schema::Value& value) {
  schema::Value* at = &document;
  for (const std::string& step : split(path, '.')) {
    auto bracket = std::min(step.find('['), step.size());
    const std::string name = step.substr(0, bracket);
    auto* object = at->as_object();
    if (!object) return;
    if (!object->find(name)) object->set(name, schema::Object());
    at = object->find(name);
    for (; bracket < step.size(); bracket = std::min(step.find('[', bracket + 1), step.size())) {
      auto* array = at->as_array();
      const std::size_t index = std::strtoul(step.c_str() + bracket + 1, nullptr, 10);
      if (!array || index >= array->size()) return;
      at = &(*array)[index];
    }
  }
  *at = value;
}

/// Values of all sorts, and those that are said to be wrong: another member may have to be the same.
std::vector<schema::Value> stand_ins(const std::vector<schema::Problem>& problems) {
  using schema::Array, schema::Object;
  std::vector<schema::Value> values = {true, 4, 6, Object(), Array{Object()}, Array{"default"}, Array{"10.0.0.1"}};
  for (const auto* text : {"default", "TCP", "ICMP", "Egress", "10.0.0.1", "10.0.0.0/8", "fd00::1", "fd00::/64"})
    values.emplace_back(text);
  constexpr std::size_t most = 32;
  for (const auto& problem : problems) {
    auto value = schema::parse_json(problem.value);
    if (value && values.size() < most && std::ranges::find(values, *value) == values.end())
      values.push_back(std::move(*value));
  }
  return values;
}

/// The object with something else where nothing could be read.
api::Object with_stand_in(const api::Kind& kind, schema::Value given, const std::vector<schema::Problem>& unread,
                          const schema::Value& stand_in) {
  for (const auto& problem : unread) put(given, problem.path, stand_in);
  api::Object object{&kind, kind.make()};
  schema::read(kind.schema(), std::move(given), object.data.get(), false);
  api::set_defaults(object);
  return object;
}

bool is_at_or_below(std::string_view path, std::string_view above) {
  return path.starts_with(above) &&
         (path.size() == above.size() || path[above.size()] == '.' || path[above.size()] == '[');
}

/// Rules that the object breaks with its defaults filled in. Of members that could not be read nothing is known: a
/// problem is told only if it stays whatever stands there.
std::vector<schema::Problem> broken_rules(const api::Object& object, const std::vector<schema::Problem>& unread) {
  const auto given = unread.empty() ? schema::Value() : object.value();
  api::set_defaults(object);
  auto problems = api::validate(object);
  if (unread.empty()) return problems;
  std::erase_if(problems, [&](const auto& problem) {
    return std::ranges::any_of(unread, [&](const auto& u) { return is_at_or_below(problem.path, u.path); });
  });
  if (problems.empty()) return problems;

  const auto by_path = [](const std::vector<schema::Problem>& those) {
    std::map<std::string, std::set<std::string>> rules;
    for (const auto& problem : those) rules[problem.path].insert(problem.rule);
    return rules;
  };
  auto always = by_path(problems), ever = always;
  for (const auto& stand_in : stand_ins(problems)) {
    auto now = by_path(api::validate(with_stand_in(*object.kind, given, unread, stand_in)));
    std::erase_if(always, [&](const auto& path) { return !now.contains(path.first); });
    for (auto& [path, rules] : always) {
      std::erase_if(rules, [&](const auto& rule) { return !now[path].contains(rule); });
      ever[path].merge(now[path]);
    }
  }
  std::vector<schema::Problem> sure;
  for (auto& problem : problems) {
    const auto rules = always.find(problem.path);
    if (rules == always.end()) continue;
    // By one rule or another, as a block size is that neither family has: both are told.
    if (rules->second.empty() && ever[problem.path].size() == 2) {
      problem.rule = join({ever[problem.path].begin(), ever[problem.path].end()}, " or ");
      rules->second.insert(problem.rule);
    }
    if (rules->second.contains(problem.rule)) sure.push_back(std::move(problem));
  }
  return sure;
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
  const bool is_misplaced = std::ranges::any_of(problems, [](const schema::Problem& problem) {
    return problem.path == "apiVersion" || problem.rule.starts_with("is not known");
  });
  const auto settled = settle_namespace(*object, scope);
  if (!settled) problems.push_back({"metadata.namespace", {}, settled.error().message});
  Document document{.where = where, .object = std::move(*object), .is_readable = problems.empty()};
  // Defaults are filled in when it is written; rules are checked on what that will be.
  std::ranges::move(broken_rules(document.object, problems), std::back_inserter(problems));
  if (!problems.empty()) {
    const bool only_namespace = !settled && problems.size() == 1;
    document.problem = only_namespace ? settled.error() : schema::to_error(problems).within(title_of(document.object));
  }
  if (is_misplaced) {
    all.bad.push_back(std::move(*document.problem).within(where));
    return;
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
