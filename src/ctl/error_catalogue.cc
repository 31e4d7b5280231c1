// docs/errors.md: what is said about documents that break a rule, found by its words.
#include <fmt/core.h>

#include <set>

#include "api/relations.h"
#include "base/strings.h"
#include "ctl/reference.h"

namespace weft::ctl {

namespace {

constexpr std::string_view head = R"(# Errors

<!-- Made by ctl/error_catalogue.cc: do not edit. -->

What is wrong with a document is said at once, each problem as

```
Kind(namespace/name): path: rule (is value)
```

`path` leads to the field, as `spec.ingress[0].source.ports`; `value` is what is there, as JSON, shortened. Called as `calicoctl`, the
program says the same in calicoctl's words. What each field must be is on the [page of its kind](reference/README.md).

## What happened

| Words | Meaning | What to do |
|---|---|---|
| `resource already exists: …` | create, and it is there | `weft apply`, or `--skip-exists` |
| `resource does not exist: …` | get, replace or delete, and it is not there | look at the name and at `-n` |
| `update conflict: …` | the revision that was given is not the newest | get it again, change that |
| `operation … is not supported on …` | the rules below, or it belongs to the nodes or to Kubernetes | see the sentence |
| `resource type '…' is not supported` | no kind has this name | `weft get` with one of the names in the sentence |

## Single fields

| Words | Meaning |
|---|---|
| `is not known; did you mean "…"?` | the field is misspelt, or of another kind |
| `is required` | the field is missing |
| `must be text`, `must be a whole number`, `must be true or false`, `must be a list`, `must be an object` | the value is of another type |
| `must be in A..B`, `must be at least A`, `is out of range` | the number is too small or too large |
| `must be one of …`, `must be A or B` | another spelling, another case, or no such choice |
| `must have at most N characters`, `may have at most N elements`, `must have at least N elements` | too long or too short |
| `is given twice` | a list holds the same element again |
| `cannot be modified (was …)` | the field stays as it was created: delete the object and create it anew |
| `is no selector: …` | the selector does not parse; the column is named |
| `has host bits set; did you mean …?` | a prefix has bits beyond its length |
)";

/// Where each rule across fields applies: struct and field, for all structs of all kinds.
void collect(const api::Kind& kind, const schema::Schema& schema, std::set<const schema::Schema*>& seen,
             std::map<std::string, std::set<std::string>>& places) {
  if (!seen.insert(&schema).second) return;
  for (const auto& [path, rule, reported] : schema.rule_texts) {
    if (reported)
      places[std::string(rule)].insert(
          fmt::format("[{}](reference/{}.md#{})", kind.name, to_lower(kind.name), to_lower(schema.kind)));
  }
  for (const auto& field : schema.fields) {
    if (const auto* inner = field.type->inner()) collect(kind, *inner, seen, places);
  }
}

}  // namespace

std::string error_catalogue() {
  std::map<std::string, std::set<std::string>> places;
  for (const api::Kind& kind : api::kinds()) {
    std::set<const schema::Schema*> seen;
    collect(kind, kind.schema(), seen, places);
  }
  std::string page(head);
  page += "\n## Between fields\n\n| Words | Kinds |\n|---|---|\n";
  for (const auto& [rule, kinds] : places)
    page += fmt::format("| `{}` | {} |\n", rule, join(std::vector<std::string>(kinds.begin(), kinds.end()), ", "));
  page += "\n## Between objects\n\n| Kind | Field | Rule |\n|---|---|---|\n";
  std::string last;
  for (const api::Relation& relation : api::relations()) {
    std::string line = fmt::format("| [{}](reference/{}.md) | `{}` | {} |\n", relation.kind, to_lower(relation.kind),
                                   relation.path, relation.rule);
    if (line != last) page += line;
    last = std::move(line);
  }
  return page;
}

}  // namespace weft::ctl
