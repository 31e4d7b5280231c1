#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "bgp/view.h"
#include "confd/keys.h"
#include "store/store.h"

namespace weft::confd {

/// Where keys come from.
class Backend {
 public:
  virtual ~Backend() = default;

  /// Every key that is one of `roots` or lies below one. Code::unavailable: try again later.
  virtual Result<Keys> read(const std::vector<std::string>& roots) = 0;

  /// Something that ends with its life.
  class Subscription {
   public:
    virtual ~Subscription() = default;
  };
  /// Calls `changed` after the first complete read is possible, and after each change at or below `roots`, on any
  /// thread.
  virtual std::unique_ptr<Subscription> watch(const std::vector<std::string>& roots, std::function<void()> changed) = 0;
};

/// Keys as they lie in the store, of any prefix. `store` must outlive it.
std::unique_ptr<Backend> store_backend(store::Store& store);

struct CalicoOptions {
  std::string node;       // our name
  std::string router_id;  // CALICO_ROUTER_ID
  std::string
      secrets;  // WEFT_BGP_SECRETS: a folder with files <name>/<key>, or a file {name: {key: value}} in YAML or JSON
  std::string interface_prefix;  // FELIX_INTERFACEPREFIX; empty: FelixConfiguration's, else cali
};
/// The keys of the BGP view (datamodel 7.2), made from resources; none while there is no ClusterInformation. Problems
/// of the view are logged once each. `store` must outlive it.
std::unique_ptr<Backend> calico_backend(store::Store& store, CalicoOptions options);

/// Looks secrets up where WEFT_BGP_SECRETS says; empty: there are none.
bgp::Secrets secrets_at(const std::string& path);

}  // namespace weft::confd
