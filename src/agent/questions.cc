#include "agent/questions.h"

#include <algorithm>
#include <chrono>

#include "client/sync.h"
#include "schema/value.h"

namespace weft::agent {

cni::Answer Questions::answer(const cni::Request& request) const {
  const auto outcome = request.verb == "status" ? status()
                       : request.verb == "wait"
                           ? wait(request.config)
                           : fail(Code::invalid, "verb \"" + request.verb + "\": known are status and wait");
  if (!outcome) return {.code = 1, .output = outcome.error().message};
  return {.code = 0, .output = *outcome};
}

Result<std::string> Questions::status() const {
  const auto state = board_.state();
  schema::Array refused, unsupported, endpoints;
  for (const auto& what : state.refused) refused.emplace_back(what);
  for (const auto& [object, what] : state.unsupported)
    unsupported.emplace_back(schema::Object{{"object", object}, {"reason", what.reason}});
  for (const auto& [id, status] : state.endpoints) {
    schema::Object object = {{"id", plan::to_string(id)},
                             {"interface", status.interface},
                             {"up", status.state == dataplane::EndpointStatus::State::up}};
    if (!status.message.empty()) object.set("message", status.message);
    endpoints.emplace_back(std::move(object));
  }
  return schema::to_json(schema::Object{{"node", node_},
                                        {"ready", state.ready},
                                        {"revision", state.revision},
                                        {"refused", refused},
                                        {"unsupported", unsupported},
                                        {"endpoints", endpoints}});
}

Result<std::string> Questions::wait(const std::string& words) const {
  const auto question = TRY(schema::parse_json(words));
  const auto* revision = question.at("revision");
  const auto* timeout = question.at("timeout");
  if (!revision || !revision->as_int()) return fail(Code::invalid, "wait: revision: a number");
  const auto patience = std::chrono::milliseconds(
      static_cast<std::int64_t>((timeout ? std::clamp(timeout->number(), 0.0, 300.0) : 30.0) * 1000));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  // A revision may concern no key of ours: ask the store how far its watch is.
  sync_.request_progress();
  TRY(board_.wait(*revision->as_int(), deadline));
  return status();
}

}  // namespace weft::agent
