#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "dataplane/ruleset_chains.h"
#include "dataplane/ruleset_sets.h"

namespace weft::dataplane {

/// The plan, and from it the chains, sets and elements the table should hold. Rules are rendered when they are written
/// and not kept: the plan's rows are the memory.
class WantedTable {
 public:
  WantedTable();

  void on(const plan::Changes& changes);

  Sets& sets() { return sets_; }

  /// Names of chains that may differ from the kernel's, or are to go.
  std::set<std::string>& dirty() { return dirty_; }
  void all_dirty();
  /// Marks the chains whose sets took another form.
  void follow_sets();

  bool wants(const std::string& chain) const { return chains_.contains(chain); }
  /// Everything of the chain, as it should be.
  kernel::nft::Chain render(const std::string& chain);

  /// The kernel refuses what is said in a chain: it denies everything until `retry` or until its object changes.
  /// @return false when it does so already
  bool close(const std::string& chain, Error error);
  bool close_set(const std::string& kernel_name, Error error);
  /// Everything that was refused is tried again.
  void retry();
  bool has_refused() const { return !refused_.empty() || !refused_sets_.empty(); }
  /// What is refused, by the name of the object in the data model.
  std::map<std::string, Error> refused() const;

 private:
  enum class Kind { base, endpoint, spoof, tier, policy, profile };
  struct Chain {
    Kind kind = Kind::base;
    Direction direction = Direction::ingress;
    plan::EndpointId endpoint;
    plan::PolicyId policy;
    std::string profile;
    plan::TierPolicies tier;
    int uses = 0;
  };

  void use(const std::string& name, Chain chain);
  void unuse(const std::string& name);
  void touch(const std::string& chain);
  void acquire(const plan::Endpoint& endpoint);
  void release(const plan::Endpoint& endpoint);
  void elements(const plan::Endpoint& endpoint, bool wanted);
  void changed(const plan::PolicyId& id, const plan::Policy* before, const plan::Policy* after);
  template <class Row>
  kernel::nft::Chain render_rules(const std::string& name, const Chain& chain, const Row* row,
                                  const std::string& object);
  std::string object_of(const Chain& chain, const std::string& name) const;
  FindSet finder() const;

  plan::Settings settings_;
  std::map<plan::EndpointId, plan::Endpoint> endpoints_;
  std::map<plan::PolicyId, plan::Policy> policies_;
  std::map<std::string, plan::Profile> profiles_;
  std::map<net::Cidr, plan::Pool> pools_;
  std::map<net::Ip, plan::HostAddress> hosts_;
  std::map<std::string, plan::EndpointId> interfaces_;  // the endpoint that has it
  std::map<std::string, Error> unusable_;               // endpoints that cannot be in the table at all
  Sets sets_;
  std::map<std::string, Chain> chains_;
  std::set<std::string> dirty_;
  std::map<plan::PolicyId, std::set<std::string>> tiers_of_;  // chains of tiers that list the policy
  std::map<plan::SetId, std::set<std::string>> mentions_;     // chains that mention the set, or did once
  std::map<std::string, Error> refused_;                      // by chain
  std::map<plan::SetId, std::pair<std::string, Error>> refused_sets_;
  std::map<std::string, Error> broken_;  // by chain: mentions a set that nobody defined
};

}  // namespace weft::dataplane
