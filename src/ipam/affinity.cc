#include "ipam/affinity.h"

#include <fmt/core.h>
#include <utility>

#include "api/codec.h"
#include "ipam/block.h"

namespace weft::ipam {

namespace {

using Kind = store::Op::Kind;

/// What an affinity key holds; one that cannot be read counts as pending: it is confirmed again before use.
std::string state_of(const store::Entry& entry) {
  if (entry.value.empty()) return "confirmed";
  const auto affinity = api::from_json<api::BlockAffinity>(entry.value);
  if (!affinity) return "pending";
  return affinity->state.empty() ? "confirmed" : affinity->state;
}

std::string value_with(std::string state) { return api::to_json(api::BlockAffinity{.state = std::move(state)}); }

Result<> remove_affinity(store::Store& store, const std::string& path, store::Revision revision) {
  const store::Op op{.kind = Kind::remove, .key = path, .expected = revision};
  const auto removed = store.commit({&op, 1});
  if (!removed && !is_race(removed.error())) return std::unexpected(removed.error());
  return {};
}

Error gave_up(const Affinity& who, const net::Cidr& cidr) {
  return {Code::conflict,
          fmt::format("block {} of {}: changed by others {} times in a row", to_string(cidr), who.host, max_attempts)};
}

std::string path_of(const Affinity& who, const net::Cidr& cidr) { return api::affinity_path(who.host, cidr, who.type); }

}  // namespace

std::string to_string(const Affinity& affinity) { return affinity.type + ':' + affinity.host; }

std::optional<Affinity> affinity_of(const api::Block& block) {
  for (const std::string_view type : {"host", "virtual"}) {
    if (block.affinity && block.affinity->starts_with(type) && block.affinity->substr(type.size()).starts_with(':'))
      return Affinity(block.affinity->substr(type.size() + 1), std::string(type));
  }
  return std::nullopt;
}

std::optional<std::string> host_of(const api::Block& block) {
  const auto affinity = affinity_of(block);
  return affinity && !affinity->is_virtual() ? std::optional(affinity->host) : std::nullopt;
}

Result<StoredBlock> claim_block(store::Store& store, const Affinity& who, const net::Cidr& cidr, const Clock& clock,
                                std::optional<store::Entry> known, const HostReserved* reserved) {
  const std::string path = path_of(who, cidr);
  for (int attempt = 0; attempt < max_attempts; back_off(attempt++)) {
    auto affinity = std::exchange(known, std::nullopt);
    if (!affinity) affinity = TRY(store.get(path));
    auto stored = TRY(read_block(store, cidr));
    const bool ours = stored && stored->block.affinity == to_string(who);
    bool confirmed = affinity && state_of(*affinity) == "confirmed";
    if (ours && confirmed) return std::move(*stored);

    if (stored && !ours) {
      if (affinity) TRY(remove_affinity(store, path, affinity->revision));
      return fail(Code::conflict,
                  fmt::format("block {}: belongs to {}", to_string(cidr), stored->block.affinity.value_or("nobody")));
    }
    store::Revision revision = affinity ? affinity->revision : 0;
    if (!affinity || state_of(*affinity) != "pending") {
      const auto pending =
          affinity ? store.update(path, value_with("pending"), revision) : store.create(path, value_with("pending"));
      if (!pending && !is_race(pending.error())) return std::unexpected(pending.error());
      if (!pending) continue;
      revision = *pending;
    }
    const Time now = clock.wall();
    const api::Block block = ours ? stored->block : new_block(cidr, to_string(who), now, reserved);
    std::string value = ours ? encode_block(block) : api::to_json(block);
    const store::Op ops[] = {
        ours ? store::Op{Kind::update, api::block_path(cidr), value, stored->revision}
             : store::Op{Kind::create, api::block_path(cidr), value},
        {Kind::update, path, value_with("confirmed"), revision},
    };
    const auto written = store.commit(ops);
    if (written) return decode_block({api::block_path(cidr), value, *written});
    if (!is_race(written.error())) return std::unexpected(written.error());
  }
  return std::unexpected(gave_up(who, cidr));
}

Result<Outcome> release_block(store::Store& store, const Affinity& who, const net::Cidr& cidr, const ReleaseRule& rule,
                              const Clock& clock) {
  const std::string path = path_of(who, cidr);
  for (int attempt = 0; attempt < max_attempts; back_off(attempt++)) {
    const auto affinity = TRY(store.get(path));
    auto stored = TRY(read_block(store, cidr));
    // A block that nobody has may be one that was given up half.
    const bool others = stored && stored->block.affinity && stored->block.affinity != to_string(who);
    if (!stored || others || (!affinity && !stored->block.affinity)) {
      if (affinity) TRY(remove_affinity(store, path, affinity->revision));
      return stored ? Outcome::not_ours : Outcome::released;
    }
    api::Block& block = stored->block;
    if (rule.sequence && *rule.sequence != block.sequence_number) return Outcome::changed;
    if (rule.cooldown) settle(block, *rule.cooldown, clock.wall());
    const bool empty = is_empty(block);
    if (rule.must_be_empty && !empty) return Outcome::not_empty;

    std::vector<store::Op> ops;
    if (empty) {
      ops.push_back({.kind = Kind::remove, .key = api::block_path(cidr), .expected = stored->revision});
    } else {
      block.affinity.reset();
      block.affinity_claim_time.reset();
      ops.push_back({Kind::update, api::block_path(cidr), encode_block(block), stored->revision});
    }
    if (affinity)
      ops.push_back({.kind = Kind::remove, .key = path, .expected = affinity->revision});
    else
      ops.push_back({.kind = Kind::expect, .key = path});
    const auto written = store.commit(ops);
    if (written) return Outcome::released;
    if (!is_race(written.error())) return std::unexpected(written.error());
  }
  return std::unexpected(gave_up(who, cidr));
}

}  // namespace weft::ipam
