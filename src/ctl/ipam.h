#pragma once

#include <string>
#include <vector>

#include "store/store.h"

namespace weft::ctl {

struct IpamWords {
  bool blocks = false;  // --show-blocks
  std::string ip;       // --ip
};

/// `weft ipam show`: prints; exit status.
int show_ipam(store::Store& store, const IpamWords& words);
/// `weft ipam check`: prints what it found. @return exit status: 1 when something is wrong
int check_ipam(store::Store& store);

/// A table with boxes around its cells, as calicoctl's. The first row is the heading.
std::string boxed(const std::vector<std::vector<std::string>>& rows);
/// "12 (19%)"
std::string share(double part, double whole);

}  // namespace weft::ctl
