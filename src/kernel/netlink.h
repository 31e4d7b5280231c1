#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "kernel/attributes.h"

struct mnl_socket;

namespace weft::kernel {

/// A netlink message without its header: type, flags, and a payload of a fixed struct and attributes.
struct Message {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;  // NLM_F_…; the socket adds REQUEST and ACK
  Bytes payload;

  bool operator==(const Message&) const = default;
};

template <class Fixed>
Message message(std::uint16_t type, std::uint16_t flags, const Fixed& fixed) {
  Message out{.type = type, .flags = flags, .payload = Bytes((sizeof fixed + 3) / 4 * 4)};
  std::memcpy(out.payload.data(), &fixed, sizeof fixed);
  return out;
}
template <class Fixed, Described T>
Message message(std::uint16_t type, std::uint16_t flags, const Fixed& fixed, const T& attributes) {
  Message out = message(type, flags, fixed);
  Writer writer(out.payload);
  encode(writer, attributes);
  return out;
}

/// Takes a payload apart: the fixed struct in front, the described attributes after it.
template <class Fixed, Described T>
Result<std::pair<Fixed, T>> parse(Payload payload) {
  std::pair<Fixed, T> out{};
  constexpr std::size_t size = (sizeof(Fixed) + 3) / 4 * 4;
  if (payload.size() < size) return fail(Code::invalid, "short netlink message");
  std::memcpy(&out.first, payload.data(), sizeof(Fixed));
  if (!decode(payload.subspan(size), out.second)) return fail(Code::invalid, "malformed netlink attributes");
  return out;
}

struct SocketDeleter {
  void operator()(mnl_socket* socket) const;
};

/// A netlink socket for requests; it belongs to the network namespace of the thread that opened it. The kernel answers
/// within the send, so nothing here waits for long; an answer that fails to come is a timeout after 10 s.
///
/// Owner: one thread. Errors carry the kernel's own words (extended acknowledgement) where it gives them.
class Socket {
 public:
  /// @param protocol  NETLINK_ROUTE, NETLINK_NETFILTER; strict filtering of dumps is on
  static Result<Socket> open(int protocol);

  /// Sends requests, many in one system call; one outcome per message, same order. One refused message holds back no
  /// other. @return an error only when the socket itself fails: then outcomes are not known
  Result<std::vector<Result<>>> request(std::span<const Message> messages);
  /// The same for one.
  Result<> request(const Message& message);

  /// Sends a question and collects the answers: with NLM_F_DUMP in its flags until the dump's end, otherwise until the
  /// acknowledgement. A dump that was interrupted by a change is read again (up to 20 times, then `unavailable`).
  Result<std::vector<Message>> ask(const Message& question);

  /// Sends one nfnetlink batch in one datagram, framed by BATCH_BEGIN and BATCH_END: all or nothing. The last message
  /// is acknowledged. @param generation  the batch is refused with `conflict` (ERESTART) when the ruleset is another by
  /// now
  /// @return what was refused, by index of the message; empty: committed. An index of messages.size(): the whole batch
  struct Refused {
    std::size_t index = 0;
    Error error;
    int number = 0;  // errno
  };
  Result<std::vector<Refused>> transact(std::uint16_t subsystem, std::span<const Message> messages,
                                        std::optional<std::uint32_t> generation = std::nullopt);

  /// Our address on the bus: events that our requests caused carry it as their sender.
  std::uint32_t port() const;

 private:
  explicit Socket(mnl_socket* socket) : socket_(socket) {}
  Result<> send(const Bytes& bytes);
  /// Calls `each(header, payload)` for all messages of one datagram. @return false when nothing waits and !wait
  struct Header;
  Result<bool> receive(bool wait, const std::function<void(const Header&, Payload)>& each);

  std::unique_ptr<mnl_socket, SocketDeleter> socket_;
  Bytes buffer_;
  std::uint32_t sequence_ = 0;
};

/// Something the kernel told.
struct Event {
  std::uint16_t type = 0;    // RTM_NEWROUTE, …
  std::uint32_t sender = 0;  // port of the socket whose request caused it; 0: the kernel itself
  Payload payload;           // valid during the call
};

/// A netlink socket for events of multicast groups; non-blocking, for an event loop. Once open it misses nothing
/// without saying so.
class EventSocket {
 public:
  /// @param groups  RTNLGRP_…, NFNLGRP_…
  /// @param buffer_bytes  the kernel's receive buffer; 0 keeps the system's default
  static Result<EventSocket> open(int protocol, std::span<const int> groups, std::size_t buffer_bytes = 4 << 20);

  int fd() const;

  /// Hears of a group, or no more. What it told before waits to be read all the same.
  Result<> join(int group);
  Result<> leave(int group);

  /// Reads all that waits. @return true: the buffer overflowed and events are lost; what they told must be read anew
  Result<bool> read(const std::function<void(const Event&)>& each);

 private:
  explicit EventSocket(mnl_socket* socket) : socket_(socket) {}

  std::unique_ptr<mnl_socket, SocketDeleter> socket_;
  Bytes buffer_;
};

}  // namespace weft::kernel
