#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/journey.h"
#include "store/store.h"

namespace weft::ctl {

/// What `weft explain` was asked, as typed.
struct Question {
  std::string from, to;    // NS/POD, POD, NS/POD/ENDPOINT, the name of a node, or an address
  std::string what;        // "tcp/80", "udp/dns", "icmp", "icmp/8/0", "47"
  std::string namespace_;  // where a bare name is looked for; empty: everywhere
  int source_port = 50000;
};

/// One end of a packet's way.
struct End {
  std::string title;  // "shop/web"
  policy::Party party;
  std::vector<net::Ip> addresses;
};

/// A packet and all that it meets. One for each family that both ends have.
struct Flow {
  End from, to;
  policy::Packet packet;
  policy::Journey journey;
};

/// What of the question makes no sense whatever the cluster holds.
Result<> check_words(const Question& question);

/// @return an error that says what is unknown, or which ones could be meant
Result<End> find_end(const policy::Oracle& oracle, const std::string& text, const std::string& namespace_);

/// Never empty. @param oracle  its cluster must outlive the answer
Result<std::vector<Flow>> explain(const policy::Oracle& oracle, const Question& question);

/// All that decides about packets. Objects that cannot be read are named in `undecodable`.
Result<policy::Cluster> load_cluster(store::Store& store, std::vector<Error>& undecodable);

bool allowed(const std::vector<Flow>& flows);
std::string explain_text(const std::vector<Flow>& flows);
std::string explain_json(const std::vector<Flow>& flows);

}  // namespace weft::ctl
