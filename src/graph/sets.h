#pragma once

#include <absl/container/inlined_vector.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/host_endpoint.h"
#include "api/network_set.h"
#include "api/profile.h"
#include "api/workload_endpoint.h"
#include "graph/labels.h"
#include "graph/output.h"
#include "graph/rules.h"

namespace weft::graph {

/// Endpoints and network sets of the whole cluster, and the sets that rules here need -> what is in those sets.
class Sets : private LabelIndex::Listener {
 public:
  void on(const table::Delta<api::WorkloadEndpoint>& endpoints);
  void on(const table::Delta<api::HostEndpoint>& endpoints);
  void on(const table::Delta<api::NetworkSet>& sets);
  void on(const table::Delta<api::GlobalNetworkSet>& sets);
  void on(const table::Delta<api::Profile>& profiles);
  void on(const table::Delta<Needs>& needs);

  table::Delta<plan::Set> sets() { return rows_.take(); }
  table::Delta<plan::SetMember> members() { return std::exchange(changes_, {}); }

  std::size_t items() const { return items_.size(); }
  std::size_t groups() const { return index_.groups(); }
  std::size_t count() const { return sets_.size(); }
  std::size_t members_count() const { return members_; }

 private:
  struct NamedPort {
    std::string name;
    net::Protocol protocol;
    std::uint16_t port = 0;
    bool operator==(const NamedPort&) const = default;
  };
  /// There is one for each endpoint of the cluster: most have one address and no named port.
  struct Content {
    absl::InlinedVector<net::Cidr, 1> nets;
    std::vector<NamedPort> ports;
    bool operator==(const Content&) const = default;
  };
  struct Item : LabelIndex::Item {
    Content content;
  };
  struct MemberHash {
    std::size_t operator()(const plan::Member& member) const noexcept;
  };
  struct MemberSet : LabelIndex::Query {
    SetDefinition definition;
    std::size_t owners = 0;
    std::unordered_map<plan::Member, std::uint32_t, MemberHash> members;  // how many items have it
  };

  void matched(LabelIndex::Query& query, LabelIndex::Item& item) override;
  void unmatched(LabelIndex::Query& query, LabelIndex::Item& item) override;

  static absl::InlinedVector<net::Cidr, 1> nets(const std::vector<net::Cidr>& list);
  void put_item(const std::string& key, const api::Labels& labels, const std::vector<std::string>& profiles,
                Content content);
  void drop_item(const std::string& key);
  /// Drops the items of a kind that the complete table does not have.
  template <class Delta>
  void drop_absent(const Delta& delta, std::string_view kind);

  void acquire(const SetDefinition& definition);
  void release(const plan::SetId& id);

  template <class Use>
  static void each_member(const MemberSet& set, const Content& content, Use use);
  void add(MemberSet& set, const Content& content);
  void remove(MemberSet& set, const Content& content);

  LabelIndex index_{*this};
  std::unordered_map<std::string, Item> items_;  // by kind, namespace and name
  std::map<plan::SetId, MemberSet> sets_;
  std::map<std::string, std::vector<plan::SetId>> needs_;  // by owner
  Output<plan::Set> rows_;
  std::size_t members_ = 0;                // of all sets
  table::Delta<plan::SetMember> changes_;  // since the last `members`; holds true differences only
};

}  // namespace weft::graph
