#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "ipam/block.h"
#include "ipam/draft.h"
#include "store/store.h"

/// Who owns a block: claiming and giving up (datamodel 3.3). Safe against Calico's own nodes doing the same.
namespace weft::ipam {

/// Who may have blocks: a node, or a name that is none ("virtual:load-balancer").
struct Affinity {
  Affinity(const char* host) : Affinity(std::string(host)) {}
  Affinity(std::string host, std::string type = "host") : host(std::move(host)), type(std::move(type)) {}
  std::string host;
  std::string type;  // host, virtual

  bool is_virtual() const { return type == "virtual"; }
  bool operator==(const Affinity&) const = default;
};
std::string to_string(const Affinity& affinity);  // "host:node1", as blocks have it

/// nullopt: the block has none, or one that we do not know.
std::optional<Affinity> affinity_of(const api::Block& block);
/// "node1" of "host:node1"; nullopt for other affinities and none.
std::optional<std::string> host_of(const api::Block& block);

/// Makes the block ours, or loads it when it is, and confirms the affinity. First the affinity is written as pending,
/// so that a crash leaves a trace that the next claim finds; then block and confirmation are written together.
/// @param known     the affinity as a list just showed it, saves a read
/// @param reserved  what a new block keeps back
/// @return  Code::conflict when the block is somebody else's; our affinity is gone then
Result<StoredBlock> claim_block(store::Store& store, const Affinity& who, const net::Cidr& cidr, const Clock& clock,
                                std::optional<store::Entry> known = std::nullopt,
                                const HostReserved* reserved = nullptr);

enum class Outcome {
  released,
  not_empty,  // asked to release it only if empty
  changed,    // its sequence number is not the one asked for
  not_ours,   // the block belongs to somebody else; the affinity, stale, is gone
};
struct ReleaseRule {
  bool must_be_empty = false;
  std::optional<std::uint64_t> sequence;
  std::optional<std::chrono::seconds> cooldown;  // addresses that rested as long are free; nullopt: none are
};
/// Gives up a block: removed when empty, else it lives on without affinity. Block and affinity change in one
/// transaction, which is why the state pendingDeletion, Calico's mark between two writes, is not needed. An affinity
/// without a block goes, too.
Result<Outcome> release_block(store::Store& store, const Affinity& who, const net::Cidr& cidr, const ReleaseRule& rule,
                              const Clock& clock = Clock::system());

}  // namespace weft::ipam
