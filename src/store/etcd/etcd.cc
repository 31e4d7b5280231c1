#include "store/etcd/etcd.h"

#include <fmt/core.h>

#include "etcd.pb.h"
#include "store/etcd/rpc.h"
#include "store/etcd/watch.h"

namespace weft::store {

namespace {

namespace pb = etcdserverpb;

Entry entry_of(pb::KeyValue& kv) {
  return {std::move(*kv.mutable_key()), std::move(*kv.mutable_value()), kv.mod_revision()};
}

/// Whether the op only happens when its key is at some revision, and which: 0 is absent.
std::optional<Revision> condition_of(const Op& op) {
  switch (op.kind) {
    case Op::Kind::create: return 0;
    case Op::Kind::update:
    case Op::Kind::expect: return op.expected;
    case Op::Kind::remove:
      if (op.expected != 0) return op.expected;
      return {};
    case Op::Kind::unchanged: return op.expected + 1;
    case Op::Kind::put: return {};
  }
  return {};
}

pb::TxnRequest request_of(std::span<const Op> ops) {
  pb::TxnRequest request;
  for (const auto& op : ops) {
    if (const auto revision = condition_of(op)) {
      auto& compare = *request.add_compare();
      compare.set_target(pb::Compare::MOD);
      compare.set_key(op.key);
      compare.set_mod_revision(*revision);
      // When something does not hold, we are told where these keys are, to say which.
      auto& look = *request.add_failure()->mutable_request_range();
      look.set_key(op.key);
      look.set_keys_only(true);
      if (op.kind == Op::Kind::unchanged) {
        compare.set_result(pb::Compare::LESS);
        compare.set_range_end(etcd::end_of(op.key));
        look.set_range_end(etcd::end_of(op.key));
        look.set_min_mod_revision(*revision);
        look.set_limit(1);
      }
    }
    if (!op.writes()) continue;
    if (op.kind == Op::Kind::remove) {
      request.add_success()->mutable_request_delete_range()->set_key(op.key);
      continue;
    }
    auto& put = *request.add_success()->mutable_request_put();
    put.set_key(op.key);
    put.set_value(op.value);
    put.set_lease(op.lease);
  }
  return request;
}

constexpr std::size_t page_bytes = 4 << 20;  // of what list() reads at once, roughly

class Etcd final : public Store {
 public:
  Etcd(std::shared_ptr<etcd::Rpc> rpc, int page) : rpc_(std::move(rpc)), page_(page) {}

  Result<std::optional<Entry>> get(std::string_view key, Revision at) override {
    pb::RangeRequest request;
    pb::RangeResponse response;
    request.set_key(std::string(key));
    request.set_revision(at);
    TRY(within(rpc_->call(request, response), fmt::format("get {}", key)));
    if (response.kvs_size() == 0) return std::nullopt;
    return entry_of(*response.mutable_kvs(0));
  }

  Result<Listing> list(std::string_view prefix) override {
    // Long lists may lose their revision to a compaction between two pages.
    for (int attempt = 1;; ++attempt) {
      auto listing = list_once(std::string(prefix));
      if (listing) return listing;
      if (listing.error().code != Code::compacted || attempt == 3) {
        return within(std::move(listing), fmt::format("list {}", prefix));
      }
    }
  }

  Result<Revision> commit(std::span<const Op> ops) override {
    TRY(check(ops));
    const pb::TxnRequest request = request_of(ops);
    pb::TxnResponse response;
    const std::string what = ops.empty()       ? "commit"
                             : ops.size() == 1 ? ops[0].key
                                               : fmt::format("commit of {} and {} more", ops[0].key, ops.size() - 1);
    TRY(within(rpc_->call(request, response), what));
    if (response.succeeded()) return response.header().revision();
    int i = 0;
    for (const auto& op : ops) {
      if (!condition_of(op)) continue;
      if (i >= response.responses_size()) break;
      const auto& found = response.responses(i++).response_range();
      if (auto refused = refusal(op, found.kvs_size() == 0 ? 0 : found.kvs(0).mod_revision())) {
        return std::unexpected(*std::move(refused));
      }
    }
    return fail(Code::internal, fmt::format("{}: etcd refused it and does not say why", what));
  }

  std::unique_ptr<Watch> watch(std::string_view prefix, Revision after, Watcher watcher) override {
    return etcd::start_watch(rpc_, std::string(prefix), after, std::move(watcher));
  }

  Result<LeaseId> grant(std::chrono::seconds ttl) override {
    pb::LeaseGrantRequest request;
    pb::LeaseGrantResponse response;
    request.set_ttl(ttl.count());
    TRY(within(rpc_->call(request, response), "grant a lease"));
    return response.id();
  }
  Result<> keep_alive(LeaseId lease) override {
    pb::LeaseKeepAliveRequest request;
    pb::LeaseKeepAliveResponse response;
    request.set_id(lease);
    TRY(within(rpc_->call(request, response), fmt::format("keep lease {} alive", lease)));
    if (response.ttl() <= 0) return fail(Code::not_found, fmt::format("lease {} not found", lease));
    return {};
  }
  Result<> revoke(LeaseId lease) override {
    pb::LeaseRevokeRequest request;
    pb::LeaseRevokeResponse response;
    request.set_id(lease);
    return within(rpc_->call(request, response), fmt::format("revoke lease {}", lease));
  }

  std::string describe() const override { return rpc_->describe(); }

 private:
  Result<Listing> list_once(const std::string& prefix) {
    Listing listing;
    pb::RangeRequest request;
    request.set_key(prefix.empty() ? std::string(1, '\0') : prefix);
    request.set_range_end(etcd::end_of(prefix));
    request.set_limit(page_);
    for (;;) {
      pb::RangeResponse response;
      TRY(rpc_->call(request, response));
      if (listing.revision == 0) {
        listing.revision = response.header().revision();
        listing.entries.reserve(static_cast<std::size_t>(response.count()));
      }
      const std::size_t bytes = response.ByteSizeLong();
      for (auto& kv : *response.mutable_kvs()) listing.entries.push_back(entry_of(kv));
      if (!response.more() || response.kvs_size() == 0) return listing;
      // With each page etcd counts all keys that are left: many small pages cost it more than the values do.
      const auto fitting = static_cast<std::size_t>(response.kvs_size()) * page_bytes / std::max<std::size_t>(bytes, 1);
      request.set_limit(
          static_cast<std::int64_t>(std::clamp<std::size_t>(fitting, 10, 10 * static_cast<std::size_t>(page_))));
      request.set_revision(listing.revision);
      request.set_key(listing.entries.back().key + '\0');
    }
  }

  const std::shared_ptr<etcd::Rpc> rpc_;
  const int page_;
};

}  // namespace

Result<std::unique_ptr<Store>> open_etcd(EtcdOptions options) {
  const int page = options.page;
  auto rpc = TRY(etcd::Rpc::open(std::move(options)));
  return std::make_unique<Etcd>(std::move(rpc), page);
}

}  // namespace weft::store
