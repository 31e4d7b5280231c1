// The only file that includes gRPC: its headers cost seconds.

#include "store/etcd/rpc.h"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <vector>

#include "base/file.h"
#include "etcd.grpc.pb.h"
#include "metrics/metrics.h"

namespace weft::store::etcd {

namespace {

using Clock = std::chrono::steady_clock;  // somebody may set the machine's time while we wait
using std::chrono::milliseconds;

gpr_timespec to_grpc(Clock::time_point when) {
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(when - Clock::now());
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_micros(left.count(), GPR_TIMESPAN));
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/// gRPC's words without its own nesting: "failed to connect to all addresses; last error: UNKNOWN: ipv4:…: Failed to
/// connect to remote host: Connection refused" -> "Failed to connect to remote host: Connection refused"
std::string plain(std::string text) {
  if (const auto at = text.rfind("last error: "); at != text.npos) text.erase(0, at + 12);
  for (const std::string_view start : {"UNKNOWN: ", "UNAVAILABLE: "}) {
    if (text.starts_with(start)) text.erase(0, start.size());
  }
  if (text.starts_with("ipv4:") || text.starts_with("ipv6:")) {
    if (const auto at = text.find(": "); at != text.npos) text.erase(0, at + 2);
  }
  return text;
}

/// etcd's statuses as our codes (the texts are etcd's, api/v3rpc/rpctypes/error.go).
Error error_of(const grpc::Status& status) {
  const std::string text = plain(status.error_message());
  // A member without a quorum may find first that our time is up, and has no better status for it.
  const bool late = status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED || text == "context deadline exceeded";
  const auto code = [&] {
    if (late) return Code::unavailable;
    if (contains(text, "user name is empty") || contains(text, "authentication failed")) return Code::denied;
    switch (status.error_code()) {
      case grpc::StatusCode::UNAVAILABLE: return Code::unavailable;
      case grpc::StatusCode::CANCELLED: return Code::canceled;
      case grpc::StatusCode::OUT_OF_RANGE: return Code::compacted;
      case grpc::StatusCode::NOT_FOUND: return Code::not_found;
      case grpc::StatusCode::INVALID_ARGUMENT: return Code::invalid;
      case grpc::StatusCode::RESOURCE_EXHAUSTED:
        // For now: its disk is full, it has too much to do.
        if (contains(text, "space exceeded") || contains(text, "too many requests")) return Code::unavailable;
        return Code::exhausted;
      case grpc::StatusCode::UNAUTHENTICATED:
      case grpc::StatusCode::PERMISSION_DENIED: return Code::denied;
      case grpc::StatusCode::UNIMPLEMENTED: return Code::unsupported;
      default: return Code::internal;
    }
  }();
  if (late) return {code, "no answer in time"};
  if (contains(text, "user name is empty")) return {code, "etcd wants a user and a password"};
  return {code, text.empty() ? "no reason given" : text};
}

/// Nothing of the call can have reached the server.
bool was_never_sent(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAVAILABLE && contains(status.error_message(), "failed to connect");
}

/// gRPC reads these once, when the process first uses it. What the user set stays.
void set_environment() {
  static std::once_flag once;
  std::call_once(once, [] {
    ::setenv("GRPC_VERBOSITY", "NONE", 0);         // errors come back as statuses; our log says them
    ::setenv("GRPC_ENABLE_FORK_SUPPORT", "0", 0);  // we exec what we fork
  });
}

/// gRPC takes addresses without asking a resolver when they have a scheme of their own.
std::string target_of(const Endpoint& endpoint) {
  in_addr v4;
  in6_addr v6;
  if (::inet_pton(AF_INET, endpoint.host.c_str(), &v4) == 1) return "ipv4:" + endpoint.address();
  if (::inet_pton(AF_INET6, endpoint.host.c_str(), &v6) == 1) return "ipv6:" + endpoint.address();
  return "dns:///" + endpoint.address();
}

std::shared_ptr<grpc::Channel> connect(const Endpoint& endpoint, const EtcdOptions& options) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A server that comes back is found again within a second.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1'000);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5'000);  // despite its name: how long one attempt may take
  arguments.SetInt(GRPC_ARG_DNS_MIN_TIME_BETWEEN_RESOLUTIONS_MS, 1'000);
  // A connection that died silently is noticed while a watch waits on it. etcd refuses pings more often than every 5 s.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);  // no limit
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
  if (endpoint.tls) {
    grpc::SslCredentialsOptions ssl{
        .pem_root_certs = options.ca, .pem_private_key = options.key, .pem_cert_chain = options.cert};
    credentials = grpc::SslCredentials(ssl);
    // The certificate is checked against what the user wrote, not against gRPC's form of it.
    arguments.SetString(GRPC_ARG_DEFAULT_AUTHORITY, endpoint.address());
    arguments.SetSslTargetNameOverride(endpoint.host);
  }
  return grpc::CreateCustomChannel(target_of(endpoint), credentials, arguments);
}

struct Member {
  Endpoint endpoint;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<pb::KV::Stub> kv;
  std::unique_ptr<pb::Watch::Stub> watch;
  std::unique_ptr<pb::Lease::Stub> lease;
  std::unique_ptr<pb::Auth::Stub> auth;
};

class GrpcStream final : public Stream {
 public:
  /// @param leave  called when the member is not the one to talk to any more
  GrpcStream(const Member& member, std::function<void()> leave) : member_(member), leave_(std::move(leave)) {}

  void open(const pb::WatchCreateRequest& request, const std::string& token) {
    if (!token.empty()) context_.AddMetadata("token", token);
    // A member that has lost its cluster ends the stream instead of keeping silent.
    context_.AddMetadata("hasleader", "true");
    stream_ = member_.watch->Watch(&context_);
    pb::WatchRequest create;
    *create.mutable_create_request() = request;
    stream_->Write(create);
  }
  bool read(pb::WatchResponse& response) override { return stream_->Read(&response); }
  void ask_progress() override {
    pb::WatchRequest ask;
    ask.mutable_progress_request();
    const std::lock_guard lock(writing_);
    stream_->Write(ask);
  }
  void cancel() override { context_.TryCancel(); }
  Error finish() override {
    const grpc::Status status = stream_->Finish();
    if (status.error_code() == grpc::StatusCode::UNAVAILABLE) leave_();
    if (!status.ok()) return error_of(status);
    return {Code::unavailable, "the server ended the stream"};
  }

 private:
  const Member& member_;
  const std::function<void()> leave_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<pb::WatchRequest, pb::WatchResponse>> stream_;
  std::mutex writing_;
};

class GrpcRpc final : public Rpc {
 public:
  explicit GrpcRpc(EtcdOptions options) : options_(std::move(options)) {
    for (const auto& endpoint : options_.endpoints) {
      Member member{.endpoint = endpoint, .channel = connect(endpoint, options_)};
      member.kv = pb::KV::NewStub(member.channel);
      member.watch = pb::Watch::NewStub(member.channel);
      member.lease = pb::Lease::NewStub(member.channel);
      member.auth = pb::Auth::NewStub(member.channel);
      members_.push_back(std::move(member));
    }
  }

  Result<> call(const pb::RangeRequest& request, pb::RangeResponse& response) override {
    return call(range_, true, [&](const Member& member, grpc::ClientContext& context) {
      return member.kv->Range(&context, request, &response);
    });
  }
  Result<> call(const pb::TxnRequest& request, pb::TxnResponse& response) override {
    return call(txn_, false, [&](const Member& member, grpc::ClientContext& context) {
      return member.kv->Txn(&context, request, &response);
    });
  }
  Result<> call(const pb::LeaseGrantRequest& request, pb::LeaseGrantResponse& response) override {
    return call(lease_, false, [&](const Member& member, grpc::ClientContext& context) {
      return member.lease->LeaseGrant(&context, request, &response);
    });
  }
  Result<> call(const pb::LeaseRevokeRequest& request, pb::LeaseRevokeResponse& response) override {
    return call(lease_, false, [&](const Member& member, grpc::ClientContext& context) {
      return member.lease->LeaseRevoke(&context, request, &response);
    });
  }
  Result<> call(const pb::LeaseKeepAliveRequest& request, pb::LeaseKeepAliveResponse& response) override {
    return call(lease_, true, [&](const Member& member, grpc::ClientContext& context) {
      const auto stream = member.lease->LeaseKeepAlive(&context);
      if (!stream->Write(request) || !stream->Read(&response)) return stream->Finish();
      stream->WritesDone();
      return grpc::Status();  // answered; how the stream ends does not matter
    });
  }

  Result<std::unique_ptr<Stream>> watch(const pb::WatchCreateRequest& request, std::stop_token stop) override {
    const auto deadline = Clock::now() + options_.timeout;
    const Member& member = pick(deadline, stop).member;
    if (stop.stop_requested()) return fail(Code::canceled, "canceled");
    const std::string token = TRY(token_for(member, deadline));
    auto stream = std::make_unique<GrpcStream>(member, [this, &member] { leave(member); });
    stream->open(request, token);
    return stream;
  }

  bool forget_token() override {
    const std::lock_guard lock(mutex_);
    const bool had = !token_.empty();
    token_.clear();
    return had;
  }

  std::string describe() const override {
    std::string text = "etcd at ";
    for (const auto& member : members_) {
      if (&member != &members_.front()) text += ',';
      text += member.endpoint.address();
    }
    return text;
  }

 private:
  void leave(const Member& member) {
    const std::lock_guard lock(mutex_);
    if (&members_[current_] == &member) current_ = (current_ + 1) % members_.size();
  }

  /// Waits until its connection stands. False: it cannot be had now, or not until then.
  ///
  /// After a failed attempt gRPC tries again by itself, but gets on with it only while somebody waits on the channel,
  /// and the state says failure all the while. Hence `patience`: how long to wait all the same.
  static bool is_ready(const Member& member, Clock::time_point until, milliseconds patience,
                       const std::stop_token& stop) {
    const auto patient_until = std::min(until, Clock::now() + patience);
    for (;;) {
      const auto state = member.channel->GetState(true);
      if (state == GRPC_CHANNEL_READY) return true;
      const auto now = Clock::now();
      const auto end = state == GRPC_CHANNEL_CONNECTING || state == GRPC_CHANNEL_IDLE ? until : patient_until;
      if (now >= end || stop.stop_requested()) return false;
      member.channel->WaitForStateChange(state, to_grpc(std::min(end, now + milliseconds(100))));
    }
  }

  struct Picked {
    const Member& member;
    bool ready;
  };
  /// The member to talk to: the one that answered last, or the next that can be reached. When none can be, one all the
  /// same: the call then fails with the reason.
  Picked pick(Clock::time_point deadline, const std::stop_token& stop = {}) {
    const std::size_t first = [&] {
      const std::lock_guard lock(mutex_);
      return current_;
    }();
    // Without patience the calls of somebody who tries again and again would never let a connection come up.
    for (const auto patience : {milliseconds(0), milliseconds(200) / static_cast<int>(members_.size())}) {
      for (std::size_t i = 0; i < members_.size(); ++i) {
        const std::size_t at = (first + i) % members_.size();
        const auto share = (deadline - Clock::now()) / static_cast<long>(members_.size() - i);
        if (!is_ready(members_[at], Clock::now() + share, patience, stop)) continue;
        const std::lock_guard lock(mutex_);
        current_ = at;
        return {members_[at], true};
      }
    }
    return {members_[first], false};
  }

  Result<std::string> token_for(const Member& member, Clock::time_point deadline) {
    if (options_.username.empty()) return std::string();
    const std::lock_guard asking(asking_token_);  // one asks, the others wait for its answer
    {
      const std::lock_guard lock(mutex_);
      if (!token_.empty()) return token_;
    }
    pb::AuthenticateRequest request;
    request.set_name(options_.username);
    request.set_password(options_.password);
    pb::AuthenticateResponse response;
    grpc::ClientContext context;
    context.set_deadline(to_grpc(deadline));
    const auto status = member.auth->Authenticate(&context, request, &response);
    if (contains(status.error_message(), "authentication is not enabled")) return std::string();
    if (!status.ok()) return std::unexpected(error_of(status).within(fmt::format("user {}", options_.username)));
    const std::lock_guard lock(mutex_);
    token_ = response.token();
    return token_;
  }

  /// What is measured of a kind of call, looked up once.
  struct Measure {
    metrics::Histogram& seconds;
    metrics::Counter& failures;
  };
  static Measure measure(const char* kind) {
    const metrics::Labels labels = {{"call", kind}};
    return {metrics::histogram("weft_store_seconds", "Time of a call to the store, with what was tried again in it.",
                               labels),
            metrics::counter("weft_store_failures", "Calls that the store did not answer.", labels)};
  }

  /// One call, with what is tried again in it: reads on another member, writes only when they cannot have been done,
  /// both with a new token. Measured with all of that.
  template <class Send>
  Result<> call(const Measure& measure, bool repeatable, Send send) {
    const auto start = Clock::now();
    auto outcome = attempt(repeatable, std::move(send));
    measure.seconds.observe(std::chrono::duration<double>(Clock::now() - start).count());
    if (!outcome) measure.failures.add();
    return outcome;
  }
  template <class Send>
  Result<> attempt(bool repeatable, Send send) {
    const auto deadline = Clock::now() + options_.timeout;
    bool renewed = false;
    for (std::size_t tries = 0;; ++tries) {
      const auto [member, ready] = pick(deadline);
      auto token = token_for(member, deadline);
      if (!token && token.error().code != Code::unavailable) return fail_at(std::move(token.error()));
      grpc::ClientContext context;
      // A member that accepts and then keeps silent must not use up the time of the others.
      const bool others = repeatable && tries + 1 < members_.size();
      context.set_deadline(to_grpc(others ? Clock::now() + (deadline - Clock::now()) / 2 : deadline));
      if (token && !token->empty()) context.AddMetadata("token", *token);
      const grpc::Status status = send(member, context);
      if (status.ok()) return {};
      if (is_about_token(status.error_message()) && !renewed && forget_token()) {
        renewed = true;
        continue;
      }
      Error error = error_of(status);
      if (error.code == Code::unavailable) leave(member);
      const bool again = ready && error.code == Code::unavailable && (repeatable || was_never_sent(status));
      if (!again || tries >= members_.size() || Clock::now() >= deadline) return fail_at(std::move(error));
    }
  }
  std::unexpected<Error> fail_at(Error error) const { return std::unexpected(std::move(error).within(describe())); }

  const EtcdOptions options_;
  const Measure range_ = measure("range"), txn_ = measure("txn"), lease_ = measure("lease");
  std::vector<Member> members_;
  std::mutex mutex_;
  std::mutex asking_token_;
  std::size_t current_ = 0;
  std::string token_;
};

}  // namespace

bool is_about_token(std::string_view reason) {
  return contains(reason, "invalid auth token") || contains(reason, "revision of auth store is old");
}

Result<std::shared_ptr<Rpc>> Rpc::open(EtcdOptions options) {
  set_environment();
  if (options.endpoints.empty()) return fail(Code::invalid, "no etcd endpoint is given");
  if (options.cert.empty() != options.key.empty()) {
    return fail(Code::invalid, "a certificate and its key must be given together");
  }
  const bool tls = std::ranges::any_of(options.endpoints, [](const auto& endpoint) { return endpoint.tls; });
  if (tls && options.ca.empty()) {
    if (auto trusted = read_file("/etc/ssl/certs/ca-certificates.crt")) options.ca = *std::move(trusted);
  }
  return std::make_shared<GrpcRpc>(std::move(options));
}

}  // namespace weft::store::etcd
