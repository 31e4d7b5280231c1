// The commands on resources, as `weft` has them.

#include "ctl/commands.h"
#include "ctl/request.h"

namespace weft::ctl {
namespace {

constexpr const char* heading = "Resources";

void add_namespace(cli::Command& command, Request& request) {
  command.option("-n,--namespace", request.scope.namespace_,
                 "namespace of namespaced resources that say none (default)");
}

void add_write_command(cli::Command& root, Request& r, const char* name, const char* help, Verb verb) {
  auto command = root.sub(name, help);
  command.under(heading);
  if (verb == Verb::remove)
    command.positional("KIND", r.kind, "resource type", false).positional("NAME", r.names, "names");
  add_file_options(command, r);
  add_namespace(command, r);
  if (verb == Verb::create) command.flag("--skip-exists", r.skip_exists, "one that is there already is no error");
  if (verb == Verb::remove) {
    command.flag("-s,--skip-not-exists", r.skip_not_exists, "one that is not there is no error");
    offer_kinds_and_names(command, r);
  }
  command.flag("--dry-run", r.dry_run, "say what would become of it, and write nothing");
  add_access(command, r.access);
  command.run([&r, verb] { return write(r, verb); });
}

void add_get(cli::Command& root, Request& r) {
  auto get_ =
      root.sub("get",
               "Show resources.\n\n  weft get nodes -o wide\n  weft get networkpolicy allow-db -n shop -o yaml\n"
               "  weft get networkpolicies -A -l \"team == 'web'\" -w");
  get_.under(heading);
  get_.positional("KIND", r.kind, "resource type", false);
  get_.positional("NAME", r.names, "names; none: all");
  get_.option(
      "-o,--output", r.output,
      "ps (table), wide, yaml, json, name, custom-columns=NAME,CIDR, go-template=TEXT or go-template-file=PATH");
  get_.option("-n,--namespace", r.scope.namespace_, "namespace (default)");
  get_.flag("-A,--all-namespaces", r.scope.all, "of all namespaces");
  get_.flag("-a", r.scope.all, "the same").hidden("-a");
  get_.option("-l,--selector", r.selector, "only those whose labels match, in the language of policies' selectors");
  get_.flag("-w,--watch", r.watch, "go on and show what changes");
  get_.flag("--export", r.export_, "without what belongs to this cluster only: uid, revision, time, namespace");
  add_file_options(get_, r);
  add_access(get_, r.access);
  get_.offers("-o", {"ps", "wide", "yaml", "json", "name", "custom-columns=", "go-template=", "go-template-file="});
  offer_kinds_and_names(get_, r);
  get_.run([&r] { return get(r); });
}

void add_changes(cli::Command& root, Request& r) {
  auto patch_ = root.sub("patch",
                         "Change some fields of a resource.\n\n"
                         "  weft patch node n1 -p '{\"spec\":{\"bgp\":{\"routeReflectorClusterID\":\"244.0.0.1\"}}}'\n"
                         "  weft patch ippool p -t json -p '[{\"op\":\"remove\",\"path\":\"/spec/disabled\"}]'");
  patch_.under(heading);
  patch_.positional("KIND", r.kind, "resource type").positional("NAME", r.names, "its name", true);
  patch_.option("-p,--patch", r.patch, "what changes, as JSON or YAML");
  patch_.option("-t,--type", r.patch_type, "strategic or merge: an object laid over it, null removes; json: RFC 6902");
  patch_.flag("--dry-run", r.dry_run, "say what would become of it, and write nothing");
  add_namespace(patch_, r);
  add_access(patch_, r.access);
  patch_.offers("-t", {"strategic", "merge", "json"});
  offer_kinds_and_names(patch_, r);
  patch_.run([&r] { return patch(r); });

  static std::vector<std::string> words;
  static std::string name;
  auto label_ = root.sub("label",
                         "Set or remove labels of a resource.\n\n"
                         "  weft label node n1 rack=7 zone=b --overwrite\n  weft label node n1 rack --remove");
  label_.under(heading);
  label_.positional("KIND", r.kind, "resource type").positional("NAME", name, "its name");
  label_.positional("LABEL", words, "key=value; with --remove, key", true);
  label_.flag("--overwrite", r.overwrite, "replace a value that is there");
  label_.flag("--remove", r.remove_label, "take these labels away");
  label_.flag("--dry-run", r.dry_run, "say what would become of it, and write nothing");
  add_namespace(label_, r);
  add_access(label_, r.access);
  offer_kinds_and_names(label_, r);
  label_.run([&r] {
    r.names = {name};
    return label(r, words);
  });

  auto edit_ = root.sub("edit", "Change a resource in an editor.\n\nThe editor is $VISUAL, $EDITOR or vi.");
  edit_.under(heading);
  edit_.positional("KIND", r.kind, "resource type").positional("NAME", r.names, "its name", true);
  add_namespace(edit_, r);
  add_access(edit_, r.access);
  offer_kinds_and_names(edit_, r);
  edit_.run([&r] { return edit(r); });
}

}  // namespace

void add_resources(cli::Command& root) {
  static Request r;
  add_get(root, r);
  add_write_command(root, r, "create", "Create resources; one that is there already is an error.", Verb::create);
  add_write_command(root, r, "apply", "Create resources, or replace them where they are there already.", Verb::apply);
  add_write_command(root, r, "replace", "Replace resources; one that is not there is an error.", Verb::replace);
  add_write_command(root, r, "delete", "Delete resources.", Verb::remove);
  add_changes(root, r);

  auto diff_ = root.sub("diff",
                        "Show what applying resources would change.\n\n"
                        "Exit status: 0 nothing, 1 something, 2 when it cannot be told.");
  diff_.under(heading);
  add_file_options(diff_, r);
  add_namespace(diff_, r);
  add_access(diff_, r.access);
  diff_.run([] { return diff(r); });

  auto validate_ = root.sub("validate", "Check resources against all rules of their kinds.\n\nNeeds no store.");
  validate_.under(heading);
  add_file_options(validate_, r);
  add_namespace(validate_, r);
  validate_.run([] { return validate(r); });
}

}  // namespace weft::ctl
