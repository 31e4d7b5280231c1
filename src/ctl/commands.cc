#include "ctl/commands.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <fmt/core.h>

#include "api/bgp.h"
#include "base/strings.h"
#include "client/objects.h"
#include "client/resources.h"
#include "ctl/documents.h"
#include "ctl/ipam.h"
#include "ctl/print.h"
#include "ctl/write.h"
#include "store/etcd/open.h"

namespace weft::ctl {
namespace {

/// Words of all commands.
struct Words {
  std::string config;      // -c
  std::string file;        // -f
  std::string output;      // -o
  std::string namespace_;  // -n
  bool all_namespaces = false;
  bool skip = false;
  std::string kind;
  std::vector<std::string> names;
  IpamWords ipam;
};

int complain(const Error& error) {
  fmt::print(stderr, "{}\n", error.message);
  return 1;
}

Result<std::unique_ptr<store::Store>> open_store(const Words& words) {
  store::SettingsSources sources;
  if (!words.config.empty()) sources.file = words.config;
  return store::open(TRY(store::load_settings(sources)));
}

std::string namespace_or_default(const Words& words) { return words.namespace_.empty() ? "default" : words.namespace_; }

/// A kind and names from the command line: "nodes", "node n1 n2", "node/n1".
Result<const api::Kind*> find_kind(Words& words) {
  if (const auto slash = words.kind.find('/'); slash != std::string::npos) {
    words.names.insert(words.names.begin(), words.kind.substr(slash + 1));
    words.kind.resize(slash);
  }
  if (const auto* kind = api::find_kind(words.kind)) return kind;
  std::string known;
  for (const auto& kind : api::kinds()) known += (known.empty() ? "" : ", ") + std::string(kind.plural);
  return fail(Code::invalid, fmt::format("resource type \"{}\" is not known; known are {}", words.kind, known));
}

/// What columns need besides the objects: the cluster's AS number.
schema::Facts facts_for(store::Store& store, const api::Kind& kind) {
  schema::Facts facts;
  if (kind.name == "Node") {
    const auto configuration = client::get<api::BgpConfiguration>(store, "default");
    facts["asNumber"] =
        configuration && configuration->spec.as_number ? std::to_string(configuration->spec.as_number->value) : "64512";
  }
  return facts;
}

Result<> get(Words& words) {
  const auto format = TRY(parse_format(words.output));
  if (words.all_namespaces && !words.namespace_.empty()) return fail(Code::invalid, "-A and -n exclude each other");
  const auto store = TRY(open_store(words));
  const auto show = [&](const api::Kind& kind, const std::vector<api::Object>& objects, bool single) {
    fmt::print("{}", print(kind, objects, format, single, words.all_namespaces || !words.namespace_.empty(),
                           facts_for(*store, kind)));
  };
  if (!words.file.empty()) {
    auto documents = TRY(read_documents(words.file, namespace_or_default(words)));
    if (!documents.bad.empty()) return std::unexpected(documents.bad.front());
    for (const auto& document : documents.good) {
      const auto& m = document.object.metadata();
      show(*document.object.kind, {TRY(client::get(*store, *document.object.kind, m.name, m.namespace_))}, true);
    }
    return {};
  }
  if (words.kind.empty()) return fail(Code::invalid, "get what? A resource type, as in `weft get nodes`, or -f FILE");
  const auto* kind = TRY(find_kind(words));
  std::vector<api::Object> objects;
  if (!words.names.empty()) {
    for (const auto& name : words.names)
      objects.push_back(TRY(client::get(*store, *kind, name, kind->namespaced ? namespace_or_default(words) : "")));
  } else {
    auto list =
        TRY(client::list(*store, *kind, kind->namespaced && !words.all_namespaces ? namespace_or_default(words) : ""));
    for (const auto& error : list.undecodable) fmt::print(stderr, "left out: {}\n", error.message);
    objects = std::move(list.items);
  }
  show(*kind, objects, words.names.size() == 1);
  return {};
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
    documents.good.push_back({"command line", object});
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
  const auto store = open_store(words);
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

std::vector<std::string> kind_words() {
  std::vector<std::string> words;
  for (const auto& kind : api::kinds()) words.push_back(to_lower(kind.name));
  return words;
}

void add_write_command(cli::Command& root, Words& w, const char* name, const char* help, Verb verb) {
  auto command = root.sub(name, help);
  command.option("-f,--filename", w.file, "file with resources, YAML or JSON; - is standard input");
  command.option("-n,--namespace", w.namespace_, "namespace of namespaced resources that say none (default)");
  command.option("-c,--config", w.config, "file that says where the store is (/etc/calico/calicoctl.cfg)");
  if (verb == Verb::create) command.flag("--skip-exists", w.skip, "one that is there already is no error");
  if (verb == Verb::remove) {
    command.flag("--skip-not-exists", w.skip, "one that is not there is no error");
    command.positional("KIND", w.kind, "resource type", false);
    command.positional("NAME", w.names, "names");
  }
  command.run([&w, verb] { return write_documents(w, verb); });
}

}  // namespace

void add_commands(cli::Command& root) {
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
  get_.option("-c,--config", w.config, "file that says where the store is (/etc/calico/calicoctl.cfg)");
  get_.offers("-o", {"table", "wide", "yaml", "json", "name"}).offers("get", kind_words());
  get_.run([] {
    const auto done = get(w);
    return done ? 0 : complain(done.error());
  });
  add_write_command(root, w, "create", "Create resources; one that is there already is an error.", Verb::create);
  add_write_command(root, w, "apply", "Create resources, or replace them where they are there already.", Verb::apply);
  add_write_command(root, w, "replace", "Replace resources; one that is not there is an error.", Verb::replace);
  add_write_command(root, w, "delete", "Delete resources.", Verb::remove);

  auto ipam = root.sub("ipam", "Look at the addresses that are given out.");
  auto show = ipam.sub("show", "How full pools are, or who has an address.");
  show.flag("--show-blocks", w.ipam.blocks, "each block too");
  show.option("--ip", w.ipam.ip, "who has this address");
  show.option("-c,--config", w.config, "file that says where the store is");
  show.run([] {
    const auto store = open_store(w);
    return store ? show_ipam(**store, w.ipam) : complain(store.error());
  });
  auto check = ipam.sub("check",
                        "Look for addresses that are leaked or given out twice, and for blocks, handles and affinities "
                        "that contradict each other.");
  check.option("-c,--config", w.config, "file that says where the store is");
  check.run([] {
    const auto store = open_store(w);
    return store ? check_ipam(**store) : complain(store.error());
  });
}

}  // namespace weft::ctl
