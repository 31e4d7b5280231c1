#include "ctl/commands.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <fmt/core.h>

#include "api/bgp.h"
#include "client/objects.h"
#include "client/resources.h"
#include "ctl/access.h"
#include "ctl/documents.h"
#include "ctl/print.h"
#include "ctl/write.h"

namespace weft::ctl {
namespace {

/// Words of all commands.
struct Words {
  Access access;
  std::string file;        // -f
  std::string output;      // -o
  std::string namespace_;  // -n
  bool all_namespaces = false;
  bool skip = false;
  std::string kind;
  std::vector<std::string> names;
};

std::string namespace_or_default(const Words& words) { return words.namespace_.empty() ? "default" : words.namespace_; }

/// A kind and names from the command line: "nodes", "node n1 n2", "node/n1".
Result<const api::Kind*> find_kind(Words& words) {
  if (const auto slash = words.kind.find('/'); slash != std::string::npos) {
    words.names.insert(words.names.begin(), words.kind.substr(slash + 1));
    words.kind.resize(slash);
  }
  return ctl::find_kind(words.kind);
}

/// What columns need besides the objects: the cluster's AS number.
schema::Facts facts_for(store::Store& store, const std::vector<api::Object>& objects) {
  const auto is_node = [](const api::Object& object) { return object.kind->name == "Node"; };
  if (std::none_of(objects.begin(), objects.end(), is_node)) return {};
  const auto configuration = client::get<api::BgpConfiguration>(store, "default");
  const bool set = configuration && configuration->spec.as_number;
  return {{"asNumber", set ? std::to_string(configuration->spec.as_number->value) : "64512"}};
}

/// What was found; what was not is in `missing` and holds back nothing else.
struct Found {
  std::vector<api::Object> objects;
  std::vector<Error> missing;
  std::string revision;  // of a list

  void add(Result<api::Object> object) {
    if (object)
      objects.push_back(std::move(*object));
    else
      missing.push_back(std::move(object.error()));
  }
};

Result<Found> find_those_of_file(store::Store& store, const Words& words) {
  auto documents = TRY(read_documents(words.file, namespace_or_default(words)));
  Found found{.objects = {}, .missing = std::move(documents.bad), .revision = {}};
  for (const auto& document : documents.good) {
    const auto& m = document.object.metadata();
    found.add(client::get(store, *document.object.kind, m.name, m.namespace_));
  }
  return found;
}

Result<Found> find_those_of_kind(store::Store& store, const Words& words, const api::Kind& kind) {
  const std::string namespace_ = kind.namespaced && !words.all_namespaces ? namespace_or_default(words) : "";
  Found found;
  for (const auto& name : words.names) found.add(client::get(store, kind, name, namespace_));
  if (!words.names.empty()) return found;
  auto list = TRY(client::list(store, kind, namespace_));
  for (const auto& error : list.undecodable) fmt::print(stderr, "left out: {}\n", error.message);
  found.objects = std::move(list.items);
  found.revision = std::to_string(list.revision);
  sort_as_shown(kind, found.objects);
  return found;
}

Result<int> get(Words& words) {
  Look look{.format = TRY(parse_format(words.output)),
            .single = false,
            .show_namespace = words.all_namespaces || !words.namespace_.empty(),
            .facts = {},
            .revision = {}};
  if (words.all_namespaces && !words.namespace_.empty()) return fail(Code::invalid, "-A and -n exclude each other");
  if (words.kind.empty() == words.file.empty())
    return fail(Code::invalid, "get what? A resource type, as in `weft get nodes`, or -f FILE");
  const auto* kind = words.kind.empty() ? nullptr : TRY(find_kind(words));
  if (words.all_namespaces && !words.names.empty() && kind->namespaced)
    return fail(Code::invalid, "-A shows all there are: names need -n NAMESPACE");
  const auto store = TRY(open_store(words.access));
  const auto found = TRY(kind ? find_those_of_kind(*store, words, *kind) : find_those_of_file(*store, words));
  look.single = found.revision.empty() && found.objects.size() == 1;
  look.revision = found.revision;
  if (look.format == Format::wide) look.facts = facts_for(*store, found.objects);
  if (kind && found.missing.empty())
    fmt::print("{}", print(*kind, found.objects, look));
  else if (!found.objects.empty())
    fmt::print("{}", print(found.objects, look));
  std::fflush(stdout);
  for (const auto& error : found.missing) fmt::print(stderr, "{}\n", error.message);
  return found.missing.empty() ? 0 : 1;
}

/// Documents from -f, or for delete from a kind and names.
Result<Documents> what_to_write(Words& words, Verb verb) {
  if (!words.file.empty()) return read_documents(words.file, namespace_or_default(words));
  if (verb != Verb::remove) return fail(Code::invalid, "-f FILE: which resources (- is standard input)");
  if (words.kind.empty()) return fail(Code::invalid, "delete what? A resource type and names, or -f FILE");
  const auto* kind = TRY(find_kind(words));
  if (words.names.empty())
    return fail(Code::invalid, fmt::format("delete which {}? Names come after it", kind->plural));
  Documents documents;
  for (const auto& name : words.names) {
    api::Object object{kind, kind->make()};
    object.metadata().name = name;
    if (kind->namespaced) object.metadata().namespace_ = namespace_or_default(words);
    documents.good.push_back({.where = {}, .object = object});
  }
  return documents;
}

int write_documents(Words& words, Verb verb) {
  auto documents = what_to_write(words, verb);
  if (!documents) return complain(documents.error());
  // A file with a mistake in it changes nothing: its other documents may lean on the bad one.
  if (!documents->bad.empty()) {
    for (const auto& error : documents->bad) fmt::print(stderr, "{}\n", error.message);
    return 1;
  }
  const auto store = open_store(words.access);
  if (!store) return complain(store.error());
  const char* controller = std::getenv("WEFT_CONTROLLER");
  const auto written = write(**store, verb, documents->good,
                             {.skip_exists = words.skip,
                              .skip_not_exists = words.skip,
                              .controller = controller && std::string_view(controller) == "true"});
  for (const auto& error : written.failed) fmt::print(stderr, "{}\n", error.message);
  if (!written.done.empty()) fmt::print("{}\n", summary(verb, written.done));
  return written.failed.empty() ? 0 : 1;
}

void add_write_command(cli::Command& root, Words& w, const char* name, const char* help, Verb verb) {
  auto command = root.sub(name, help);
  command.option("-f,--filename", w.file, "file with resources, YAML or JSON; - is standard input");
  command.option("-n,--namespace", w.namespace_, "namespace of namespaced resources that say none (default)");
  add_access(command, w.access);
  if (verb == Verb::create) command.flag("--skip-exists", w.skip, "one that is there already is no error");
  if (verb == Verb::remove) {
    command.flag("--skip-not-exists", w.skip, "one that is not there is no error");
    command.positional("KIND", w.kind, "resource type", false);
    command.positional("NAME", w.names, "names");
    command.offers("KIND", kind_words());
  }
  command.run([&w, verb] { return write_documents(w, verb); });
}

}  // namespace

void add_resources(cli::Command& root) {
  static Words w;
  auto get_ = root.sub(
      "get", "Show resources.\n\n  weft get nodes -o wide\n  weft get networkpolicy allow-db -n default -o yaml");
  get_.positional("KIND", w.kind, "resource type", false);
  get_.positional("NAME", w.names, "names; none: all");
  get_.option("-o,--output", w.output, "table (ps), wide, yaml, json or name");
  get_.option("-n,--namespace", w.namespace_, "namespace (default)");
  get_.flag("-A,--all-namespaces", w.all_namespaces, "of all namespaces");
  get_.flag("-a", w.all_namespaces, "the same");
  get_.option("-f,--filename", w.file, "the resources that a file names");
  add_access(get_, w.access);
  get_.offers("-o", {"table", "wide", "yaml", "json", "name"}).offers("KIND", kind_words());
  get_.run([] {
    const auto status = get(w);
    return status ? *status : complain(status.error());
  });
  add_write_command(root, w, "create", "Create resources; one that is there already is an error.", Verb::create);
  add_write_command(root, w, "apply", "Create resources, or replace them where they are there already.", Verb::apply);
  add_write_command(root, w, "replace", "Replace resources; one that is not there is an error.", Verb::replace);
  add_write_command(root, w, "delete", "Delete resources.", Verb::remove);
}

}  // namespace weft::ctl
