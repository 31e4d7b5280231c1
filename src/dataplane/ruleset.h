#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "plan/changes.h"

namespace weft::dataplane {

/// Our nftables table `inet weft`: policy, dispatch, sets, NAT. Everything in it is ours; nothing outside is touched.
/// Works in the network namespace of the thread that made it.
///
/// Owner: the dataplane thread.
class Ruleset {
 public:
  Ruleset();
  ~Ruleset();
  Ruleset(const Ruleset&) = delete;
  Ruleset& operator=(const Ruleset&) = delete;

  /// Remembers what is wanted; writes nothing.
  void on(const plan::Changes& changes);

  /// Writes what differs in one netlink transaction and waits for the kernel's answer. The first call reads the table
  /// and keeps what is right in it. An interface whose policy cannot be put into the kernel stays closed.
  /// @return what is still refused, by name of policy, set or endpoint; an error when nothing could be written
  struct Refused {
    std::string object;
    Error error;
  };
  /// @param hear  called with false before a large transaction and with true after it: the kernel tells who listens of
  ///              each element, which costs more than writing it. What is missed meanwhile is read and repaired here.
  using Hear = std::function<Result<>(bool on)>;
  Result<std::vector<Refused>> sync(const Hear& hear = {});

  /// Somebody else touched our table: the next sync reads it and repairs what differs.
  void reread();

  /// What the sync after reread() found to differ, for people: "chain from-cali1, set sources-v4"; empty: nothing.
  const std::string& found() const;

  /// What is in the table, as far as we know.
  struct Sizes {
    std::size_t chains = 0, sets = 0, elements = 0;
  };
  Sizes sizes() const;

  /// nf_tables generation of our last commit: events up to it are our own.
  std::uint32_t generation() const;

  /// Removes the table (for `weft node uninstall`); one that is not there is fine.
  static Result<> remove();

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace weft::dataplane
