#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

/// The agent's unix socket. One request a connection: the client writes one JSON document and shuts down its write
/// side; the agent answers with one JSON document and closes.
namespace weft::cni {

inline constexpr std::string_view default_socket = "/run/weft/agent.sock";
/// Longest document either side reads, in bytes.
inline constexpr std::size_t max_document = std::size_t{4} << 20;

/// {"verb":"ADD","plugin":"cni","environment":{"CNI_IFNAME":"eth0",…},"config":"<text of stdin>","ipam":"<result>"}
struct Request {
  std::string verb;    // ADD, DEL, CHECK, GC, STATUS; or one of the agent's own: status, wait, …
  std::string plugin;  // "cni" or "ipam"; empty for the agent's own verbs
  std::map<std::string, std::string> environment;
  std::string config;  // network configuration; whatever an own verb takes
  std::string ipam;    // result of another IPAM plug-in, as that wrote it; empty: the agent assigns
  bool operator==(const Request&) const = default;

  /// A variable; empty when it is not there.
  const std::string& env(const std::string& name) const;
};

/// {"code":0,"output":"<what the client prints>"}
struct Answer {
  int code = 0;  // 0: done; else a CNI error code, and `output` is the error as JSON
  std::string output;
  bool operator==(const Answer&) const = default;
};

std::string to_json(const Request& request);
std::string to_json(const Answer& answer);
Result<Request> parse_request(std::string_view json);
Result<Answer> parse_answer(std::string_view json);

}  // namespace weft::cni
