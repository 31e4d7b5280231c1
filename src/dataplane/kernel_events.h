#pragma once

#include <cstdint>

#include "kernel/link.h"
#include "kernel/neighbour.h"
#include "kernel/netconf.h"
#include "kernel/netlink.h"
#include "kernel/route.h"

namespace weft::dataplane {

/// What the kernel tells about links, addresses, routes, neighbours, settings and nftables, in its order. Open it
/// before reading anything, and nothing is missed without a word: an overflow of a buffer is told as `lost`.
///
/// Owner: the dataplane thread.
/// @metric weft_kernel_events_lost{socket}  overflows
class KernelEvents {
 public:
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual void link(const kernel::Link& link, bool gone) = 0;
    virtual void address_gone(const net::Ip& ip) = 0;
    virtual void route(const kernel::Route& route, bool gone) = 0;
    virtual void neighbour(const kernel::Neighbour& neighbour, bool gone) = 0;
    /// Forwarding, filters of sources or answers for others were set, on an interface or on all.
    virtual void setting(const kernel::Netconf& setting) = 0;
    /// A commit changed table `inet weft`; `generation` is the ruleset's after it.
    virtual void ruleset(std::uint32_t generation) = 0;
    /// Events were lost: all but the ruleset has to be read anew, or the ruleset.
    virtual void lost_rtnl() = 0;
    virtual void lost_ruleset() = 0;
  };

  /// @param buffer_bytes  the kernel's buffer per socket
  static Result<KernelEvents> open(std::size_t buffer_bytes = 4 << 20);

  int rtnl_fd() const { return rtnl_.fd(); }
  int ruleset_fd() const { return ruleset_.fd(); }
  /// Nothing is told of nftables until it is switched on again; who does so looks at the generation to know whether
  /// something was missed.
  Result<> hear_ruleset(bool on);
  /// Tells all that waits.
  Result<> drain(Sink& sink);

 private:
  KernelEvents(kernel::EventSocket rtnl, kernel::EventSocket ruleset)
      : rtnl_(std::move(rtnl)), ruleset_(std::move(ruleset)) {}

  kernel::EventSocket rtnl_;
  kernel::EventSocket ruleset_;
  bool touched_ = false;  // our table, since the last generation was told
};

}  // namespace weft::dataplane
