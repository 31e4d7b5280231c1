#include "ipam/placement.h"

#include <array>

#include "ipam/go_random.h"

namespace weft::ipam {

namespace {

Wide value_of(const net::Ip& ip) {
  Wide value = 0;
  for (const std::uint8_t byte : ip.bytes()) value = value << 8 | byte;
  return value;
}

net::Ip ip_of(net::Family family, Wide value) {
  std::array<std::uint8_t, 16> bytes{};
  const std::size_t size = family == net::Family::v4 ? 4 : 16;
  for (std::size_t i = size; i-- > 0; value >>= 8) bytes[i] = static_cast<std::uint8_t>(value);
  return net::Ip::from_bytes({bytes.data(), size});
}

}  // namespace

std::uint32_t fnv1(std::string_view text) {
  std::uint32_t hash = 2166136261u;
  for (const char c : text) hash = hash * 16777619u ^ static_cast<std::uint8_t>(c);
  return hash;
}

net::Ip advance(const net::Ip& base, Wide offset) { return ip_of(base.family(), value_of(base) + offset); }
Wide distance(const net::Ip& base, const net::Ip& ip) { return value_of(ip) - value_of(base); }

std::int64_t walk_seed(std::string_view host, net::Family family, int block_size, std::int64_t unix_nanoseconds) {
  return block_size == net::bits_of(family) ? unix_nanoseconds : std::int64_t{fnv1(host)};
}

BlockWalk::BlockWalk(const net::Cidr& pool, int block_size, std::int64_t seed)
    : pool_(pool), block_size_(block_size), exponent_(block_size - pool.length()) {
  CHECK(exponent_ >= 0 && block_size <= net::bits_of(pool.family()));
  const auto words = GoRandom(seed).below_power_of_two(exponent_);
  start_ = words[0];
  if (words.size() > 1) start_ |= Wide{words[1]} << 64;
}

net::Cidr BlockWalk::at(Wide position) const {
  const Wide index = (start_ + position) & mask();
  const int host_bits = net::bits_of(pool_.family()) - block_size_;
  return {advance(pool_.ip(), host_bits >= 128 ? 0 : index << host_bits), block_size_};
}

Wide BlockWalk::index_of(const net::Ip& ip) const {
  const int host_bits = net::bits_of(pool_.family()) - block_size_;
  return host_bits >= 128 ? 0 : distance(pool_.ip(), ip) >> host_bits;
}

Wide BlockWalk::position_of(const net::Cidr& block) const { return (index_of(block.ip()) - start_) & mask(); }

Wide BlockWalk::after(Wide position, const net::Cidr& range) const {
  // The walk wraps in the middle of the pool's address space: a range that holds everything leaves nothing.
  if (range.contains(pool_)) return mask() == ~Wide{0} ? position + 1 : mask() + 1;
  const Wide last = index_of(range.last());
  const Wide here = (start_ + position) & mask();
  return position + (last - here) + 1;
}

}  // namespace weft::ipam
