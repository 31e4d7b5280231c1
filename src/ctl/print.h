#pragma once

#include <string>
#include <vector>

#include "api/kinds.h"
#include "schema/description.h"

namespace weft::ctl {

/// -o: ps and table are the default table.
enum class Format { table, wide, yaml, json, name };
Result<Format> parse_format(std::string_view text);

/// How objects are shown.
struct Look {
  Format format = Format::table;
  bool single = false;          // one that was asked for by name is shown by itself, not as a list
  bool show_namespace = false;  // a NAMESPACE column in tables of namespaced kinds
  schema::Facts facts;          // what columns need besides the objects
  std::string revision;         // of the list; empty: none
};

/// Objects of one kind as calicoctl prints them.
std::string print(const api::Kind& kind, const std::vector<api::Object>& objects, const Look& look);
/// Objects of any kinds: a table each kind, or one document; of several kinds a "List".
std::string print(const std::vector<api::Object>& objects, const Look& look);

/// The order in which a list is shown (datamodel 4.6): as it came, which is by key; tiers by their order.
void sort_as_shown(const api::Kind& kind, std::vector<api::Object>& objects);

}  // namespace weft::ctl
