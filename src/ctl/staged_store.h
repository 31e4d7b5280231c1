#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "store/forwarding.h"

namespace weft::ctl {

/// A store whose writes wait: they are seen by those who read it, and the store below knows nothing of them until
/// flush(). What would be written can be looked at (`--dry-run`, `diff`), and thousands of objects go into few
/// transactions. Reads are remembered: the store below is seen as it was when it was first asked. One thread.
class StagedStore : public store::Forwarding {
 public:
  using Forwarding::Forwarding;

  /// What is written from now on belongs to `tag`. Phases are written one after the other.
  void begin(std::size_t tag, int phase);

  struct Change {
    std::size_t tag;
    std::string key;
    std::optional<std::string> before, after;
  };
  /// What flush() would write, in order.
  std::vector<Change> changes() const;

  struct Refused {
    std::size_t tag;
    Error error;
  };
  /// Writes all that waits, each commit as the unit it was: many units a transaction, several transactions at once.
  /// @param progress  called now and then with the number of units that are done
  /// @return          the units that the store below refused; they hold back no others
  std::vector<Refused> flush(const std::function<void(std::size_t done)>& progress = {});

  Result<std::optional<store::Entry>> get(std::string_view key, store::Revision at = 0) override;
  Result<store::Listing> list(std::string_view prefix) override;
  /// Of ops on a key that waits already, the earlier are flushed first.
  Result<store::Revision> commit(std::span<const store::Op> ops) override;

  /// Whether flush() may be called by commit(); without it nothing is ever written.
  void may_flush(bool may) { may_flush_ = may; }

 private:
  struct Unit {
    std::size_t tag = 0;
    int phase = 0;
    std::vector<store::Op> ops;
    std::vector<std::optional<std::string>> before;  // of each op
  };

  Result<> load(std::string_view prefix);
  void settle(const Unit& unit, const Result<store::Revision>& outcome);

  std::set<std::string, std::less<>> loaded_;                              // prefixes of which everything is known
  std::map<std::string, std::optional<store::Entry>, std::less<>> known_;  // nullopt: is not there
  std::vector<Unit> waiting_;
  std::set<std::string, std::less<>> waiting_keys_;
  std::vector<Refused> refused_;
  store::Revision revision_ = 0;      // of the newest list
  store::Revision next_ = 1ll << 50;  // revisions of what waits
  std::size_t tag_ = 0;
  int phase_ = 0;
  bool may_flush_ = true;
};

}  // namespace weft::ctl
