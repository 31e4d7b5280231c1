#pragma once

#include <map>
#include <string>
#include <vector>

#include "lab/lab.h"

namespace weft::lab {

struct PodOptions {
  std::string full_name;  // "NS/NAME"; a bare name is in default
  std::string node;       // empty: the one with the fewest pods
  std::string ip;
  std::map<std::string, std::string> labels;
  std::vector<std::string> ports;  // "http=TCP:80"
  std::vector<std::string> command;
};

/// "k=v,k2=v2"
Result<std::map<std::string, std::string>> parse_labels(std::string_view text);

/// Makes a pod: a network namespace on a node, networked by the CNI plug-ins that the node's configuration lists, run
/// as a container runtime runs them; then starts its command there. Whatever fails undoes the rest.
Result<PodState> add_pod(const Lab& lab, const PodOptions& options);
/// Ends its processes, runs the plug-ins' DEL, takes the namespace away. A pod whose DEL failed stays listed, to be
/// tried again.
Result<> delete_pod(const Lab& lab, const PodState& pod);
/// Replaces the labels of its endpoint but those of the data model.
Result<> label_pod(const Lab& lab, const PodState& pod, const std::map<std::string, std::string>& labels);
/// Runs CHECK of the plug-ins.
Result<> check_pod(const Lab& lab, const PodState& pod);

}  // namespace weft::lab
