#pragma once

#include <string>
#include <vector>

#include "api/kinds.h"
#include "base/result.h"

namespace weft::ctl {

/// One resource of a file, and where it stood.
struct Document {
  std::string where;  // "policies.yaml, document 2", with "item 3" inside a list; empty: no file
  api::Object object;
};

/// What a file held: the good ones, and what is wrong with the others.
struct Documents {
  std::vector<Document> good;
  std::vector<Error> bad;  // each names file, document, kind, object and field
};

/// YAML or JSON: documents, lists ("List", "<Kind>List", JSON arrays). Namespaced objects without a namespace get
/// `namespace_`.
/// @return an error when the text is neither
Result<Documents> parse_documents(std::string_view text, const std::string& file, const std::string& namespace_);
/// The same from a file; "-" is standard input.
Result<Documents> read_documents(const std::string& file, const std::string& namespace_);

}  // namespace weft::ctl
