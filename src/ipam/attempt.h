#pragma once

#include <set>
#include <vector>

#include <fmt/core.h>

#include "api/ip_pool.h"
#include "api/ipam.h"
#include "ipam/affinity.h"
#include "ipam/ipam.h"
#include "ipam/placement.h"

namespace weft::ipam {

/// What assigning needs to know besides blocks, read at the start of each attempt.
struct Ipam::View {
  api::IpamConfig config;
  std::vector<api::IpPool> pools;  // all, in name order
  std::vector<net::Cidr> reservations;
  std::chrono::seconds cooldown() const { return std::chrono::seconds(config.ip_cooldown_seconds); }
  bool is_reserved(const net::Ip& ip) const;
  /// What around this block is reserved as a whole, alone or by reservations together; nullopt: some of it is not.
  std::optional<net::Cidr> reserved_whole(const net::Cidr& block) const;
};

/// One attempt to find addresses for a request: what it takes lies in the draft, not in the store; blocks that it
/// claims on the way are claimed in the store at once and stay ours.
class Ipam::Attempt {
 public:
  Attempt(store::Store& store, const Clock& clock, const View& view, const AssignRequest& request, Draft& draft);

  /// Takes the addresses of one family, fewer than wanted or none when pools are full, or when the draft is. After an
  /// error what was taken so far still is.
  Result<> take(net::Family family, const AssignRequest::Wanted& wanted);
  /// The first block of its own, which is claimed when there is none.
  Result<net::Cidr> own_a_block(net::Family family, const AssignRequest::Wanted& wanted);

  const std::vector<Assigned>& taken() const { return taken_; }

 private:
  Result<> choose(net::Family family, const AssignRequest::Wanted& wanted);
  Result<> list_own_blocks(const api::Labels& node_labels);
  Result<> take_from_own();
  Result<> check_limits() const;
  /// Claims a block nobody has; false when there is none left.
  Result<bool> claim_free();
  /// Takes over an empty block of another node; false when there is none.
  Result<bool> claim_abandoned();
  Result<> borrow();

  Result<bool> claim(const net::Cidr& cidr, std::optional<store::Entry> known = std::nullopt);
  /// The same, with an address; a new block that has none is an error, so that not one after the other is claimed.
  Result<bool> claim_new(const net::Cidr& cidr);
  /// Takes what is still wanted and free in a block of the draft.
  Result<> take_from(api::Block& block);
  /// Whether the handle may have no more: it gets those again that it has.
  Result<bool> take_again();
  BlockWalk walk(const api::IpPool& pool) const;
  /// All blocks of the family, listed once an attempt.
  Result<const std::map<net::Cidr, store::Entry>*> all_blocks();
  /// nullptr: there is no such block. The first few are read one by one, then all are listed.
  Result<const store::Entry*> look_at(const net::Cidr& cidr);

  store::Store& store_;
  const Clock& clock_;
  const View& view_;
  const AssignRequest& request_;
  Draft& draft_;
  const Affinity who_;

  net::Family family_ = net::Family::v4;
  std::vector<api::IpPool> pools_;
  std::vector<std::pair<net::Cidr, store::Entry>> own_;  // the node's affinities in these pools, in key order
  std::size_t own_blocks_ = 0;
  int wanted_ = 0;
  int missing_ = 0;
  std::optional<net::Cidr> newest_;  // the block that was loaded or claimed last
  std::vector<Assigned> taken_;
  std::set<net::Cidr> tried_;  // claimed or refused in this attempt
  std::map<net::Cidr, std::optional<store::Entry>> seen_;
  std::optional<std::map<net::Cidr, store::Entry>> all_;
};

template <class T>
Result<T> Ipam::persist(const std::string& doing, const std::function<Result<std::optional<T>>()>& attempt) {
  for (int tries = 0; tries < max_attempts; ++tries) {
    // What is remembered is worth two tries: of the first we learn which of it is outdated.
    recall_.begin(tries < 2);
    auto result = attempt();
    if (result && *result) return std::move(**result);
    if (!result && !recall_.warm()) return std::unexpected(std::move(result).error());
    if (!result) tries = 1;  // not to be decided on what is remembered
    back_off(tries);
  }
  return fail(Code::conflict, fmt::format("{}: others wrote in between {} times in a row", doing, max_attempts));
}

}  // namespace weft::ipam
