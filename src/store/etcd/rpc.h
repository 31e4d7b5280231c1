#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/etcd/etcd.h"

namespace etcdserverpb {
class LeaseGrantRequest;
class LeaseGrantResponse;
class LeaseKeepAliveRequest;
class LeaseKeepAliveResponse;
class LeaseRevokeRequest;
class LeaseRevokeResponse;
class RangeRequest;
class RangeResponse;
class TxnRequest;
class TxnResponse;
class WatchCreateRequest;
class WatchResponse;
}  // namespace etcdserverpb

namespace weft::store::etcd {

namespace pb = etcdserverpb;

/// Whether etcd means by this that a token is over and another one would do.
bool is_about_token(std::string_view reason);

/// One watch stream. `read` by one thread, everything else by any.
class Stream {
 public:
  virtual ~Stream() = default;
  /// Waits for the next answer. False: the stream is over, `finish` says why.
  virtual bool read(pb::WatchResponse& response) = 0;
  virtual void ask_progress() = 0;
  /// Ends it from outside; `read` returns soon.
  virtual void cancel() = 0;
  virtual Error finish() = 0;
};

/// Calls to etcd: connections to its endpoints, who answers now, deadlines, the token of a user. All of gRPC is behind
/// this; thread-safe.
class Rpc {
 public:
  static Result<std::shared_ptr<Rpc>> open(EtcdOptions options);
  virtual ~Rpc() = default;

  virtual Result<> call(const pb::RangeRequest& request, pb::RangeResponse& response) = 0;
  virtual Result<> call(const pb::TxnRequest& request, pb::TxnResponse& response) = 0;
  virtual Result<> call(const pb::LeaseGrantRequest& request, pb::LeaseGrantResponse& response) = 0;
  virtual Result<> call(const pb::LeaseRevokeRequest& request, pb::LeaseRevokeResponse& response) = 0;
  virtual Result<> call(const pb::LeaseKeepAliveRequest& request, pb::LeaseKeepAliveResponse& response) = 0;

  /// Opens a stream and asks for the watch. Blocks while it connects, until `stop` is requested.
  virtual Result<std::unique_ptr<Stream>> watch(const pb::WatchCreateRequest& request, std::stop_token stop) = 0;

  /// The token is not accepted any more; the next call gets another. Says whether there was one to forget.
  virtual bool forget_token() = 0;
  /// "etcd at 10.0.0.1:2379,10.0.0.2:2379"
  virtual std::string describe() const = 0;
};

}  // namespace weft::store::etcd
