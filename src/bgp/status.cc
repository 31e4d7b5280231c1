#include "bgp/status.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>

namespace weft::bgp {
namespace {

using Row = std::array<std::string, 5>;
constexpr std::array<std::string_view, 5> columns = {"PEER ADDRESS", "PEER TYPE", "STATE", "SINCE", "INFO"};

std::string table(const std::vector<Row>& rows) {
  std::array<std::size_t, 5> widths{};
  for (std::size_t c = 0; c < columns.size(); ++c) {
    widths[c] = columns[c].size();
    for (const auto& row : rows) widths[c] = std::max(widths[c], row[c].size());
  }
  std::string border = "+";
  std::string head = "|";
  for (std::size_t c = 0; c < columns.size(); ++c) {
    border += std::string(widths[c] + 2, '-') + "+";
    const std::size_t blanks = widths[c] - columns[c].size();
    head += " " + std::string(blanks / 2, ' ') + std::string(columns[c]) + std::string(blanks - blanks / 2, ' ') + " |";
  }
  std::string out = border + "\n" + head + "\n" + border + "\n";
  for (const auto& row : rows) {
    out += "|";
    for (std::size_t c = 0; c < columns.size(); ++c) out += fmt::format(" {:<{}} |", row[c], widths[c]);
    out += "\n";
  }
  return out + border + "\n";
}

}  // namespace

std::vector<PeerStatus> peer_statuses(const std::vector<Protocol>& protocols) {
  std::vector<PeerStatus> peers;
  for (const auto& protocol : protocols) {
    if (protocol.kind != "BGP") continue;
    PeerStatus peer;
    if (protocol.name.starts_with("Mesh_"))
      peer.type = "node-to-node mesh";
    else if (protocol.name.starts_with("Node_"))
      peer.type = "node specific";
    else if (protocol.name.starts_with("Global_"))
      peer.type = "global";
    else
      continue;
    const auto address = net::Ip::parse(protocol.detail("Neighbor address"));
    if (!address) continue;
    peer.address = *address;
    peer.state = protocol.state;
    peer.since = protocol.since;
    peer.info = protocol.info;
    peer.restarting = std::ranges::find(protocol.remarks, "Neighbor graceful restart active") != protocol.remarks.end();
    peers.push_back(std::move(peer));
  }
  std::sort(peers.begin(), peers.end(), [](const PeerStatus& a, const PeerStatus& b) { return a.address < b.address; });
  return peers;
}

std::string peer_tables(const std::vector<PeerStatus>& peers) {
  std::string out;
  for (const auto family : {net::Family::v4, net::Family::v6}) {
    const std::string name = family == net::Family::v4 ? "IPv4" : "IPv6";
    std::vector<Row> rows;
    for (const auto& peer : peers) {
      if (peer.address.family() == family)
        rows.push_back({net::to_string(peer.address), peer.type, peer.state, peer.since, peer.info});
    }
    out += fmt::format("{} BGP status\n{}\n", name,
                       rows.empty() ? fmt::format("No {} peers found.\n", name) : table(rows));
  }
  return out;
}

Result<std::string> node_status(const std::string& socket) {
  Control control = TRY(Control::connect(socket));
  return peer_tables(peer_statuses(TRY(show_protocols(control))));
}

}  // namespace weft::bgp
