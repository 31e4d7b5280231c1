// The program as it is when it is called calicoctl: for scripts, pipelines and fingers that know it.

#include <chrono>
#include <cstdio>
#include <thread>

#include <fmt/core.h>

#include "api/cluster_information.h"
#include "client/resources.h"
#include "ctl/commands.h"
#include "ctl/request.h"

namespace weft::ctl {
namespace {

void add_file_words(cli::Command& command, Request& r) {
  command.option("-f,--filename", r.file, "File with resources, or a folder of such files. '-' is standard input.");
  command.flag("-R,--recursive", r.recursive, "The folders in that folder, too.");
  command.flag("--skip-empty", r.skip_empty, "A file without resources is no error.");
  command.option("-n,--namespace", r.scope.namespace_, "Namespace of the resource.");
  add_access(command, r.access);
}

void add_write_command(cli::Command& root, Request& r, Verb verb, const std::string& name, const std::string& help,
                       const std::string& example) {
  auto command = root.sub(name, help);
  command.example(example);
  add_file_words(command, r);
  if (verb == Verb::create) command.flag("--skip-exists", r.skip_exists, "One that is there already is no error.");
  if (verb == Verb::remove) {
    command.usage("[KIND [NAME...]]").positional("KIND", r.kind, "").positional("NAME", r.names, "");
    command.flag("-s,--skip-not-exists", r.skip_not_exists, "One that is not there is no error.");
    offer_kinds_and_names(command, r);
  }
  command.run([&r, verb] { return verb == Verb::validate ? validate(r) : write(r, verb); });
}

void add_get(cli::Command& root, Request& r) {
  r.output = "ps";
  auto get_ =
      root.sub("get",
               "Show resources of a kind, by name or of a file\n\n"
               "Shows all resources of a kind, those with the names that are given, or those that\na file names: "
               "as a table, as YAML or JSON that can be applied again, or as a\ntemplate says.");
  get_.usage("[KIND [NAME...]]").positional("KIND", r.kind, "").positional("NAME", r.names, "");
  get_.example(
      "  # All nodes, with their addresses.\n  calicoctl get nodes -o wide\n\n"
      "  # One policy, to be changed and applied again.\n  calicoctl get networkpolicy allow-db -n shop -o yaml");
  add_file_words(get_, r);
  get_.option("-o,--output", r.output,
              "One of yaml, json, ps, wide, custom-columns=..., go-template=..., go-template-file=...");
  get_.flag("-A,--all-namespaces", r.scope.all, "Of all namespaces.");
  get_.flag("-a,--all-namespaces-a", r.scope.all, "The same.").hidden("-a");
  get_.flag("--export", r.export_, "Without what belongs to this cluster only.");
  get_.offers("-o", {"ps", "wide", "yaml", "json", "custom-columns=", "go-template=", "go-template-file="});
  offer_kinds_and_names(get_, r);
  get_.run([&r] { return get(r); });
}

void add_patch_and_label(cli::Command& root, Request& r) {
  auto patch_ = root.sub("patch",
                         "Change some fields of a resource\n\n"
                         "Changes the fields that the patch names, and leaves the others as they are.");
  patch_.usage("KIND NAME").takes(2, 2).positional("KIND", r.kind, "").positional("NAME", r.names, "");
  patch_.example("  calicoctl patch ippool p --patch '{\"spec\":{\"disabled\":true}}'");
  patch_.option("-p,--patch", r.patch, "What changes.");
  patch_.option("-t,--type", r.patch_type, "How it is written: strategic, json, or merge.");
  patch_.option("-n,--namespace", r.scope.namespace_, "Namespace of the resource.");
  add_access(patch_, r.access);
  offer_kinds_and_names(patch_, r);
  patch_.run([&r] { return patch(r); });

  static std::vector<std::string> words;
  auto label_ =
      root.sub("label",
               "Set or remove a label of a resource\n\n"
               "Sets a label with key=value, --overwrite where it has another value already; or takes\nit away: "
               "its key and --remove.");
  label_.usage("KIND NAME [key=value | key]").takes(3, SIZE_MAX);
  label_.positional("KIND", r.kind, "").positional("NAME", words, "");
  label_.example("  calicoctl label node n1 rack=7\n  calicoctl label node n1 rack --remove");
  label_.flag("--overwrite", r.overwrite, "Replace a value that is there.");
  label_.flag("--remove", r.remove_label, "Take the label away.");
  label_.option("-n,--namespace", r.scope.namespace_, "Namespace of the resource.");
  add_access(label_, r.access);
  offer_kinds_and_names(label_, r);
  label_.run([&r] {
    r.names = {words.at(0)};
    return label(r, {words.begin() + 1, words.end()});
  });
}

/// "90s", "5m", "1h30m", "200ms"; nullopt: none of these.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  using std::chrono::milliseconds;
  milliseconds all{0};
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    std::int64_t number = 0;
    std::size_t digits = 0;
    while (digits < text.size() && digits < 12 && text[digits] >= '0' && text[digits] <= '9')
      number = number * 10 + (text[digits++] - '0');
    text.remove_prefix(digits);
    const std::string_view unit = text.substr(0, text.find_first_of("0123456789"));
    text.remove_prefix(unit.size());
    if (digits == 0) return std::nullopt;
    if (unit == "ms")
      all += milliseconds(number);
    else if (unit == "s")
      all += std::chrono::seconds(number);
    else if (unit == "m")
      all += std::chrono::minutes(number);
    else if (unit == "h")
      all += std::chrono::hours(number);
    else
      return std::nullopt;
  }
  return all;
}

struct VersionWords {
  Access access;
  std::string poll;
  bool client = false;
};

/// The version of the program and, unless only that is wanted, the cluster's; 1 when the cluster cannot be asked.
int show_version(const VersionWords& words) {
  std::optional<std::chrono::milliseconds> poll;
  if (!words.poll.empty() && !(poll = parse_duration(words.poll)))
    return complain({Code::invalid, "invalid poll duration specified: " + words.poll});
  fmt::print("Client Version:    weft {}\nGit commit:        \n", WEFT_VERSION);
  if (words.client) return 0;
  Access access = words.access;
  access.allow_version_mismatch = true;
  const auto store = open_store(access);
  if (!store) return complain(store.error());
  std::string version, type;
  for (;;) {
    const auto information = client::get<api::ClusterInformation>(**store, "default");
    const auto shown = [](std::string_view name, const std::string& now, std::string& before) {
      const std::string text = now.empty() ? "unknown" : now;
      if (text != before) fmt::print("{:<19}{}\n", name, text);
      before = text;
    };
    if (information) {
      shown("Cluster Version:", information->spec.calico_version, version);
      shown("Cluster Type:", information->spec.cluster_type, type);
    } else {
      fmt::print(stderr, "unable to retrieve Cluster Version or Type: {}\n", as_calicoctl(information.error()));
      version.clear(), type.clear();
    }
    std::fflush(stdout);
    if (!poll) return information ? 0 : 1;
    std::this_thread::sleep_for(*poll);
  }
}

void add_version(cli::Command& root) {
  static VersionWords words;
  auto version = root.sub("version",
                          "Show the version of this program and of the cluster\n\n"
                          "Shows the version of this program, and of the cluster when it can be asked.");
  add_access(version, words.access);
  version.option("--poll", words.poll, "Ask the cluster again and again, this far apart.");
  version.flag("--client", words.client, "Only the version of this program.");
  version.run([] { return show_version(words); });
}

void add_completion(cli::Command& root) {
  auto completion = root.sub("completion", "Generate the autocompletion script for the specified shell");
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    completion.sub(shell, "Generate the autocompletion script for " + shell).run([root = root.unowned(), shell] {
      fmt::print("{}", root.completion_script(shell));
      return 0;
    });
  }
}

}  // namespace

cli::Command calicoctl(const std::string& name, const std::function<void(cli::Command&)>& add_more) {
  static Request r;
  r.voice = Voice::calicoctl;
  r.access.on_resources = true;
  auto root =
      cli::Command::root(name,
                         "Manage networks and their policy.\n\n"
                         "Manages resources of Calico's data model, the addresses that are given out, and nodes.\n"
                         "This is weft; `weft --help` has more.",
                         cli::Style::cobra);
  add_access_of_program(root);
  const auto verb = [&](Verb verb, const std::string& verb_name, const std::string& line, const std::string& more) {
    add_write_command(root, r, verb, verb_name, line + "\n\n" + more,
                      fmt::format("  calicoctl {0} -f policy.yaml\n  cat policy.json | calicoctl {0} -f -", verb_name));
  };
  verb(Verb::create, "create", "Create resources of a file, a folder or standard input",
       "Creates resources. One that is there already is an error: see apply.");
  verb(Verb::apply, "apply", "Create or replace resources of a file, a folder or standard input",
       "Creates resources, and replaces those that are there already.");
  verb(Verb::replace, "replace", "Replace resources of a file, a folder or standard input",
       "Replaces resources. One that is not there is an error: see apply. With a\nresourceVersion only what is at that "
       "version is replaced.");
  verb(Verb::remove, "delete", "Delete resources by kind and name, or those of a file",
       "Deletes resources. One that is not there is an error, unless --skip-not-exists is given.");
  verb(Verb::validate, "validate", "Check resources of a file, a folder or standard input",
       "Checks resources against all rules of their kinds. Needs no datastore.");
  add_get(root, r);
  add_patch_and_label(root, r);
  add_ipam(root);
  add_datastore(root);
  add_version(root);
  add_completion(root);
  add_more(root);
  return root;
}

}  // namespace weft::ctl
