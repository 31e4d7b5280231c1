#include "store/etcd/etcd.h"

#include <fmt/core.h>

#include <future>

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
      Listing listing;
      const auto revision = list_in_parts(prefix, [&](std::vector<Entry> entries) {
        listing.entries.insert(listing.entries.end(), std::move_iterator(entries.begin()),
                               std::move_iterator(entries.end()));
      });
      if (revision) {
        listing.revision = *revision;
        return listing;
      }
      if (revision.error().code != Code::compacted || attempt == 3) return std::unexpected(revision.error());
    }
  }

  Result<Revision> list_in_parts(std::string_view prefix, const OnEntries& on_entries) override {
    return within(list_pages(std::string(prefix), on_entries), fmt::format("list {}", prefix));
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
  struct Page {
    Result<> outcome;
    pb::RangeResponse response;
  };

  Result<Revision> list_pages(const std::string& prefix, const OnEntries& on_entries) {
    pb::RangeRequest request;
    request.set_key(prefix.empty() ? std::string(1, '\0') : prefix);
    request.set_range_end(etcd::end_of(prefix));
    request.set_limit(page_);
    const auto read = [this, &request] {
      Page page;
      page.outcome = rpc_->call(request, page.response);
      return page;
    };
    std::future<Page> next;
    for (Page page = read();; page = next.get()) {
      TRY(page.outcome);
      const auto& last = page.response;
      const bool more = last.more() && last.kvs_size() > 0;
      if (request.revision() == 0) request.set_revision(last.header().revision());
      if (more) {
        // With each page etcd counts all keys that are left: many small pages cost it more than the values do.
        const auto fitting =
            static_cast<std::size_t>(last.kvs_size()) * page_bytes / std::max<std::size_t>(last.ByteSizeLong(), 1);
        request.set_limit(
            static_cast<std::int64_t>(std::clamp<std::size_t>(fitting, 10, 10 * static_cast<std::size_t>(page_))));
        request.set_key(last.kvs(last.kvs_size() - 1).key() + '\0');
        next = std::async(std::launch::async, read);  // while this page is used
      }
      std::vector<Entry> entries;
      entries.reserve(static_cast<std::size_t>(last.kvs_size()));
      for (auto& kv : *page.response.mutable_kvs()) entries.push_back(entry_of(kv));
      page.response.Clear();
      on_entries(std::move(entries));
      if (!more) return request.revision();
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
