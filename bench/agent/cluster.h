#pragma once

#include <string>
#include <vector>

#include "api/policy.h"
#include "api/workload_endpoint.h"
#include "store/store.h"

/// The cluster that the agent's benchmark fills a store with: pods with 15 labels, policies of five rules each.
namespace weft::bench {

struct Size {
  std::string name;
  unsigned policies = 0;  // one in ten is of all namespaces, the others of one
  unsigned remote = 0;    // endpoints of other nodes
  unsigned local = 0;     // of node n1, on interface local_interface(i)
};
Result<Size> size_named(const std::string& name);

/// A pod of a deployment: its application's and its namespace's labels; one in ten has one of its own.
/// @param i  0 … local-1 are on n1
api::WorkloadEndpoint pod(const Size& size, unsigned i);
/// Pods that come and go while we measure: remote ones that sets in force on n1 select; local ones like the first.
api::WorkloadEndpoint remote_guest(unsigned i);
api::WorkloadEndpoint local_guest(const Size& size, unsigned i);
/// A policy of the first local pod alone, whose port we change.
api::NetworkPolicy policy_of_one(const Size& size, std::uint16_t port);
inline const std::string policy_of_one_name = "of-one-pod";

/// Name of the interface of local pod or guest i.
std::string local_interface(unsigned i);

/// Writes all of it. @return bytes of all values
Result<std::size_t> fill(store::Store& store, const Size& size);

}  // namespace weft::bench
