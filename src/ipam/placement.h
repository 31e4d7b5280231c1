#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "net/cidr.h"

namespace weft::ipam {

__extension__ typedef unsigned __int128 Wide;  // counts blocks: an IPv6 pool may hold 2^74 of them and more

/// 32-bit FNV-1 (not FNV-1a).
std::uint32_t fnv1(std::string_view text);

/// The blocks of a pool in the order in which a host looks for one: from a start that depends on the host's name, once
/// around (datamodel 3.6). Positions count from 0 at the start.
class BlockWalk {
 public:
  /// @param block_size  prefix length of a block, at least the pool's
  /// @param seed        fnv1 of the host name; for single-address blocks the caller gives the time instead
  BlockWalk(const net::Cidr& pool, int block_size, std::int64_t seed);

  /// Index of the first block of the walk, counted from the pool's first address.
  Wide start() const { return start_; }
  /// The block at a position; positions wrap after the last block.
  net::Cidr at(Wide position) const;
  /// The position of a block of this pool.
  Wide position_of(const net::Cidr& block) const;
  /// True when `position` is past the last block.
  bool at_end(Wide position) const { return exponent_ < 128 && position >> exponent_ != 0; }
  /// The position of the next block outside `range`, which contains the block at `position`.
  Wide after(Wide position, const net::Cidr& range) const;

 private:
  Wide mask() const { return exponent_ == 128 ? ~Wide{0} : (Wide{1} << exponent_) - 1; }
  Wide index_of(const net::Ip& ip) const;

  net::Cidr pool_;
  int block_size_;
  int exponent_;  // the pool holds 2^exponent blocks
  Wide start_;
};

/// The seed of a host's walk through a pool of blocks of this size.
std::int64_t walk_seed(std::string_view host, net::Family family, int block_size, std::int64_t unix_nanoseconds);

/// The address `offset` after `base`.
net::Ip advance(const net::Ip& base, Wide offset);
/// How far `ip` lies after `base`.
Wide distance(const net::Ip& base, const net::Ip& ip);

}  // namespace weft::ipam
