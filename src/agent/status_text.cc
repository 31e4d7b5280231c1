#include "agent/status_text.h"

#include <fmt/core.h>

#include <chrono>

#include "cni/client.h"

namespace weft::agent {

namespace {

const schema::Array& list(const schema::Value& status, const char* member) {
  static const schema::Array none;
  const auto* value = status.at(member);
  return value && value->as_array() ? *value->as_array() : none;
}

bool is_true(const schema::Value* value) { return value && value->as_bool() && *value->as_bool(); }

}  // namespace

std::string status_text(const schema::Value& status) {
  const auto* revision = status.at("revision");
  const auto& endpoints = list(status, "endpoints");
  std::size_t up = 0;
  std::string rest;
  for (const auto& endpoint : endpoints) {
    if (is_true(endpoint.at("up")))
      ++up;
    else
      rest += fmt::format("not up: {}{}{}\n", endpoint.text("id"), endpoint.text("message").empty() ? "" : ": ",
                          endpoint.text("message"));
  }
  for (const auto& what : list(status, "refused")) {
    if (what.as_string()) rest += fmt::format("refused: {}\n", *what.as_string());
  }
  for (const auto& row : list(status, "unsupported"))
    rest += fmt::format("not in force: {}: {}\n", row.text("object"), row.text("reason"));
  if (!is_true(status.at("ready"))) return "Agent: starting, the store's state is not in the kernel yet\n" + rest;
  return fmt::format("Agent: revision {} of the store is in force, {} of {} endpoints up\n{}",
                     revision && revision->as_int() ? *revision->as_int() : 0, up, endpoints.size(), rest);
}

Result<std::string> ask_status(const std::string& socket) {
  const auto answer = TRY(cni::ask(socket, {.verb = "status"}, std::chrono::seconds(5)));
  if (answer.code != 0) return fail(Code::internal, answer.output);
  return status_text(TRY(schema::parse_json(answer.output)));
}

}  // namespace weft::agent
