#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/ipam.h"
#include "net/ip.h"

/// What happens inside one allocation block (datamodel 3.1). Pure: no store, no clock.
namespace weft::ipam {

using Time = std::chrono::sys_time<std::chrono::nanoseconds>;

/// Who holds an address: a handle and what is known about its owner.
struct Owner {
  std::string handle;  // empty: none
  std::map<std::string, std::string> attributes;
  bool operator==(const Owner&) const = default;
};

/// An address whose holder somebody believes to know.
struct Claim {
  net::Ip ip;
  std::optional<std::string> handle;      // must be the stored one
  std::optional<std::uint64_t> sequence;  // must be the stored one
  bool operator==(const Claim&) const = default;
};

/// Addresses at both ends of a new block that its host keeps for itself, as Windows does. They are allocated to
/// `handle` from the beginning and never given out.
struct HostReserved {
  int at_start = 0;
  int at_end = 0;
  std::string handle;
  std::string note;
};

/// A block with all its addresses free, but for those reserved.
/// @param affinity  "host:node1" or "virtual:load-balancer"
api::Block new_block(const net::Cidr& cidr, std::string affinity, Time now, const HostReserved* reserved = nullptr);

/// Refuses what would lead us out of bounds: a wrong number of allocations, an index without attribute, an ordinal that
/// is free twice or free and allocated.
Result<> verify(const api::Block& block);

net::Ip address_at(const api::Block& block, int ordinal);
/// nullopt: outside the block.
std::optional<int> ordinal_of(const api::Block& block, const net::Ip& ip);

/// Brings a loaded block up to date: addresses whose cooldown is over become free, unused attributes go.
void settle(api::Block& block, std::chrono::seconds cooldown, Time now);

/// Takes up to `count` addresses from the front of the free list, passing over reserved ones, which stay in place.
std::vector<net::Ip> allocate(api::Block& block, int count, const Owner& owner,
                              const std::function<bool(const net::Ip&)>& reserved);
/// Takes this address. Code::exists: allocated or cooling down; Code::invalid: not in the block.
Result<> allocate_one(api::Block& block, const net::Ip& ip, const Owner& owner);

struct Released {
  std::vector<net::Ip> unallocated;      // were free already
  std::map<std::string, int> by_handle;  // how many addresses each handle gave back
  int count = 0;
};
/// Gives addresses back; all or none. Code::conflict when a claim's handle or sequence number is not the stored one
/// (the latter of a free address is 0).
Result<Released> release(api::Block& block, const std::vector<Claim>& claims, std::chrono::seconds cooldown, Time now);
/// Gives back all addresses of a handle.
/// @return how many
int release_handle(api::Block& block, std::string_view handle, std::chrono::seconds cooldown, Time now);

/// Ordinals held by a handle.
std::vector<int> ordinals_of(const api::Block& block, std::string_view handle);
/// The handle of an attribute; what follows a carriage return in it does not count.
std::string handle_of(const api::BlockAttribute& attribute);
/// The attribute of an allocated ordinal; nullptr when it is free.
const api::BlockAttribute* attribute_of(const api::Block& block, int ordinal);
bool is_cooling(const api::BlockAttribute& attribute);

/// No address is allocated or cooling down (Windows' own reservation does not count).
bool is_empty(const api::Block& block);
/// Whether an address that `reserved` does not cover is free.
bool has_free(const api::Block& block, const std::function<bool(const net::Ip&)>& reserved);

/// "2026-08-22T06:33:20Z"
std::string to_rfc3339(Time time);
/// nullopt: not RFC 3339, or outside the years 1678 to 2261. Fractions of a second are dropped.
std::optional<Time> from_rfc3339(std::string_view text);
/// "2026-08-22 06:33:20.123456789 +0000 UTC", as Go prints a time: the owner attribute `timestamp`.
std::string to_go_time(Time time);

inline constexpr std::string_view windows_handle = "windows-reserved-ipam-handle";

}  // namespace weft::ipam
