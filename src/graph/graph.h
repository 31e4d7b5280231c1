#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "api/changes.h"
#include "plan/changes.h"

namespace weft::graph {

/// From api rows to plan rows for one node. Pure: no store, no kernel, no clock. What comes out depends only on what is
/// present, never on the order of arrival. Nothing comes out before the input is in sync; then everything at once.
class Graph {
 public:
  struct Options {
    // What is computed beyond what the dataplane programs.
    bool staged = false;   // staged policies among the others, as if they were in force
    bool network = false;  // routes between nodes, tunnels and their keys; needs blocks
    /// Whether a store without ClusterInformation holds changes back, as one that is not ready does: never, once there
    /// was one (somebody emptied the store since), or always.
    enum class NeedsCluster { never, once_seen, always } needs_cluster = NeedsCluster::never;
  };

  /// @param node         name of this node
  /// @param environment  settings that win over the store: FELIX_* without the prefix, lower case, and those of the
  /// file
  Graph(std::string node, std::map<std::string, std::string> environment)
      : Graph(std::move(node), std::move(environment), {}) {}
  Graph(std::string node, std::map<std::string, std::string> environment, Options options);
  ~Graph();

  /// Empty deltas when nothing changed for this node; the revision always moves on. While ClusterInformation says that
  /// the store is not ready, changes are held back and the last plan stays in force; the revision is 0 then.
  plan::Changes on(api::Changes changes);

  /// Why changes are held back; empty when they are not.
  std::string held() const;

  /// For metrics: the cluster as far as it was admitted, and what of it concerns this node.
  struct Sizes {
    std::size_t items = 0;            // of the cluster: endpoints and network sets
    std::size_t label_groups = 0;     // items that no selector can tell apart count once
    std::size_t policies = 0;         // of the cluster
    std::size_t local_endpoints = 0;  // of this node
    std::size_t local_policies = 0;   // that apply to any of them
    std::size_t sets = 0;             // that rules of those mention
    std::size_t members = 0;          // of those sets
  };
  Sizes sizes() const;

 private:
  struct Inner;
  std::unique_ptr<Inner> inner_;
};

}  // namespace weft::graph
