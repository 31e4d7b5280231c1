// `get`.

#include <algorithm>
#include <cstdio>

#include <fmt/core.h>

#include "api/bgp.h"
#include "api/selector.h"
#include "client/objects.h"
#include "client/resources.h"
#include "ctl/print.h"
#include "ctl/request.h"
#include "ctl/watch.h"

namespace weft::ctl {
namespace {

/// What was found; what was not is in `missing` and holds back nothing else.
struct Found {
  std::vector<api::Object> objects = {};
  std::vector<Error> missing = {};
  std::string revision = {};  // of a list

  void add(Result<api::Object> object) {
    if (object)
      objects.push_back(std::move(*object));
    else
      missing.push_back(std::move(object.error()));
  }
};

void look_up(store::Store& store, Found& found, Result<api::Object> wanted) {
  if (!wanted) return found.missing.push_back(std::move(wanted.error()));
  const auto& m = wanted->metadata();
  found.add(client::get(store, *wanted->kind, m.name, m.namespace_));
}

Found find_those_of_file(store::Store& store, const Documents& documents, const Scope& scope) {
  Found found{.missing = documents.bad};
  for (const auto& document : documents.good) {
    if (auto settled = settle_namespace(document.object, scope); !settled)
      found.missing.push_back(std::move(settled.error()));
    else
      look_up(store, found, document.object);
  }
  return found;
}

Result<Found> list(store::Store& store, const Request& request, const api::Kind& kind) {
  const api::Object scope{&kind, kind.make()};
  TRY(settle_namespace(scope, request.scope));
  auto list = TRY(client::list(store, kind, scope.metadata().namespace_));
  for (const auto& error : list.undecodable) fmt::print(stderr, "left out: {}\n", error.message);
  Found found{.objects = std::move(list.items), .revision = std::to_string(list.revision)};
  sort_as_shown(kind, found.objects);
  return found;
}

/// What belongs to this cluster only.
void strip(const api::Object& object) {
  auto& metadata = object.metadata();
  metadata.namespace_.clear();
  metadata.uid.clear();
  metadata.resource_version.clear();
  metadata.creation_timestamp.clear();
}

/// What columns and templates need besides the objects: the cluster's AS number.
schema::Facts facts_for(store::Store& store) {
  const auto configuration = client::get<api::BgpConfiguration>(store, "default");
  if (!configuration && configuration.error().code != Code::not_found) return {{"asNumber", "unknown"}};
  const bool set = configuration && configuration->spec.as_number;
  return {{"asNumber", set ? std::to_string(configuration->spec.as_number->value) : "64512"}};
}

bool needs_facts(const Look& look, const std::vector<api::Object>& objects) {
  if (look.format == Format::go_template) return look.go_template.find("config") != std::string::npos;
  if (look.format != Format::wide && look.format != Format::columns) return false;
  return std::any_of(objects.begin(), objects.end(), [](const auto& object) { return object.kind->name == "Node"; });
}

Result<int> try_get(Request& request) {
  Look look = TRY(parse_output(request.output));
  look.show_namespace = request.scope.all || !request.scope.namespace_.empty();
  look.each = look.line_end = true;
  if (request.voice == Voice::weft)
    look.each = false;
  else
    look.line_end = false;
  const auto* kind = TRY(kind_of(request));
  if ((kind == nullptr) == request.file.empty())
    return fail(Code::invalid, "get what? A resource type, as in `get nodes`, or -f FILE");
  std::optional<api::Selector> selector;
  if (!request.selector.empty()) selector = TRY(within(api::Selector::parse(request.selector), "-l"));
  const bool listing = kind && request.names.empty();
  if (request.watch && !listing) return fail(Code::invalid, "-w watches all resources of a type: no names, no -f");

  const auto store = TRY(open_store(request.access));
  Found found;
  if (listing) {
    found = TRY(list(*store, request, *kind));
  } else if (kind) {
    for (const auto& name : request.names) look_up(*store, found, named(*kind, name, request));
  } else {
    const auto documents = documents_of(request);
    if (!documents) return report_unreadable(request.voice, {documents.error()}).say();
    if (request.voice == Voice::calicoctl && !documents->bad.empty())
      return report_unreadable(request.voice, documents->bad).say();
    found = find_those_of_file(*store, *documents, request.scope);
  }
  if (selector)
    std::erase_if(found.objects, [&](const auto& object) { return !selector->matches(object.metadata().labels); });
  if (request.export_ && kind && !listing) std::for_each(found.objects.begin(), found.objects.end(), strip);
  look.revision = found.revision;
  if (needs_facts(look, found.objects)) look.facts = facts_for(*store);
  if (request.watch) return watch(*store, *kind, request, look, selector, std::move(found.objects));
  if (listing || !found.objects.empty() || look.format == Format::yaml || look.format == Format::json)
    fmt::print("{}", TRY(listing ? print(*kind, found.objects, look) : print(found.objects, look)));
  std::fflush(stdout);
  for (const auto& error : found.missing)
    fmt::print(stderr, "{}\n", request.voice == Voice::weft ? error.message : as_calicoctl(error));
  return found.missing.empty() ? 0 : 1;
}

}  // namespace

int get(Request& request) {
  const auto status = try_get(request);
  if (status) return *status;
  const bool about_kind =
      status.error().message.starts_with("resource type") || status.error().message.starts_with("resource name");
  if (request.voice == Voice::weft) return complain(status.error());
  if (about_kind) return complain(Error(status.error()).within("failed to get resources"));
  return complain({status.error().code, as_calicoctl(status.error())});
}

}  // namespace weft::ctl
