#pragma once

#include <map>
#include <string>

#include "api/kinds.h"

/// The reference of the kinds in docs/reference, made from their descriptions.
namespace weft::ctl {

/// Pages by file name: "ippool.md", …, "README.md".
std::map<std::string, std::string> reference_pages();

/// docs/errors.md: what is said about documents, by its words.
std::string error_catalogue();

/// The example of a kind as a document: with apiVersion and kind.
std::string example_document(const api::Kind& kind);

}  // namespace weft::ctl
