#include "schema/document.h"

#include "schema/type.h"

namespace weft::schema {

std::vector<Problem> read(const Schema& schema, Value value, void* object, bool strict) {
  Reader reader{.strict = strict};
  read_struct(schema, reader, Path{}, value, object);
  return std::move(reader.problems);
}

std::string write(const Schema& schema, const void* object, bool stored) {
  std::string out;
  Writer writer{out, stored};
  write_struct(schema, writer, object);
  return out;
}

std::vector<Problem> validate(const Schema& schema, const void* object) {
  Checker checker;
  check_struct(schema, checker, Path{}, object);
  return std::move(checker.problems);
}

namespace {

void compare(const Schema& schema, Checker& checker, const Path& path, const void* before, const void* after) {
  for (const Field& field : schema.fields) {
    const Path here{&path, field.name};
    if (field.rules.is_immutable) {
      std::string was, is;
      Writer was_writer{was}, is_writer{is};
      field.type->write(was_writer, field.in(before));
      field.type->write(is_writer, field.in(after));
      if (was != is) checker.problem(here, is, "cannot be modified (was " + type::shortened(was) + ")");
    } else if (const Schema* inner = field.type->schema()) {
      compare(*inner, checker, here, field.in(before), field.in(after));
    }
  }
}

}  // namespace

std::vector<Problem> validate_update(const Schema& schema, const void* before, const void* after) {
  Checker checker;
  compare(schema, checker, Path{}, before, after);
  return std::move(checker.problems);
}

void fill_defaults(const Schema& schema, void* object, bool reading) { fill_struct(schema, object, reading); }

std::string to_string(const Problem& problem) {
  std::string text = problem.path.empty() ? "" : problem.path + ": ";
  text += problem.rule;
  if (!problem.value.empty() && problem.value != "null") text += " (is " + problem.value + ")";
  return text;
}

Error to_error(const std::vector<Problem>& problems) {
  std::string text;
  for (const Problem& problem : problems) {
    if (!text.empty()) text += "; ";
    text += to_string(problem);
  }
  return {Code::invalid, std::move(text)};
}

}  // namespace weft::schema
