#include "ctl/debug_key.h"

#include <map>
#include <utility>

#include <fmt/core.h>

#include "api/endpoint_name.h"
#include "api/key.h"

namespace weft::ctl {

namespace {

using schema::Object;
using schema::Value;
using Fields = std::map<std::string, std::string>;

/// What is asked cannot be: an answer, not a fault of the question.
Object refused(const Error& error) { return {{"error", error.message}}; }

Result<std::string> text(const Object& object, std::string_view name) {
  const auto* value = object.find(name);
  if (!value || value->is_null()) return std::string();
  if (const auto* string = value->as_string()) return *string;
  return fail(Code::invalid, fmt::format("{}: must be text", name));
}

Result<Fields> fields_of(const Object& question) {
  Fields fields;
  const auto* value = question.find("fields");
  if (!value || value->is_null()) return fields;
  const auto* object = value->as_object();
  if (!object) return fail(Code::invalid, "fields: must be an object");
  for (const auto& [name, unused] : *object) fields[name] = TRY(within(text(*object, name), "fields"));
  return fields;
}

Object to_object(const Fields& fields) {
  Object object;
  for (const auto& [name, value] : fields) object.set(name, value);
  return object;
}

Result<Object> answer_fields(const Object& question) {
  const auto key = api::key_of(TRY(text(question, "type")), TRY(fields_of(question)));
  if (!key) return refused(key.error());
  const auto path = api::path_of(*key);
  if (!path) return refused(path.error());
  return Object{{"out_path", *path}, {"roundtrips", api::parse_key(*path) == *key}};
}

Result<Object> answer_path(const Object& question) {
  const std::string path = TRY(text(question, "path"));
  const auto key = api::parse_key(path);
  if (!key) return Object{{"no_key", true}};
  const auto again = api::path_of(*key);
  return Object{
      {"out_type", key->type}, {"out_fields", to_object(key->fields)}, {"roundtrips", again && *again == path}};
}

api::WorkloadEndpointSpec spec_of(Fields fields) {
  api::WorkloadEndpointSpec spec;
  spec.node = fields["node"];
  spec.orchestrator = fields["orchestrator"];
  spec.endpoint = fields["endpoint"];
  spec.workload = fields["workload"];
  spec.pod = fields["pod"];
  spec.container_id = fields["containerID"];
  return spec;
}

Result<Object> answer_name(const Object& question) {
  const auto parts = api::name_parts_of(spec_of(TRY(fields_of(question))));
  Object answer;
  const auto name = api::to_name(parts);
  name ? answer.set("out_name", *name) : answer.set("error", name.error().message);
  const auto prefix = api::to_name_prefix(parts);
  prefix ? answer.set("out_prefix", *prefix) : answer.set("prefix_error", prefix.error().message);
  Object matches;
  if (const auto* names = question.find("names"); names && !names->is_null()) {
    if (!names->as_array()) return fail(Code::invalid, "names: must be a list");
    for (const Value& each : *names->as_array()) {
      if (!each.as_string()) return fail(Code::invalid, "names: must be texts");
      matches.set(*each.as_string(), !parts.node.empty() && api::name_matches(parts, *each.as_string()));
    }
  }
  answer.set("matches", std::move(matches));
  return answer;
}

Result<Object> answer_parts(const Object& question) {
  const std::string whole = TRY(text(question, "name"));
  const auto name = api::parse_endpoint_name(whole);
  if (!name) return refused(name.error());
  Fields fields{{"node", name->node},
                {"orchestrator", name->orchestrator},
                {"endpoint", name->endpoint},
                {"workload", ""},
                {"pod", ""},
                {"containerID", ""}};
  if (name->orchestrator == "k8s")
    fields["pod"] = name->workload;
  else if (name->orchestrator == "cni")
    fields["containerID"] = name->workload;
  else if (name->orchestrator != "libnetwork")
    fields["workload"] = name->workload;
  else if (!name->workload.empty() || whole.ends_with('-'))
    fields["orchestrator"] = name->workload;  // as Calico reads it: the third part is the orchestrator again
  return Object{{"parsed", to_object(fields)}};
}

}  // namespace

Result<Object> answer_key(const Object& question) {
  const std::string op = TRY(text(question, "op"));
  if (op == "key") return answer_fields(question);
  if (op == "path") return answer_path(question);
  if (op == "wepname") return answer_name(question);
  if (op == "wepparse") return answer_parts(question);
  return fail(Code::invalid, fmt::format("op: \"{}\" is not one of key, path, wepname and wepparse", op));
}

}  // namespace weft::ctl
