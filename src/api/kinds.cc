#include "api/kinds.h"

#include <algorithm>

#include "api/codec.h"
#include "api/described.h"
#include "base/strings.h"
#include "schema/document.h"
#include "schema/spelling.h"

namespace weft::api {

namespace {

template <class T>
Kind kind() {
  const schema::Schema& schema = schema::schema_of<T>();
  return Kind{
      .name = schema.kind,
      .plural = schema.plural,
      .aliases = schema.aliases,
      .namespaced = !std::is_same_v<decltype(T{}.key()), std::string>,
      .is_protected = schema.is_protected,
      .is_internal = schema.is_internal,
      .schema = schema::schema_of<T>,
      .make = []() -> std::shared_ptr<void> { return std::make_shared<T>(); },
      .metadata = [](void* object) -> Metadata& { return static_cast<T*>(object)->metadata; },
      .read = [](std::string_view json, void* object) -> Result<> {
        *static_cast<T*>(object) = TRY(from_json<T>(json));
        return {};
      },
      .stored = [](const void* object) { return to_json(*static_cast<const T*>(object)); },
  };
}

}  // namespace

const std::vector<Kind>& kinds() {
#define WEFT_KIND(T) kind<T>(),
  static const std::vector<Kind> all = {WEFT_RESOURCES(WEFT_KIND)};
#undef WEFT_KIND
  return all;
}

const Kind* find_kind(std::string_view name) {
  const std::string wanted = to_lower(name);
  for (const Kind& kind : kinds()) {
    if (wanted == kind.plural || wanted == to_lower(kind.name) || wanted == to_lower(kind.list_kind()) ||
        std::find(kind.aliases.begin(), kind.aliases.end(), wanted) != kind.aliases.end()) {
      return &kind;
    }
  }
  return nullptr;
}

std::string Object::path() const { return path_of(*kind, metadata()); }

schema::Value Object::value() const {
  auto value = schema::parse_json(schema::write(kind->schema(), data.get(), false));
  CHECK(value);
  return std::move(*value);
}

Result<Object> read_document(schema::Value document, std::vector<schema::Problem>& problems) {
  if (!document.as_object()) return fail(Code::invalid, "must be an object with apiVersion, kind and metadata");
  const std::string name(document.text("kind"));
  if (name.empty()) return fail(Code::invalid, "kind: is required");
  const auto found = std::find_if(kinds().begin(), kinds().end(), [&](const Kind& kind) { return kind.name == name; });
  if (found == kinds().end()) {
    std::vector<std::string_view> names;
    for (const Kind& kind : kinds()) names.push_back(kind.name);
    const Kind* alias = find_kind(name);
    const std::string meant(alias ? alias->name : schema::nearest(name, names));
    return fail(Code::invalid,
                "kind: \"" + name + "\" is not known" + (meant.empty() ? "" : "; did you mean " + meant + "?"));
  }
  if (!document.at("apiVersion")) problems.push_back({"apiVersion", "", "is required"});
  Object object{&*found, found->make()};
  auto read = schema::read(found->schema(), std::move(document), object.data.get(), true);
  problems.insert(problems.end(), std::make_move_iterator(read.begin()), std::make_move_iterator(read.end()));
  return object;
}

Result<Object> read_stored(const Kind& kind, std::string_view json, std::string_view revision) {
  Object object{&kind, kind.make()};
  TRY(kind.read(json, object.data.get()));
  object.metadata().resource_version = revision;
  return object;
}

void set_defaults(const Object& object) { schema::fill_defaults(object.kind->schema(), object.data.get(), false); }

std::vector<schema::Problem> validate(const Object& object) {
  return schema::validate(object.kind->schema(), object.data.get());
}

std::vector<schema::Problem> validate_update(const Object& before, const Object& after) {
  return schema::validate_update(before.kind->schema(), before.data.get(), after.data.get());
}

}  // namespace weft::api
