#include "confd/resolver.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <fmt/core.h>
#include <netdb.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <set>

namespace weft::confd {

std::vector<std::string> lookup_addresses(const std::string& name, int family) {
  addrinfo hints{};
  hints.ai_family = family == 4 ? AF_INET : family == 6 ? AF_INET6 : AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return {};
  std::set<std::string> addresses;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* bytes = info->ai_family == AF_INET
                            ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(info->ai_addr)->sin_addr)
                            : &reinterpret_cast<const sockaddr_in6*>(info->ai_addr)->sin6_addr;
    if (inet_ntop(info->ai_family, bytes, text.data(), text.size()) != nullptr) addresses.insert(text.data());
  }
  freeaddrinfo(found);
  return {addresses.begin(), addresses.end()};
}

std::vector<Service> lookup_services(const std::string& service, const std::string& protocol, const std::string& name) {
  const std::string query =
      service.empty() && protocol.empty() ? name : fmt::format("_{}._{}.{}", service, protocol, name);
  std::vector<unsigned char> answer(65536);
  const int size = res_query(query.c_str(), ns_c_in, ns_t_srv, answer.data(), static_cast<int>(answer.size()));
  ns_msg message;
  if (size < 0 || ns_initparse(answer.data(), size, &message) != 0) return {};
  std::vector<Service> services;
  for (int i = 0; i < ns_msg_count(message, ns_s_an); ++i) {
    ns_rr record;
    if (ns_parserr(&message, ns_s_an, i, &record) != 0 || ns_rr_type(record) != ns_t_srv || ns_rr_rdlen(record) < 7)
      continue;
    const unsigned char* data = ns_rr_rdata(record);
    std::array<char, NS_MAXDNAME> target{};
    if (dn_expand(answer.data(), answer.data() + size, data + 6, target.data(), target.size()) < 0) continue;
    services.push_back({std::string(target.data()) + ".", static_cast<std::uint16_t>(ns_get16(data + 4)),
                        static_cast<std::uint16_t>(ns_get16(data)), static_cast<std::uint16_t>(ns_get16(data + 2))});
  }
  const auto text = [](const Service& s) { return fmt::format("{}{}{}{}", s.target, s.port, s.priority, s.weight); };
  std::sort(services.begin(), services.end(), [&](const Service& a, const Service& b) { return text(a) < text(b); });
  return services;
}

}  // namespace weft::confd
