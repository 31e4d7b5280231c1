#include "ctl/debug_selector.h"

#include <fmt/core.h>

#include "api/selector.h"

namespace weft::ctl {

namespace {

/// The elements of a list that may be absent.
Result<schema::Array> list(const schema::Object& object, std::string_view name) {
  const auto* value = object.find(name);
  if (!value || value->is_null()) return schema::Array();
  if (const auto* array = value->as_array()) return *array;
  return fail(Code::invalid, fmt::format("{}: must be a list", name));
}

Result<const schema::Object*> check_labels(const schema::Value* value) {
  static const schema::Object none;
  if (!value || value->is_null()) return &none;
  const auto* object = value->as_object();
  if (!object) return fail(Code::invalid, "labels must be an object");
  for (const auto& [name, text] : *object) {
    if (!text.as_string()) return fail(Code::invalid, fmt::format("label {}: must be a string", name));
  }
  return object;
}

const std::string* find(const schema::Object& labels, std::string_view name) {
  const auto* value = labels.find(name);
  return value ? value->as_string() : nullptr;
}

Result<schema::Array> match(const api::Selector& selector, const schema::Array& labels) {
  schema::Array matches;
  for (const auto& each : labels) {
    const auto* object = TRY(check_labels(&each));
    matches.emplace_back(selector.matches([&](std::string_view name) { return find(*object, name); }));
  }
  return matches;
}

/// An item's own labels win; else the first parent that has the label gives it.
Result<bool> match_inheriting(const api::Selector& selector, const schema::Value& item) {
  const auto* object = item.as_object();
  if (!object) return fail(Code::invalid, "must be an object");
  std::vector<const schema::Object*> chain{TRY(check_labels(object->find("labels")))};
  const auto parents = TRY(list(*object, "parents"));
  for (const auto& parent : parents) chain.push_back(TRY(check_labels(&parent)));
  return selector.matches([&](std::string_view name) -> const std::string* {
    for (const auto* labels : chain) {
      if (const auto* value = find(*labels, name)) return value;
    }
    return nullptr;
  });
}

}  // namespace

Result<schema::Object> answer_selector(const schema::Object& question) {
  const auto* text = question.find("selector");
  if (text && !text->is_null() && !text->as_string()) return fail(Code::invalid, "selector: must be a string");
  const auto selector =
      TRY(within(api::Selector::parse(text && text->as_string() ? *text->as_string() : ""), "selector"));
  auto matches = TRY(within(match(selector, TRY(list(question, "labels"))), "labels"));
  schema::Array inherits;
  const auto items = TRY(list(question, "inherit"));
  for (std::size_t i = 0; i < items.size(); ++i)
    inherits.emplace_back(TRY(within(match_inheriting(selector, items[i]), fmt::format("inherit[{}]", i))));
  return schema::Object{{"ok", true},
                        {"canonical", selector.text()},
                        {"uid", selector.id()},
                        {"match", std::move(matches)},
                        {"inherit", std::move(inherits)}};
}

}  // namespace weft::ctl
