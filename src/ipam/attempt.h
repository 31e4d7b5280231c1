#pragma once

#include <set>
#include <vector>

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
  /// A reservation that covers the whole block.
  const net::Cidr* reserved_whole(const net::Cidr& block) const;
};

/// One attempt to find addresses for a request: what it takes lies in the draft, not in the store; blocks that it
/// claims on the way are claimed in the store at once and stay ours.
class Ipam::Attempt {
 public:
  Attempt(store::Store& store, const Clock& clock, const View& view, const AssignRequest& request, Draft& draft);

  /// Takes the addresses of one family.
  Result<> take(net::Family family, const AssignRequest::Wanted& wanted, const api::Labels& node_labels);
  /// As far as the node's own block: claims one when it has none.
  Result<> own_a_block(net::Family family, const AssignRequest::Wanted& wanted, const api::Labels& node_labels);

  const std::vector<Assigned>& taken() const { return taken_; }

 private:
  Result<> choose(net::Family family, const AssignRequest::Wanted& wanted, const api::Labels& node_labels);
  Result<> list_own_blocks(const api::Labels& node_labels);
  Result<> take_from_own();
  Result<> check_limits() const;
  /// Claims a block nobody has; false when there is none left.
  Result<bool> claim_free();
  /// Takes over an empty block of another node; false when there is none.
  Result<bool> claim_abandoned();
  Result<> borrow();

  Result<bool> claim(const net::Cidr& cidr, std::optional<store::Entry> known = std::nullopt);
  /// Takes what is still wanted and free in a block of the draft.
  Result<> take_from(api::Block& block);
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

  net::Family family_ = net::Family::v4;
  std::vector<api::IpPool> pools_;
  std::vector<std::pair<net::Cidr, store::Entry>> own_;  // the node's affinities in these pools, in key order
  std::size_t own_blocks_ = 0;
  int missing_ = 0;
  std::vector<Assigned> taken_;
  std::set<net::Cidr> tried_;  // claimed or refused in this attempt
  std::map<net::Cidr, std::optional<store::Entry>> seen_;
  std::optional<std::map<net::Cidr, store::Entry>> all_;
};

}  // namespace weft::ipam
