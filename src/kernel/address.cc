#include "kernel/address.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include "kernel/rtnl.h"

namespace weft::kernel {

namespace {

/// RTM_NEWADDR, RTM_DELADDR after ifaddrmsg, see rtnetlink(7).
struct AddressAttributes {
  Bytes address;  // of the other end on a point-to-point link
  Bytes local;    // ours; IPv6 has it only on point-to-point links
  std::optional<std::uint32_t> flags;

  static std::span<const Attribute<AddressAttributes>> attributes() {
    static constexpr Attribute<AddressAttributes> table[] = {
        attribute<&AddressAttributes::address>(IFA_ADDRESS),
        attribute<&AddressAttributes::local>(IFA_LOCAL),
        attribute<&AddressAttributes::flags>(IFA_FLAGS),
    };
    return table;
  }
};

Message message_of(std::uint16_t type, std::uint16_t flags, const InterfaceAddress& row) {
  const auto family = family_number(row.address.ip.family());
  const ifaddrmsg fixed{.ifa_family = static_cast<std::uint8_t>(family),
                        .ifa_prefixlen = static_cast<std::uint8_t>(row.address.length),
                        .ifa_flags = 0,
                        .ifa_scope = row.scope,
                        .ifa_index = static_cast<std::uint32_t>(row.device)};
  AddressAttributes attributes{.address = bytes_of(row.address.ip), .local = bytes_of(row.address.ip)};
  if (row.no_dad) attributes.flags = IFA_F_NODAD;
  return message(type, flags, fixed, attributes);
}

}  // namespace

Result<InterfaceAddress> parse_address(Payload payload) {
  const auto [fixed, attributes] = TRY(parse<ifaddrmsg, AddressAttributes>(payload));
  const auto ip = ip_of(fixed.ifa_family, attributes.local.empty() ? attributes.address : attributes.local);
  if (!ip) return fail(Code::invalid, "address message without an address");
  const std::uint32_t flags = attributes.flags.value_or(fixed.ifa_flags);
  return InterfaceAddress{.device = static_cast<int>(fixed.ifa_index),
                          .address = {*ip, fixed.ifa_prefixlen},
                          .scope = fixed.ifa_scope,
                          .no_dad = (flags & IFA_F_NODAD) != 0,
                          .tentative = (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0,
                          .deprecated = (flags & IFA_F_DEPRECATED) != 0};
}

Result<std::vector<InterfaceAddress>> list_addresses(Socket& socket, int device) {
  const ifaddrmsg fixed{.ifa_family = AF_UNSPEC, .ifa_index = static_cast<std::uint32_t>(device)};
  auto answers = socket.ask(message(RTM_GETADDR, NLM_F_DUMP, fixed));
  if (!answers && answers.error().code == Code::not_found) return std::vector<InterfaceAddress>{};  // no such device
  std::vector<InterfaceAddress> rows;
  for (const auto& answer : TRY(within(std::move(answers), "list addresses"))) {
    if (answer.type == RTM_NEWADDR) rows.push_back(TRY(parse_address(answer.payload)));
  }
  return rows;
}

Result<> put_address(Socket& socket, const InterfaceAddress& address) {
  return within(socket.request(message_of(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, address)),
                "address " + to_string(address.address));
}

Result<> delete_address(Socket& socket, const InterfaceAddress& address) {
  return within(socket.request(message_of(RTM_DELADDR, 0, address)), "delete address " + to_string(address.address));
}

}  // namespace weft::kernel
