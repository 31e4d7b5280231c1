#pragma once

#include <string>
#include <vector>

#include "api/kinds.h"
#include "schema/description.h"

namespace weft::ctl {

/// -o: ps and table are the default table.
enum class Format { table, wide, columns, yaml, json, name, go_template };

/// How objects are shown.
struct Look {
  Format format = Format::table;
  std::vector<std::string> columns = {};  // headings of Format::columns
  std::string go_template = {};           // text of Format::go_template
  bool single = false;                    // one that was asked for by name is shown by itself, not as a list
  bool each = false;                      // objects that were asked for by name have a table each, as calicoctl has it
  bool show_namespace = false;            // a NAMESPACE column in tables of namespaced kinds
  bool line_end = true;                   // after JSON; calicoctl has none
  schema::Facts facts = {};               // what columns and templates need besides the objects
  std::string revision = {};              // of the list; empty: none
};

/// What -o says: "wide", "custom-columns=NAME,CIDR", "go-template={{…}}", "go-template-file=PATH".
Result<Look> parse_output(std::string_view text);

/// A list of objects of one kind as calicoctl prints it.
Result<std::string> print(const api::Kind& kind, const std::vector<api::Object>& objects, const Look& look);
/// Objects of any kinds that were asked for one by one: a table each kind; one document, or an array of several.
Result<std::string> print(const std::vector<api::Object>& objects, const Look& look);

/// The order in which a list is shown (datamodel 4.6): as it came, which is by key; tiers by their order.
void sort_as_shown(const api::Kind& kind, std::vector<api::Object>& objects);

}  // namespace weft::ctl
