#include "kernel/netlink.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace weft::kernel {

namespace {

constexpr std::size_t receive_bytes = 64 * 1024;  // the kernel cuts dumps at 32 KiB
constexpr std::size_t batch_bytes = 64 * 1024;    // of requests in one send
constexpr std::size_t batch_messages = 128;       // acknowledgements that must fit the receive buffer
constexpr int dump_attempts = 20;
constexpr std::uint16_t acks_tlvs = 0x200;    // NLM_F_ACK_TLVS
constexpr std::uint16_t acks_capped = 0x100;  // NLM_F_CAPPED

void set_buffer(int fd, int force, int plain, std::size_t bytes) {
  const int value = static_cast<int>(std::min<std::size_t>(bytes, INT_MAX / 2));
  if (setsockopt(fd, SOL_SOCKET, force, &value, sizeof value) != 0)
    setsockopt(fd, SOL_SOCKET, plain, &value, sizeof value);
}

void append(Bytes& out, const Message& message, std::uint16_t flags, std::uint32_t sequence) {
  const auto at = out.size();
  const nlmsghdr header{.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + message.payload.size()),
                        .nlmsg_type = message.type,
                        .nlmsg_flags = static_cast<std::uint16_t>(message.flags | flags | NLM_F_REQUEST),
                        .nlmsg_seq = sequence,
                        .nlmsg_pid = 0};
  out.resize(at + NLMSG_ALIGN(header.nlmsg_len));
  std::memcpy(out.data() + at, &header, sizeof header);
  if (!message.payload.empty()) {
    std::memcpy(out.data() + at + NLMSG_HDRLEN, message.payload.data(), message.payload.size());
  }
}

struct ErrorAttributes {
  std::string text;
  static std::span<const Attribute<ErrorAttributes>> attributes() {
    static constexpr Attribute<ErrorAttributes> table[] = {attribute<&ErrorAttributes::text>(NLMSGERR_ATTR_MSG)};
    return table;
  }
};

/// The kernel's verdict in an NLMSG_ERROR: 0 or an errno, and its words.
std::pair<int, std::string> verdict(std::uint16_t flags, Payload payload) {
  nlmsgerr error{};
  if (payload.size() < sizeof error) return {EBADMSG, {}};
  std::memcpy(&error, payload.data(), sizeof error);
  std::string text;
  if ((flags & acks_tlvs) != 0) {
    std::size_t skip = sizeof error;
    if ((flags & acks_capped) == 0) skip += NLMSG_ALIGN(error.msg.nlmsg_len) - NLMSG_HDRLEN;
    ErrorAttributes attributes;
    if (skip <= payload.size() && decode(payload.subspan(skip), attributes)) text = attributes.text;
  }
  return {-error.error, text};
}

Error refusal(int number, const std::string& text) {
  Error error = errno_error(number, "kernel");
  if (number == ERESTART) error.code = Code::conflict;
  if (!text.empty()) error.message += " (" + text + ")";
  return error;
}

}  // namespace

struct Socket::Header {
  std::uint16_t type;
  std::uint16_t flags;
  std::uint32_t sequence;
};

void SocketDeleter::operator()(mnl_socket* socket) const { mnl_socket_close(socket); }

Result<Socket> Socket::open(int protocol) {
  Socket out(mnl_socket_open2(protocol, SOCK_CLOEXEC));
  if (!out.socket_) return fail_errno(errno, "netlink socket");
  auto* socket = out.socket_.get();
  if (mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0) return fail_errno(errno, "netlink bind");
  int one = 1;
  // Older kernels know fewer of these; each only makes errors better or dumps shorter.
  mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &one, sizeof one);
  mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &one, sizeof one);
  mnl_socket_setsockopt(socket, NETLINK_GET_STRICT_CHK, &one, sizeof one);
  set_buffer(mnl_socket_get_fd(socket), SO_RCVBUFFORCE, SO_RCVBUF, 1 << 20);
  const timeval limit{.tv_sec = 10, .tv_usec = 0};
  if (setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0) {
    return fail_errno(errno, "netlink receive timeout");
  }
  out.buffer_.resize(receive_bytes);
  return out;
}

std::uint32_t Socket::port() const { return mnl_socket_get_portid(socket_.get()); }

Result<> Socket::send(const Bytes& bytes) {
  while (mnl_socket_sendto(socket_.get(), bytes.data(), bytes.size()) < 0) {
    if (errno == EINTR) continue;
    return fail_errno(errno, "netlink send");
  }
  return {};
}

Result<bool> Socket::receive(bool wait, const std::function<void(const Header&, Payload)>& each) {
  const int fd = mnl_socket_get_fd(socket_.get());
  for (;;) {
    const auto size = recv(fd, buffer_.data(), buffer_.size(), MSG_TRUNC | (wait ? 0 : MSG_DONTWAIT));
    if (size < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) {
        if (!wait) return false;
        return fail(Code::timeout, "netlink: no answer from the kernel");
      }
      return fail_errno(errno, "netlink receive");
    }
    if (static_cast<std::size_t>(size) > buffer_.size()) return fail(Code::internal, "netlink: answer too long");
    int rest = static_cast<int>(size);
    for (const auto* header = reinterpret_cast<const nlmsghdr*>(buffer_.data()); mnl_nlmsg_ok(header, rest);
         header = mnl_nlmsg_next(header, &rest)) {
      each({header->nlmsg_type, header->nlmsg_flags, header->nlmsg_seq},
           {static_cast<const std::uint8_t*>(mnl_nlmsg_get_payload(header)), mnl_nlmsg_get_payload_len(header)});
    }
    return true;
  }
}

Result<std::vector<Result<>>> Socket::request(std::span<const Message> messages) {
  std::vector<Result<>> outcomes(messages.size());
  std::size_t next = 0;
  while (next < messages.size()) {
    Bytes bytes;
    const std::size_t first = next;
    const std::uint32_t base = sequence_ + 1;
    while (next < messages.size() && next - first < batch_messages &&
           (next == first || bytes.size() + messages[next].payload.size() < batch_bytes)) {
      append(bytes, messages[next++], NLM_F_ACK, ++sequence_);
    }
    TRY(send(bytes));
    for (std::size_t open = next - first; open > 0;) {
      (void)TRY(receive(true, [&](const Header& header, Payload payload) {
        const std::uint32_t index = header.sequence - base;
        if (header.type != NLMSG_ERROR || index >= next - first) return;
        const auto [number, text] = verdict(header.flags, payload);
        if (number != 0) outcomes[first + index] = std::unexpected(refusal(number, text));
        --open;
      }));
    }
  }
  return outcomes;
}

Result<> Socket::request(const Message& message) { return TRY(request(std::span(&message, 1)))[0]; }

Result<std::vector<Message>> Socket::ask(const Message& question) {
  for (int attempt = 0; attempt < dump_attempts; ++attempt) {
    const bool dump = (question.flags & NLM_F_DUMP) == NLM_F_DUMP;
    const std::uint32_t sequence = ++sequence_;
    Bytes bytes;
    append(bytes, question, dump ? 0 : NLM_F_ACK, sequence);
    TRY(send(bytes));

    std::vector<Message> answers;
    bool done = false;
    bool interrupted = false;
    Result<> outcome;
    const auto failed = [&](int number, const std::string& text) {
      if (number == EINTR)
        interrupted = true;
      else if (number != 0)
        outcome = std::unexpected(refusal(number, text));
      done = true;
    };
    while (!done) {
      (void)TRY(receive(true, [&](const Header& header, Payload payload) {
        if (header.sequence != sequence || done) return;
        if ((header.flags & NLM_F_DUMP_INTR) != 0) interrupted = true;
        if (header.type == NLMSG_ERROR) {
          const auto [number, text] = verdict(header.flags, payload);
          failed(number, text);
        } else if (header.type == NLMSG_DONE) {
          int status = 0;
          if (payload.size() >= sizeof status) std::memcpy(&status, payload.data(), sizeof status);
          failed(-status, "");
        } else if (header.type >= NLMSG_MIN_TYPE) {
          answers.push_back({header.type, header.flags, Bytes(payload.begin(), payload.end())});
        }
      }));
    }
    if (interrupted) continue;
    if (!outcome) return std::unexpected(std::move(outcome.error()));
    return answers;
  }
  return fail(Code::unavailable, "netlink: dump interrupted by changes again and again");
}

Result<std::vector<Socket::Refused>> Socket::transact(std::uint16_t subsystem, std::span<const Message> messages,
                                                      std::optional<std::uint32_t> generation) {
  if (messages.empty()) return std::vector<Refused>{};
  const nfgenmsg batch{.nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(subsystem)};
  Message begin = message(NFNL_MSG_BATCH_BEGIN, 0, batch);
  if (generation) {
    Writer writer(begin.payload);
    put(writer, NFNL_BATCH_GENID, Be32{*generation});
  }
  Bytes bytes;
  const std::uint32_t first = ++sequence_;
  append(bytes, begin, 0, first);
  for (std::size_t i = 0; i < messages.size(); ++i) {
    append(bytes, messages[i], i + 1 == messages.size() ? NLM_F_ACK : 0, ++sequence_);
  }
  append(bytes, message(NFNL_MSG_BATCH_END, 0, batch), 0, ++sequence_);

  const int fd = mnl_socket_get_fd(socket_.get());
  int have = 0;
  socklen_t length = sizeof have;
  getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &have, &length);
  if (bytes.size() + 4096 > static_cast<std::size_t>(have)) {
    set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, bytes.size() + 4096);
  }
  TRY(send(bytes));

  // Answers are queued before the send returns, so reading ends when none waits.
  std::vector<Refused> refused;
  bool acknowledged = false;
  const auto answer = [&](const Header& header, Payload payload) {
    const std::uint32_t index = header.sequence - first;
    if (header.type != NLMSG_ERROR || index > messages.size() + 1) return;
    const auto [number, text] = verdict(header.flags, payload);
    if (number == 0) {
      acknowledged = acknowledged || index == messages.size();
      return;
    }
    const bool frame = index == 0 || index == messages.size() + 1;
    refused.push_back({frame ? messages.size() : index - 1, refusal(number, text), number});
  };
  while (TRY(receive(false, answer))) {
  }
  if (refused.empty() && !acknowledged) return fail(Code::internal, "netlink: batch was not acknowledged");
  return refused;
}

Result<EventSocket> EventSocket::open(int protocol, std::span<const int> groups, std::size_t buffer_bytes) {
  EventSocket out(mnl_socket_open2(protocol, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!out.socket_) return fail_errno(errno, "netlink event socket");
  if (buffer_bytes != 0) set_buffer(out.fd(), SO_RCVBUFFORCE, SO_RCVBUF, buffer_bytes);
  if (mnl_socket_bind(out.socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0) return fail_errno(errno, "netlink bind");
  for (int group : groups) TRY(out.join(group));
  out.buffer_.resize(receive_bytes);
  return out;
}

int EventSocket::fd() const { return mnl_socket_get_fd(socket_.get()); }

namespace {
Result<> set_membership(mnl_socket* socket, int option, int group) {
  if (mnl_socket_setsockopt(socket, option, &group, sizeof group) == 0) return {};
  return fail_errno(errno, fmt::format("netlink group {}", group));
}
}  // namespace

Result<> EventSocket::join(int group) { return set_membership(socket_.get(), NETLINK_ADD_MEMBERSHIP, group); }
Result<> EventSocket::leave(int group) { return set_membership(socket_.get(), NETLINK_DROP_MEMBERSHIP, group); }

Result<bool> EventSocket::read(const std::function<void(const Event&)>& each) {
  bool overflow = false;
  for (;;) {
    const auto size = recv(fd(), buffer_.data(), buffer_.size(), MSG_TRUNC | MSG_DONTWAIT);
    if (size < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) return overflow;
      if (errno != ENOBUFS) return fail_errno(errno, "netlink events");
      overflow = true;
      continue;
    }
    if (static_cast<std::size_t>(size) > buffer_.size()) {
      overflow = true;
      continue;
    }
    int rest = static_cast<int>(size);
    for (const auto* header = reinterpret_cast<const nlmsghdr*>(buffer_.data()); mnl_nlmsg_ok(header, rest);
         header = mnl_nlmsg_next(header, &rest)) {
      if (header->nlmsg_type < NLMSG_MIN_TYPE) continue;
      each({header->nlmsg_type,
            header->nlmsg_pid,
            {static_cast<const std::uint8_t*>(mnl_nlmsg_get_payload(header)), mnl_nlmsg_get_payload_len(header)}});
    }
  }
}

}  // namespace weft::kernel
