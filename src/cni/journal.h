#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"

namespace weft::cni {

/// What a DEL still has to take out of the store.
struct PendingRelease {
  std::string container;
  std::string interface;
  std::string endpoint;              // key of the WorkloadEndpoint; empty: none (IPAM alone)
  std::vector<std::string> handles;  // that hold its addresses
  bool operator==(const PendingRelease&) const = default;
};

/// Releases that could not be done because the store was not there, in a file of the agent's state folder, so that they
/// are done after a restart too. Thread-safe.
class Journal {
 public:
  /// Reads what an earlier agent left. A file that cannot be read is kept aside (".bad") and the journal starts empty.
  explicit Journal(std::string file);

  /// Written to disk before it returns. Replaces an entry of the same container and interface.
  Result<> add(const PendingRelease& release);
  /// The release is done, or the container is being added again.
  Result<> drop(const std::string& container, const std::string& interface);
  std::vector<PendingRelease> all() const;

 private:
  Result<> save() const;

  std::string file_;
  mutable std::mutex mutex_;
  std::vector<PendingRelease> entries_;
};

}  // namespace weft::cni
