#include "kernel/neighbour.h"

#include <linux/rtnetlink.h>

#include <algorithm>

#include "kernel/rtnl.h"

namespace weft::kernel {

namespace {

/// RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH after ndmsg, see rtnetlink(7).
struct NeighbourAttributes {
  Bytes ip;
  Bytes mac;
  std::optional<std::uint32_t> device;  // filter of a dump
  std::optional<std::uint8_t> protocol;

  static std::span<const Attribute<NeighbourAttributes>> attributes() {
    static constexpr Attribute<NeighbourAttributes> table[] = {
        attribute<&NeighbourAttributes::ip>(NDA_DST),
        attribute<&NeighbourAttributes::mac>(NDA_LLADDR),
        attribute<&NeighbourAttributes::device>(NDA_IFINDEX),
        attribute<&NeighbourAttributes::protocol>(NDA_PROTOCOL),
    };
    return table;
  }
};

Message message_of(std::uint16_t type, std::uint16_t flags, const Neighbour& row) {
  const ndmsg fixed{.ndm_family = static_cast<std::uint8_t>(family_number(row.ip.family())),
                    .ndm_ifindex = row.device,
                    .ndm_state = row.state,
                    .ndm_flags = static_cast<std::uint8_t>(row.proxy ? NTF_PROXY : 0),
                    .ndm_type = 0};
  NeighbourAttributes attributes{.ip = bytes_of(row.ip)};
  if (row.mac) attributes.mac.assign(row.mac->bytes.begin(), row.mac->bytes.end());
  if (row.protocol != 0) attributes.protocol = row.protocol;
  return message(type, flags, fixed, attributes);
}

}  // namespace

Result<Neighbour> parse_neighbour(Payload payload) {
  const auto [fixed, attributes] = TRY(parse<ndmsg, NeighbourAttributes>(payload));
  if (fixed.ndm_family != AF_INET && fixed.ndm_family != AF_INET6) {
    return fail(Code::unsupported, "neighbour of another family");
  }
  const auto ip = ip_of(fixed.ndm_family, attributes.ip);
  if (!ip) return fail(Code::invalid, "neighbour without an address");
  Neighbour row{.device = fixed.ndm_ifindex,
                .ip = *ip,
                .state = fixed.ndm_state,
                .proxy = (fixed.ndm_flags & NTF_PROXY) != 0,
                .protocol = attributes.protocol.value_or(0)};
  if (attributes.mac.size() == 6) std::ranges::copy(attributes.mac, row.mac.emplace().bytes.begin());
  return row;
}

Result<std::vector<Neighbour>> list_neighbours(Socket& socket, int device, bool proxy) {
  std::vector<Neighbour> rows;
  for (const int family : {AF_INET, AF_INET6}) {
    const ndmsg fixed{.ndm_family = static_cast<std::uint8_t>(family),
                      .ndm_flags = static_cast<std::uint8_t>(proxy ? NTF_PROXY : 0)};
    NeighbourAttributes attributes;
    if (device != 0 && !proxy) attributes.device = static_cast<std::uint32_t>(device);
    auto answers = socket.ask(message(RTM_GETNEIGH, NLM_F_DUMP, fixed, attributes));
    if (!answers && answers.error().code == Code::not_found) continue;
    for (const auto& answer : TRY(within(std::move(answers), "list neighbours"))) {
      if (answer.type != RTM_NEWNEIGH) continue;
      auto row = parse_neighbour(answer.payload);
      if (!row) continue;  // an entry without an address: not one of ours
      if (device == 0 || row->device == device) rows.push_back(*row);
    }
  }
  return rows;
}

Message put_neighbour(const Neighbour& neighbour) {
  return message_of(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, neighbour);
}

Message delete_neighbour(const Neighbour& neighbour) { return message_of(RTM_DELNEIGH, 0, neighbour); }

}  // namespace weft::kernel
