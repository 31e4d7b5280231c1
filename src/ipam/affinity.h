#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "ipam/draft.h"
#include "store/store.h"

/// Which host owns a block: claiming and giving up (datamodel 3.3). Safe against Calico's own nodes doing the same.
namespace weft::ipam {

std::string affinity_of(std::string_view host);  // "host:node1"
/// "node1" of "host:node1"; nullopt for other affinities and none.
std::optional<std::string> host_of(const api::Block& block);

/// Makes the block ours, or loads it when it is, and confirms the affinity. First the affinity is written as pending,
/// so that a crash leaves a trace that the next claim finds; then block and confirmation are written together.
/// @param known  the affinity as a list just showed it, saves a read
/// @return  Code::conflict when the block is somebody else's; our affinity is gone then
Result<StoredBlock> claim_block(store::Store& store, const std::string& host, const net::Cidr& cidr, const Clock& clock,
                                std::optional<store::Entry> known = std::nullopt);

enum class Outcome {
  released,
  not_empty,  // asked to release it only if empty
  changed,    // its sequence number is not the one asked for
  not_ours,   // the block belongs to somebody else; the affinity, stale, is gone
};
struct ReleaseRule {
  bool must_be_empty = false;
  std::optional<std::uint64_t> sequence;
};
/// Gives up a block: removed when empty, else it lives on without affinity. Block and affinity change in one
/// transaction, which is why the state pendingDeletion, Calico's mark between two writes, is not needed.
Result<Outcome> release_block(store::Store& store, const std::string& host, const net::Cidr& cidr,
                              const ReleaseRule& rule);

}  // namespace weft::ipam
