#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "plan/settings.h"

namespace weft::dataplane {

/// What a workload's interface on the host needs to be its pod's gateway: answer ARP and NDP for it, forward, take no
/// router advertisements, check the source of packets (dataplane reference 2.16). Not undone when the endpoint goes.
/// @param rp_filter  as conf/default/rp_filter was when we started
/// @return the settings that were different, as "name was value"; not_found when the interface is gone
Result<std::vector<std::string>> configure_interface(const std::string& interface, const plan::Settings& settings,
                                                     const std::string& rp_filter);

/// Turns forwarding on for both families, unless IPForwarding is Disabled. @return as above
Result<std::vector<std::string>> configure_forwarding(const plan::Settings& settings);

/// conf/default/rp_filter, or "1" when it cannot be read.
std::string default_rp_filter();

}  // namespace weft::dataplane
