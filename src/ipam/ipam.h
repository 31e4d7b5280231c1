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
#include "ipam/affinity.h"
#include "ipam/block.h"
#include "ipam/recall.h"
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

/// Called before anything is decided in an attempt: what it reads of `store` still holds when the transaction is
/// written.
using Precondition = std::function<Result<>(store::Store& store)>;

struct AssignRequest {
  struct Wanted {
    int count = 0;
    std::vector<std::string> pools;  // by name or CIDR; empty: those that select the node
  };
  std::string node;
  Owner owner;
  Wanted v4, v6;
  std::string use = "Workload";  // Workload, Tunnel; LoadBalancer: `node` is a name that is no Node's
  api::Labels namespace_labels;
  int max_blocks = 0;      // of the node and family; 0: no limit of this request's own
  int max_per_handle = 0;  // addresses of a family; 0: no limit. Instead of more the handle gets those that it has
  bool once = false;       // a handle that has addresses gets none: Code::exists
  std::optional<HostReserved> reserved = std::nullopt;  // kept back in blocks that are claimed on the way
  Precondition first = {};
  AlsoWrite also = {};
};

/// What a request got of one family.
struct Share {
  int requested = 0;
  std::vector<Assigned> addresses;  // fewer than requested when pools are full
};
/// What was given is there, whatever the error.
struct Shares {
  std::optional<Share> v4, v6;  // nullopt: none asked for, or an error came first
  std::optional<Error> error;
};

struct AssignIpRequest {
  std::string node;
  Owner owner;
  std::vector<net::Ip> ips;      // all or none
  std::string use = "Workload";  // empty: the pool's allowed uses do not matter
  int max_per_handle = 0;        // as above; an address that the handle has already is no error then
  bool once = false;             // as above
  std::optional<HostReserved> reserved = std::nullopt;
  Precondition first = {};
  AlsoWrite also = {};
};

struct ReleaseResult {
  std::vector<net::Ip> released;
  std::vector<net::Ip> unallocated;  // nobody held them
  std::vector<net::Ip> nowhere;      // of those: in no pool and no block
  std::vector<Error> errors;         // of blocks of which nothing was released
  store::Revision revision = 0;
};

/// Who holds an address.
struct Holder {
  net::Ip ip;
  net::Cidr block;
  std::optional<std::string> affinity;  // of the block
  std::string handle;
  std::map<std::string, std::string> attributes;
  std::map<std::string, std::string> alternate;  // of the second owner, while a virtual machine moves
  std::optional<std::string> released_at;        // cooling down
  std::uint64_t sequence = 0;
};

/// Assigns and releases addresses in Calico's blocks (datamodel 3). Every change of blocks, handles and what the caller
/// adds is one transaction; when others write in between it is tried again, up to 100 times. What was read for earlier
/// requests is not read again: the transaction proves that it still holds (recall.h).
///
/// Any thread. Requests of one Ipam wait for one another, so that they do not race for the same block.
class Ipam {
 public:
  explicit Ipam(store::Store& store, const Clock& clock = Clock::system())
      : store_(store), clock_(clock), recall_(store) {}

  /// Takes addresses: from the node's own blocks, else from a block claimed for it, else from one that stands empty
  /// elsewhere, else (unless affinity is strict) borrowed from others' blocks. IPv4 and IPv6 together or not at all.
  /// May give fewer than asked for when pools are full, or when they lie in more blocks than a transaction may change
  /// (40), but one at least of each family asked for.
  /// @return Code::exhausted: no address, or the node may have no further block; Code::not_found: no pool, no Node
  Result<Assignment> assign(const AssignRequest& request);

  /// The same as Calico's library does it: first IPv4, then IPv6, each a transaction; none at all is no error, and what
  /// was taken before an error stays taken.
  Shares assign_what_there_is(const AssignRequest& request);

  /// Takes these addresses; claims their blocks for the node when nobody has them.
  /// @return Code::exists: one is assigned or cooling down; Code::invalid: in no enabled pool of this use, or affinity
  ///         is strict and the block another node's
  Result<Assignment> assign_ips(const AssignIpRequest& request);

  /// Gives addresses back. Code::conflict when a handle or sequence number is not the stored one: nothing of that block
  /// is released then, of others all is.
  Result<ReleaseResult> release(const std::vector<Claim>& claims);
  /// The same; what is not as it is claimed to be is among the result's errors.
  Result<ReleaseResult> release_what_fits(const std::vector<Claim>& claims);

  /// Gives back all addresses of these handles, together with further writes (the endpoint's removal). What a handle
  /// counts beyond the addresses that its blocks know stays: another node may be about to write them.
  Result<ReleaseResult> release_handles(const std::vector<std::string>& handles, const AlsoRelease& also = {},
                                        const Precondition& first = {});

  /// Empty when there is no such handle.
  Result<std::vector<Holder>> by_handle(const std::string& handle);
  /// nullopt: free.
  Result<std::optional<Holder>> holder(const net::Ip& ip);

  /// The node has a block of this family, from the pools that select it (or those named), claimed when there is none.
  Result<net::Cidr> ensure_block(const std::string& node, net::Family family,
                                 const std::vector<std::string>& pools = {},
                                 std::optional<HostReserved> reserved = std::nullopt);

  struct Claims {
    std::vector<net::Cidr> claimed;
    std::vector<net::Cidr> failed;  // others have them
  };
  /// Claims all blocks of a range of an enabled pool. Limits do not count.
  Result<Claims> claim_affinity(const Affinity& who, const net::Cidr& range);
  /// Gives up the blocks of a range of an enabled pool, in order, until one is not empty and should be: Code::exists.
  Result<> release_affinity(const Affinity& who, const net::Cidr& range, bool must_be_empty);

  struct GivenUp {
    std::vector<net::Cidr> blocks;  // given up
    std::vector<net::Cidr> kept;    // not empty, and only empty ones were asked for
  };
  /// Gives up the blocks of a node, of a range, or of both.
  Result<GivenUp> release_affinities(std::optional<Affinity> who, std::optional<net::Cidr> range, bool must_be_empty);
  /// Gives up the blocks of a host and forgets it.
  Result<> remove_host(const Affinity& who);

  store::Store& store() { return store_; }

 private:
  struct View;
  class Attempt;
  using StaleClaim = std::pair<Affinity, net::Cidr>;  // an empty block whose pool no longer selects its node

  Result<View> look(bool with_reservations);
  /// That a request that wants so is the first of its handle.
  static Result<> check_once(const auto& request, Draft& draft);
  /// Tries again while others are in the way (nullopt), first on what is remembered.
  template <class T>
  Result<T> persist(const std::string& doing, const std::function<Result<std::optional<T>>()>& attempt);
  /// nullopt: somebody wrote in between.
  Result<std::optional<store::Revision>> write(std::vector<store::Op> ops);

  Result<std::optional<Assignment>> try_assign(const AssignRequest& request);
  struct Taken;
  Result<std::optional<Taken>> try_take(const AssignRequest& request, net::Family family);
  Result<std::optional<Assignment>> try_assign_ips(const AssignIpRequest& request);
  Result<> take_one(const AssignIpRequest& request, const View& view, Draft& draft, const net::Ip& ip,
                    std::vector<Assigned>& taken);
  Result<> release_from(const net::Cidr& cidr, const std::vector<Claim>& claims, const View& view,
                        ReleaseResult& result);
  struct Round;
  Result<std::optional<Round>> try_release(const std::vector<std::string>& handles, const AlsoRelease& also,
                                           const Precondition& first);
  Result<std::vector<StaleClaim>> stale(const View& view, const std::vector<const api::Block*>& blocks);
  Result<> give_up(const std::vector<StaleClaim>& claims, const View& view);
  Result<net::Cidr> block_of(const net::Ip& ip, const View& view);

  store::Store& store_;
  const Clock& clock_;
  std::mutex mutex_;  // of what follows
  Recall recall_;
};

}  // namespace weft::ipam
