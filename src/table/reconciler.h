#pragma once

#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "table/tracker.h"

namespace weft::table {

/// One family of kernel objects we own: routes, neighbours, nft chains, …
template <Row R>
class Target {
 public:
  virtual ~Target() = default;

  /// The rows present now that are ours (marked by table, protocol, name prefix or comment).
  virtual Result<std::vector<R>> read() = 0;

  /// Applies the changes in one batch; one outcome per change, same order.
  virtual std::vector<Result<>> write(std::span<const Change<R>> changes) = 0;
};

/// Drives a target towards the wanted rows. Reads once before the first write and again after `reread()`;
/// a refused row stays different, is tried again at the next sync and never holds back the others.
template <Row R>
class Reconciler {
 public:
  struct Refused {
    KeyOf<R> key;
    Error error;
  };

  explicit Reconciler(Target<R>& target) : target_(target) {}

  Tracker<R>& rows() { return tracker_; }
  const Tracker<R>& rows() const { return tracker_; }

  /// What is present is no longer known: the next sync reads it.
  void reread() { known_ = false; }

  /// Writes what differs. @return how many rows are still different; an error when the target cannot be read.
  Result<std::size_t> sync() {
    refused_.clear();
    if (!known_) {
      tracker_.found_all(TRY(target_.read()));
      known_ = true;
    }
    const auto changes = tracker_.changes();
    if (changes.empty()) return 0;
    const auto outcomes = target_.write(changes);
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (!outcomes[i])
        refused_.push_back({changes[i].key, outcomes[i].error()});
      else if (changes[i].after)
        tracker_.found(*changes[i].after);
      else
        tracker_.lost(changes[i].key);
    }
    return refused_.size();
  }

  const std::vector<Refused>& refused() const { return refused_; }

 private:
  Target<R>& target_;
  Tracker<R> tracker_;
  std::vector<Refused> refused_;
  bool known_ = false;
};

}  // namespace weft::table
