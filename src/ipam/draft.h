#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/ipam.h"
#include "store/store.h"

namespace weft::ipam {

/// A block as it lies in the store.
struct StoredBlock {
  api::Block block;
  store::Revision revision = 0;
};

/// nullopt: not there. A block that contradicts itself is an error that names its key.
Result<std::optional<StoredBlock>> read_block(store::Store& store, const net::Cidr& cidr);
Result<StoredBlock> decode_block(const store::Entry& entry);
/// Attributes and free list of `block` as the next writer must see them; the sequence number moves on.
std::string encode_block(api::Block block);

/// What one request has read and changed, and the transaction that writes it: blocks and handles together, each only if
/// nobody changed it since it was read.
class Draft {
 public:
  explicit Draft(store::Store& store) : store_(store) {}

  /// The block, read once; nullptr when there is none.
  Result<api::Block*> block(const net::Cidr& cidr);
  /// A block that was read elsewhere; the one known already stays.
  api::Block* adopt(StoredBlock stored);
  /// The block was changed and is to be written. An empty block without affinity is removed instead.
  void changed(const net::Cidr& cidr);

  /// Adds to the count of a handle in a block, creating the handle; at 0 and below the entry goes, with the last one
  /// the handle. An empty id is nobody's.
  Result<> count(const std::string& handle, const net::Cidr& block, int addresses);
  /// nullptr: there is no such handle (yet).
  Result<const api::Handle*> handle(const std::string& id);

  std::vector<store::Op> ops() const;
  /// No further block should be changed: etcd takes 128 ops a transaction, and there are conditions and the handle.
  bool is_full() const;

 private:
  struct BlockState {
    std::optional<StoredBlock> stored;
    bool changed = false;
  };
  struct HandleState {
    std::optional<api::Handle> handle;
    store::Revision revision = 0;
    bool changed = false;
  };
  Result<HandleState*> load_handle(const std::string& id);

  store::Store& store_;
  std::map<net::Cidr, BlockState> blocks_;
  std::map<std::string, HandleState> handles_;
};

/// Whether a commit failed because somebody else wrote in between, so that reading again and retrying makes sense.
inline bool is_race(const Error& error) {
  return error.code == Code::conflict || error.code == Code::exists || error.code == Code::not_found;
}
/// How often anything here is tried again (datamodel 3.3).
inline constexpr int max_attempts = 100;
/// Waits a little, longer and with some chance after many attempts, so that writers in step fall out of step.
void back_off(int attempt);

}  // namespace weft::ipam
