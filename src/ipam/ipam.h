#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/metadata.h"
#include "base/clock.h"
#include "ipam/block.h"
#include "store/store.h"

namespace weft::ipam {

struct Assigned {
  net::Ip ip;
  net::Cidr block;
};
struct Assignment {
  std::vector<Assigned> addresses;  // IPv4 first
  store::Revision revision = 0;     // of the transaction that wrote it
};

/// Further writes for the transaction that assigns these addresses: the endpoint that gets them. Called once an
/// attempt, so it reads what it expects anew each time. An error ends the request and nothing is taken.
using AlsoWrite = std::function<Result<std::vector<store::Op>>(std::span<const Assigned> addresses)>;

/// The same for a transaction that releases: the endpoint's removal.
using AlsoRelease = std::function<Result<std::vector<store::Op>>()>;

struct AssignRequest {
  struct Wanted {
    int count = 0;
    std::vector<std::string> pools;  // by name or CIDR; empty: those that select the node
  };
  std::string node;
  Owner owner;
  Wanted v4, v6;
  std::string use = "Workload";  // Workload, Tunnel
  api::Labels namespace_labels;
  int max_blocks = 0;  // of the node and family; 0: no limit of this request's own
  AlsoWrite also = {};
};

struct AssignIpRequest {
  std::string node;
  Owner owner;
  std::vector<net::Ip> ips;  // all or none
  std::string use = "Workload";
  AlsoWrite also = {};
};

struct ReleaseResult {
  std::vector<net::Ip> released;
  std::vector<net::Ip> unallocated;  // nobody held them
  store::Revision revision = 0;
};

/// Who holds an address.
struct Holder {
  net::Ip ip;
  net::Cidr block;
  std::optional<std::string> affinity;  // of the block
  std::string handle;
  std::map<std::string, std::string> attributes;
  std::optional<std::string> released_at;  // cooling down
  std::uint64_t sequence = 0;
};

/// Assigns and releases addresses in Calico's blocks (datamodel 3). Every change of blocks, handles and what the caller
/// adds is one transaction; when others write in between it is tried again, up to 100 times.
///
/// Any thread. Requests of one Ipam that assign wait for one another, so that they do not race for the same block.
class Ipam {
 public:
  explicit Ipam(store::Store& store, const Clock& clock = Clock::system()) : store_(store), clock_(clock) {}

  /// Takes addresses: from the node's own blocks, else from a block claimed for it, else from one that stands empty
  /// elsewhere, else (unless affinity is strict) borrowed from others' blocks. IPv4 and IPv6 together or not at all.
  /// May give fewer than asked for when pools are full, but one at least of each family asked for.
  /// @return Code::exhausted: no address, or the node may have no further block; Code::not_found: no pool, no Node
  Result<Assignment> assign(const AssignRequest& request);

  /// Takes these addresses; claims their blocks for the node when nobody has them.
  /// @return Code::exists: one is assigned or cooling down; Code::invalid: in no enabled pool of this use, or affinity
  /// is
  ///         strict and the block another node's
  Result<Assignment> assign_ips(const AssignIpRequest& request);

  /// Gives addresses back. Code::conflict when a handle or sequence number is not the stored one: nothing of that block
  /// is released then.
  Result<ReleaseResult> release(const std::vector<Claim>& claims);

  /// Gives back all addresses of these handles, together with further writes (the endpoint's removal).
  Result<ReleaseResult> release_handles(const std::vector<std::string>& handles, const AlsoRelease& also = {});

  /// Empty when there is no such handle.
  Result<std::vector<Holder>> by_handle(const std::string& handle);
  /// nullopt: free.
  Result<std::optional<Holder>> holder(const net::Ip& ip);

  /// The node has a block in every family given, from the pools that select it (or those named), claiming what is
  /// missing.
  Result<> ensure_block(const std::string& node, net::Family family, const std::vector<std::string>& pools = {});

  struct GivenUp {
    std::vector<net::Cidr> blocks;  // given up
    std::vector<net::Cidr> kept;    // not empty, and only empty ones were asked for
  };
  /// Gives up the blocks of a node, of a range, or of both.
  Result<GivenUp> release_affinities(std::optional<std::string> node, std::optional<net::Cidr> range,
                                     bool must_be_empty);

  store::Store& store() { return store_; }

 private:
  struct View;
  class Attempt;

  Result<View> look(bool with_reservations);
  Result<> drop_unselected(std::span<const net::Cidr> blocks);
  Result<net::Cidr> block_of(const net::Ip& ip, const View& view);

  store::Store& store_;
  const Clock& clock_;
  std::mutex mutex_;
};

}  // namespace weft::ipam
