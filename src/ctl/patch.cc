#include "ctl/patch.h"

#include <charconv>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "base/strings.h"

namespace weft::ctl {
namespace {

using schema::Array;
using schema::Object;
using schema::Value;

/// The parts of a JSON pointer (RFC 6901).
Result<std::vector<std::string>> parse_pointer(std::string_view pointer) {
  if (pointer.empty()) return std::vector<std::string>();
  if (pointer[0] != '/') return fail(Code::invalid, fmt::format("path \"{}\" must begin with a slash", pointer));
  auto parts = split(pointer.substr(1), '/');
  if (parts.empty()) parts.emplace_back();
  for (auto& part : parts) {
    std::string text;
    for (std::size_t i = 0; i < part.size(); ++i) {
      const bool escape = part[i] == '~' && i + 1 < part.size();
      text += !escape ? part[i] : part[++i] == '1' ? '/' : '~';
    }
    part = std::move(text);
  }
  return parts;
}

/// Which element of a list, `size` when it is "-".
Result<std::size_t> index_of(const std::string& part, std::size_t size, bool may_append) {
  std::size_t index = 0;
  if (part == "-" && may_append) return size;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc() || end != part.data() + part.size() || index > size || (index == size && !may_append))
    return fail(Code::invalid, fmt::format("there is no element {}", part));
  return index;
}

Result<Value*> find(Value& document, std::span<const std::string> path) {
  Value* at = &document;
  for (const auto& part : path) {
    if (auto* object = at->as_object()) {
      at = object->find(part);
      if (!at) return fail(Code::invalid, fmt::format("there is no member \"{}\"", part));
    } else if (auto* array = at->as_array()) {
      at = &(*array)[TRY(index_of(part, array->size(), false))];
    } else {
      return fail(Code::invalid, fmt::format("there is nothing below which \"{}\" could be", part));
    }
  }
  return at;
}

Result<> add(Value& document, std::span<const std::string> path, Value value) {
  if (path.empty()) {
    document = std::move(value);
    return {};
  }
  Value* parent = TRY(find(document, path.first(path.size() - 1)));
  if (auto* object = parent->as_object()) {
    object->set(path.back(), std::move(value));
  } else if (auto* array = parent->as_array()) {
    const auto index = TRY(index_of(path.back(), array->size(), true));
    array->insert(array->begin() + static_cast<std::ptrdiff_t>(index), std::move(value));
  } else {
    return fail(Code::invalid, "its parent is neither an object nor a list");
  }
  return {};
}

Result<Value> take(Value& document, std::span<const std::string> path) {
  Value value = *TRY(find(document, path));
  if (path.empty()) return std::exchange(document, Value());
  Value* parent = TRY(find(document, path.first(path.size() - 1)));
  if (auto* object = parent->as_object()) {
    object->erase(path.back());
  } else if (auto* array = parent->as_array()) {
    array->erase(array->begin() + static_cast<std::ptrdiff_t>(TRY(index_of(path.back(), array->size(), false))));
  }
  return value;
}

Result<> operate(Value& document, const Value& operation) {
  if (!operation.as_object()) return fail(Code::invalid, "must be an object with op and path");
  const std::string_view op = operation.text("op");
  if (!operation.at("path")) return fail(Code::invalid, "path: is required");
  const auto path = TRY(parse_pointer(operation.text("path")));
  const Value* value = operation.at("value");
  const bool needs_value = op == "add" || op == "replace" || op == "test";
  if (needs_value && !value) return fail(Code::invalid, "value: is required");
  if (op == "add") return add(document, path, *value);
  if (op == "remove") {
    TRY(take(document, path));
    return {};
  }
  if (op == "replace") {
    *TRY(find(document, path)) = *value;
    return {};
  }
  if (op == "test") {
    if (*TRY(find(document, path)) == *value) return {};
    return fail(Code::invalid, fmt::format("test: {} is not {}", operation.text("path"), schema::to_json(*value)));
  }
  if (op == "move" || op == "copy") {
    const auto from = TRY(parse_pointer(operation.text("from")));
    Value moved = op == "move" ? TRY(take(document, from)) : *TRY(find(document, from));
    return add(document, path, std::move(moved));
  }
  return fail(Code::invalid, fmt::format("op: \"{}\" is none of add, remove, replace, move, copy and test", op));
}

}  // namespace

Value merge_patch(Value document, const Value& patch) {
  const auto* changes = patch.as_object();
  if (!changes) return patch;
  if (!document.as_object()) document = Object();
  auto& members = *document.as_object();
  for (const auto& [name, change] : *changes) {
    if (change.is_null()) {
      members.erase(name);
      continue;
    }
    Value* member = members.find(name);
    members.set(name, merge_patch(member ? *member : Value(), change));
  }
  return document;
}

Result<Value> strategic_patch(Value document, const Value& patch) {
  const auto* changes = patch.as_object();
  if (!changes) return patch;
  if (const auto* directive = changes->find("$patch")) {
    const std::string what = directive->as_string() ? *directive->as_string() : schema::to_json(*directive);
    if (what == "delete") return Value(Object());
    if (what != "replace" && what != "merge")
      return fail(Code::invalid, fmt::format("$patch: \"{}\" is none of replace, merge and delete", what));
    if (what == "replace") document = Object();
  }
  if (!document.as_object()) document = Object();
  auto& members = *document.as_object();
  for (const auto& [name, change] : *changes) {
    if (name.starts_with('$')) continue;  // order of lists and which members to keep: lists are replaced anyway
    const auto* inner = change.as_object() ? change.as_object()->find("$patch") : nullptr;
    if (change.is_null() || (inner && inner->as_string() && *inner->as_string() == "delete")) {
      members.erase(name);
      continue;
    }
    Value* member = members.find(name);
    members.set(name, TRY(strategic_patch(member ? *member : Value(), change)));
  }
  return document;
}

Result<Value> json_patch(Value document, const Value& operations) {
  const auto* list = operations.as_array();
  if (!list) return fail(Code::invalid, "a JSON patch is a list of operations: [{\"op\": …, \"path\": …}]");
  for (std::size_t i = 0; i < list->size(); ++i)
    TRY(within(operate(document, (*list)[i]), fmt::format("operation {}", i + 1)));
  return document;
}

Result<Value> apply_patch(std::string_view type, std::string_view text, Value document) {
  if (type != "strategic" && type != "merge" && type != "json")
    return fail(Code::invalid, fmt::format("patch type \"{}\" is none of strategic, merge and json", type));
  if (trim(text).empty()) return fail(Code::invalid, "-p PATCH: what to change, as JSON or YAML");
  auto documents = TRY(within(schema::parse_yaml(text), "patch: invalid JSON document"));
  if (documents.size() != 1) return fail(Code::invalid, "patch: must be one document");
  const Value& patch = documents.front();
  if (type == "json") return json_patch(std::move(document), patch);
  if (!patch.as_object()) return fail(Code::invalid, "patch: must be an object");
  if (type == "merge") return merge_patch(std::move(document), patch);
  return strategic_patch(std::move(document), patch);
}

}  // namespace weft::ctl
