#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

/// BIRD's control socket: what birdc speaks.
namespace weft::bgp {

inline constexpr std::string_view default_control_socket = "/var/run/calico/bird.ctl";

/// One line of a reply: a code (0xxx and 1xxx, 2xxx data, 8xxx and 9xxx errors) and its text.
struct ReplyLine {
  int code = 0;
  std::string text;
  bool operator==(const ReplyLine&) const = default;
};
using Reply = std::vector<ReplyLine>;

/// Takes one complete reply off the front of `text`; Code::unavailable when it is not complete yet, Code::invalid when
/// it is none.
Result<Reply> take_reply(std::string_view& text);
std::string to_string(const Reply& reply);

/// A connection to a running BIRD. Answers within the timeout or Code::timeout. One owner.
class Control {
 public:
  /// @return Code::not_found when there is no such socket or nobody listens on it
  static Result<Control> connect(const std::string& socket,
                                 std::chrono::milliseconds timeout = std::chrono::seconds(5));

  /// The reply to a command; Code::invalid with BIRD's words when it refuses.
  Result<Reply> ask(std::string_view command);

 private:
  Control(Fd fd, std::chrono::milliseconds timeout) : fd_(std::move(fd)), timeout_(timeout) {}
  Result<Reply> receive();

  Fd fd_;
  std::chrono::milliseconds timeout_;
  std::string buffer_;
};

/// Has BIRD read its configuration again. @return Code::invalid with BIRD's words when it does not like it
Result<> configure(const std::string& socket);

/// `show status`
struct Status {
  std::string version;  // "2.0.12"
  std::string router_id;
  std::string message;    // "Daemon is up and running"
  std::string last_boot;  // times as BIRD writes them
  std::string last_configured;
  bool operator==(const Status&) const = default;
};
Status parse_status(const Reply& reply);
Result<Status> show_status(Control& control);

/// One protocol of `show protocols all`.
struct Protocol {
  std::string name;
  std::string kind;   // BGP, Kernel, Static, …
  std::string table;  // "---" when it has none of its own
  std::string state;  // up, start, down, …
  std::string since;
  std::string info;  // of BGP: its state and last error
  std::vector<std::pair<std::string, std::string>>
      details;                       // "Neighbor address" -> "10.0.0.2"; the first of a name counts
  std::vector<std::string> remarks;  // lines without a value: "Neighbor graceful restart active"

  std::string_view detail(std::string_view name) const;
  bool operator==(const Protocol&) const = default;
};
std::vector<Protocol> parse_protocols(const Reply& reply);
Result<std::vector<Protocol>> show_protocols(Control& control);

}  // namespace weft::bgp
