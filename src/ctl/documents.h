#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/kinds.h"
#include "base/result.h"

namespace weft::ctl {

/// Which namespace is meant.
struct Scope {
  std::string namespace_;  // -n; empty: "default", where an object says none
  bool all = false;        // -A: all of them
};

/// Gives the object of a namespaced kind its namespace.
/// @return what is wrong: a namespace where none belongs, two that differ
Result<> settle_namespace(const api::Object& object, const Scope& scope);

/// One resource of a file, and where it stood.
struct Document {
  std::string where;  // "policies.yaml, document 2", with "item 3" inside a list; empty: no file
  api::Object object;
  std::optional<Error> problem = {};  // its kind is known, and it breaks a rule
  bool is_readable = true;            // the problem is a rule of its own, that whoever writes it finds again
};

/// What files held: the good ones, and what is wrong with the others.
struct Documents {
  std::vector<Document> good;  // in order; also those that break a rule
  std::vector<Error>
      bad;  // no resource, or with members that its kind has not; each names file, document, kind, object and field
  std::vector<std::string> empty;  // files that hold no resource

  /// What cannot be read, and what breaks a rule.
  std::vector<Error> problems() const;
};

/// YAML or JSON: documents, lists ("List", "<Kind>List", JSON arrays).
/// @return an error when the text is neither
Result<Documents> parse_documents(std::string_view text, const std::string& file, const Scope& scope);
/// The same from a file, from standard input ("-"), or from the .yaml, .yml and .json files of a folder, with those of
/// its folders when `recursive`.
Result<Documents> read_documents(const std::string& file, const Scope& scope, bool recursive = false);

}  // namespace weft::ctl
