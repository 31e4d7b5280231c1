#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "net/ip.h"
#include "store/store.h"

/// Who an address is said to belong to, changed without giving it back: what a live migration of a virtual machine
/// needs, whose address has two owners for a while.
namespace weft::ipam {

using Attributes = std::map<std::string, std::string>;
/// Empty: there is no attribute of that name.
std::string text_of(const Attributes& attributes, const std::string& name);

struct OwnerUpdate {
  std::optional<Attributes> active, alternate;         // nullopt: stays as it is
  bool clear_active = false, clear_alternate = false;  // none from now on; not together with new ones
};

/// What an owner must be for the update to happen; it counts only for the owner that is updated.
struct ExpectedOwner {
  struct Pod {
    std::string namespace_, name;  // both empty: nobody
  };
  std::optional<Pod> active, alternate;                // nullopt: whoever
  bool active_empty = false, alternate_empty = false;  // nobody; not together with a pod
};

/// @return Code::not_found: nobody has the address; Code::invalid: in no enabled pool, another handle's, or update and
///         expectation contradict themselves; Code::conflict: the owner is another
Result<> set_owner(store::Store& store, const net::Ip& ip, const std::string& handle, const OwnerUpdate& update,
                   const ExpectedOwner& expected, const Clock& clock = Clock::system());

}  // namespace weft::ipam
