#include "cni/protocol.h"

#include "schema/value.h"

namespace weft::cni {

namespace {

Result<std::string> text_of(const schema::Value& value, std::string_view name) {
  const schema::Value* member = value.at(name);
  if (member == nullptr) return std::string();
  const std::string* text = member->as_string();
  if (text == nullptr) return fail(Code::invalid, std::string(name) + ": must be a string");
  return *text;
}

Result<schema::Value> parse_object(std::string_view json) {
  auto value = TRY(schema::parse_json(json));
  if (value.as_object() == nullptr) return fail(Code::invalid, "must be an object");
  return value;
}

}  // namespace

const std::string& Request::env(const std::string& name) const {
  static const std::string none;
  const auto found = environment.find(name);
  return found == environment.end() ? none : found->second;
}

std::string to_json(const Request& request) {
  schema::Object environment;
  for (const auto& [name, value] : request.environment) environment.set(name, value);
  schema::Object object;
  object.set("verb", request.verb);
  if (!request.plugin.empty()) object.set("plugin", request.plugin);
  object.set("environment", std::move(environment));
  object.set("config", request.config);
  if (!request.ipam.empty()) object.set("ipam", request.ipam);
  return schema::to_json(std::move(object));
}

std::string to_json(const Answer& answer) {
  return schema::to_json(schema::Object{{"code", answer.code}, {"output", answer.output}});
}

Result<Request> parse_request(std::string_view json) {
  const auto value = TRY(within(parse_object(json), "request"));
  Request request;
  request.verb = TRY(text_of(value, "verb"));
  request.plugin = TRY(text_of(value, "plugin"));
  request.config = TRY(text_of(value, "config"));
  request.ipam = TRY(text_of(value, "ipam"));
  if (const schema::Value* environment = value.at("environment")) {
    const schema::Object* members = environment->as_object();
    if (members == nullptr) return fail(Code::invalid, "environment: must be an object");
    for (const auto& [name, each] : *members) {
      if (each.as_string() == nullptr) return fail(Code::invalid, "environment." + name + ": must be a string");
      request.environment[name] = *each.as_string();
    }
  }
  if (request.verb.empty()) return fail(Code::invalid, "verb: required");
  return request;
}

Result<Answer> parse_answer(std::string_view json) {
  const auto value = TRY(within(parse_object(json), "answer"));
  const schema::Value* code = value.at("code");
  if (code == nullptr || code->as_int() == nullptr) return fail(Code::invalid, "answer: code: must be a number");
  return Answer{static_cast<int>(*code->as_int()), TRY(text_of(value, "output"))};
}

}  // namespace weft::cni
