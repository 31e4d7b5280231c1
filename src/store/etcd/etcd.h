#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "store/endpoint.h"
#include "store/store.h"

namespace weft::store {

/// How to reach an etcd.
struct EtcdOptions {
  std::vector<Endpoint> endpoints;  // of one cluster, at least one; the next is tried when one does not answer
  // For https, as PEM texts.
  std::string ca;                  // who may have signed the server's certificate; empty: who this machine trusts
  std::string cert, key;           // ours, when the server wants one
  std::string username, password;  // when etcd asks who we are
  std::chrono::milliseconds timeout{5'000};  // of one call, with everything that is tried in it
  int page = 1'000;                          // entries that list() reads at first; then as many as make some megabytes
};

/// A store in etcd 3.4 and newer. Nothing is connected yet: an etcd that is down is found out by the first call, and a
/// store opened once serves as long as the process lives. Each watch has a stream and a thread of its own; a store
/// without watches has no thread but gRPC's own few.
/// @return  Code::invalid for options that cannot work, as a certificate without a key
Result<std::unique_ptr<Store>> open_etcd(EtcdOptions options);

}  // namespace weft::store
