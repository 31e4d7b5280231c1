#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/rules.h"
#include "schema/schema.h"

namespace weft::schema {

/// Where in a document we are: a chain on the stack, turned into text only when something is wrong.
struct Path {
  const Path* parent = nullptr;
  std::string_view name = {};  // of a member
  std::ptrdiff_t index = -1;   // of an element, when it is not negative
  std::string text() const;    // "spec.ingress[0].action"
};

/// How a document is read: `strict` as users write it, otherwise as it lies in the store.
struct Reader {
  bool strict = false;
  std::vector<Problem> problems = {};
  void problem(const Path& path, const Value& value, std::string rule);
};

struct Writer {
  std::string& out;
  bool stored = true;  // without the fields that are not stored
};

/// Collects what is wrong with an object.
struct Checker {
  std::vector<Problem> problems = {};
  void problem(const Path& path, std::string value_json, std::string rule);
};

/// What the JSON of a type looks like.
struct Shape {
  enum class Kind { any, boolean, whole, number, text, whole_or_text, choice, list, map, structure };
  Kind kind = Kind::any;
  std::vector<std::string_view> choices = {};  // of a choice
  Shape (*element)() = nullptr;                // of a list or map
  const Schema* (*schema)() = nullptr;         // of a structure
  std::optional<Range> range = {};             // of a number
  std::string_view pattern = {};               // of a text, as a regular expression
  bool takes_null = false;                     // as an element too
  bool takes_empty = false;                    // of a text: the empty one, for "not given"
  bool takes_scalars = false;                  // of a text: numbers, true and false too
};

/// What can be done with a value of one C++ type, given its address. See type.h.
struct Type {
  Shape (*shape)();
  std::string (*form)();  // "text", "whole number", "list of text", "NetworkPolicySpec"; for the reference
  void (*read)(Reader&, const Path&, const Rules&, Value&, void* out);
  void (*write)(Writer&, const void*);
  bool (*is_empty)(const void*);
  void (*check)(Checker&, const Path&, const Rules&, const void*);
  void (*fill)(void*, bool reading);
  const Schema* (*schema)();  // of a described struct, else null
  const Schema* (*inner)();   // the same, also of the structs in an optional, a list or a map
};

struct Field {
  std::string_view name;
  std::string_view doc;
  std::size_t offset = 0;  // of the member in its struct
  const Type* type = nullptr;
  Rules rules;

  void* in(void* object) const { return static_cast<char*>(object) + offset; }
  const void* in(const void* object) const { return static_cast<const char*>(object) + offset; }
};

/// What a column may need besides the object, by name: {"asNumber", "64512"}.
using Facts = std::map<std::string, std::string, std::less<>>;

/// Where a column is: in both tables, only in the default one, only with -o wide, only when it is asked for by name.
enum class Show { always, narrow, wide, asked };

struct Column {
  std::string_view heading;
  Show show = Show::always;
  bool is_in(bool wide_table) const { return show == Show::always || show == (wide_table ? Show::wide : Show::narrow); }
  std::function<std::string(const void* object, const Facts&)> text;
};

/// Reports what a rule across fields finds; paths are relative to the struct that has the rule: "source.ports".
using Report = std::function<void(std::string_view path, const Value& value, std::string rule)>;

/// A rule across fields in words, and the field it is about.
struct RuleText {
  std::string_view path;
  std::string_view rule;
  bool is_reported = false;  // as it stands; otherwise in other words
};

/// The description of a struct: a table that ordinary functions walk (document.h). Built by describe().
class Schema {
 public:
  std::string_view kind;
  std::string_view doc;
  bool is_resource = false;  // with kind and apiVersion
  std::string_view plural;   // of a resource, as in keys
  std::vector<std::string_view> aliases;
  bool is_protected = false;
  bool is_internal = false;
  bool is_kubernetes_own = false;             // Kubernetes has objects of its own for it: there is no custom resource
  std::string_view example;                   // a document of the kind, YAML
  std::shared_ptr<void> (*make)() = nullptr;  // an empty object
  std::vector<Field> fields;
  std::ptrdiff_t extra_offset = -1;
  std::vector<std::string_view> passed;  // members we do not read but users may write; kept in extra
  std::vector<Column> columns;
  std::vector<std::function<void(const void*, const Report&)>> checks;
  std::vector<RuleText> rule_texts;  // of the checks
  std::vector<std::function<void(void*, bool reading)>> fills;
  std::size_t members = 0;  // of the struct

  const Field* find(std::string_view name) const;
  Extra* extra_of(void* object) const;
  const Extra* extra_of(const void* object) const;
};

// The walkers behind Type of a described struct and behind document.h.
void read_struct(const Schema& schema, Reader& reader, const Path& path, Value& value, void* object);
void write_struct(const Schema& schema, Writer& writer, const void* object);
bool is_empty_struct(const Schema& schema, const void* object);
void check_struct(const Schema& schema, Checker& checker, const Path& path, const void* object);
void fill_struct(const Schema& schema, void* object, bool reading);

}  // namespace weft::schema
