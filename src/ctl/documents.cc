#include "ctl/documents.h"

#include <unistd.h>

#include <fmt/core.h>

#include "base/file.h"
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

void add(Documents& all, schema::Value value, const std::string& where, const std::string& namespace_) {
  if (auto* array = value.as_array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      add(all, std::move((*array)[i]), fmt::format("{}, item {}", where, i + 1), namespace_);
    return;
  }
  if (is_list(value)) {
    auto items = *value.at("items")->as_array();
    for (std::size_t i = 0; i < items.size(); ++i)
      add(all, std::move(items[i]), fmt::format("{}, item {}", where, i + 1), namespace_);
    return;
  }
  std::vector<schema::Problem> problems;
  auto object = api::read_document(std::move(value), problems);
  if (!object) {
    all.bad.push_back(std::move(object.error()).within(where));
    return;
  }
  auto& metadata = object->metadata();
  if (object->kind->namespaced && metadata.namespace_.empty()) metadata.namespace_ = namespace_;
  if (problems.empty()) {
    // Defaults are filled in when it is written; rules are checked on what that will be.
    api::set_defaults(*object);
    problems = api::validate(*object);
  }
  if (problems.empty())
    all.good.push_back({where, std::move(*object)});
  else
    all.bad.push_back(schema::to_error(problems)
                          .within(client::title(*object->kind, metadata.name, metadata.namespace_))
                          .within(where));
}

}  // namespace

Result<Documents> parse_documents(std::string_view text, const std::string& file, const std::string& namespace_) {
  auto values = TRY(within(schema::parse_yaml(text), file));
  Documents all;
  const bool several = values.size() > 1;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].is_null()) continue;  // nothing between two separators
    add(all, std::move(values[i]), several ? fmt::format("{}, document {}", file, i + 1) : file, namespace_);
  }
  if (all.good.empty() && all.bad.empty()) return fail(Code::invalid, file + ": holds no resource");
  return all;
}

Result<Documents> read_documents(const std::string& file, const std::string& namespace_) {
  if (file == "-") return parse_documents(TRY(read_standard_input()), "standard input", namespace_);
  return parse_documents(TRY(read_file(file)), file, namespace_);
}

}  // namespace weft::ctl
