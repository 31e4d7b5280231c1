#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weft::cni {

struct InstallOptions {
  std::string programs;  // folder that has weft-cni and weft-ipam
  std::string node;      // this node's name
  std::map<std::string, std::string>
      environment;  // CNI_NETWORK_CONFIG, CNI_CONF_NAME, ETCD_ENDPOINTS, … as of Calico's installer
  std::string bin_folder = "/opt/cni/bin";
  std::string config_folder = "/etc/cni/net.d";
};

/// Puts the network configuration and the plug-ins where container runtimes look for them. Each file is replaced
/// atomically; one that is right already is left alone. The plug-ins come first, so that a runtime never finds a
/// configuration whose plug-in is missing. An old configuration of another name (CNI_OLD_CONF_NAME) is removed.
///
/// The template is CNI_NETWORK_CONFIG, or the file CNI_NETWORK_CONFIG_FILE, or our own; the file is called
/// CNI_CONF_NAME (10-calico.conflist).
/// @return  the files that were written
Result<std::vector<std::string>> install(const InstallOptions& options);

/// The network configuration: a template with its placeholders (__ETCD_ENDPOINTS__, __CNI_MTU__, …) filled in. An
/// unknown placeholder, and a result that is no JSON or no plug-in list where the file's name says so, is
/// Code::invalid.
Result<std::string> render_config(const InstallOptions& options);

/// The template that is used when none is given.
std::string_view default_template();

}  // namespace weft::cni
