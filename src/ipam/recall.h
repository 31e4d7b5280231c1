#pragma once

#include <map>
#include <optional>
#include <string>

#include "store/forwarding.h"

namespace weft::ipam {

/// A store in front of another that answers again what it was answered before, without asking, and proves it: finish()
/// commits only if all that was answered from memory is still so in the store below. Whoever reads the same few keys
/// before each write needs one transaction instead of many round trips, and decides as if it had just read them.
///
/// begin() starts an attempt. In a warm one memory answers, and only finish() may write. In another everything is asked
/// below, and remembered. One thread.
class Recall final : public store::Forwarding {
 public:
  using Forwarding::Forwarding;

  void begin(bool warm);
  /// Whether memory answers. An error of such an attempt says nothing: what it saw may be outdated.
  bool warm() const { return warm_; }

  /// Takes a key that nothing is known of for absent: whoever creates it will see.
  void suppose_absent(const std::string& key);
  /// Is of no use any more.
  void forget(const std::string& key) { entries_.erase(key); }

  /// Writes, if what was answered from memory since begin() still holds.
  Result<store::Revision> finish(std::span<const store::Op> ops);

  Result<std::optional<store::Entry>> get(std::string_view key, store::Revision at = 0) override;
  Result<store::Listing> list(std::string_view prefix) override;
  /// @return Code::canceled in a warm attempt
  Result<store::Revision> commit(std::span<const store::Op> ops) override;

 private:
  void learn(std::span<const store::Op> ops, store::Revision revision);

  bool warm_ = false;
  std::map<std::string, std::optional<store::Entry>, std::less<>> entries_;  // nullopt: is not there
  std::map<std::string, store::Listing, std::less<>> lists_;                 // by prefix
  // What memory answered in this attempt: the revision of a key (0: absent), of a list.
  std::map<std::string, store::Revision, std::less<>> told_;
  std::map<std::string, store::Revision, std::less<>> told_lists_;
};

}  // namespace weft::ipam
