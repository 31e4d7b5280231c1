#include "net/prefix_map.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace weft::net {
namespace {

Ip random_ip() {
  const auto bytes = *rc::gen::container<std::vector<std::uint8_t>>(
      *rc::gen::element<std::size_t>(4, 16), rc::gen::element<std::uint8_t>(0, 0, 0, 1, 10, 255));
  return Ip::from_bytes(bytes);
}
Cidr random_cidr() {
  const Ip ip = random_ip();
  return {ip, *rc::gen::inRange(0, bits_of(ip.family()) + 1)};
}

RC_GTEST_PROP(Ip, IsTheSameAfterPrintingAndParsing, ()) {
  const Ip ip = random_ip();
  RC_ASSERT(*Ip::parse(to_string(ip)) == ip);
  const Cidr cidr = random_cidr();
  RC_ASSERT(*Cidr::parse(to_string(cidr)) == cidr);
  RC_ASSERT(*Cidr::parse_loose(to_string(cidr)) == cidr);
}

RC_GTEST_PROP(Ip, SubtractsWhatWasAdded, (std::uint32_t offset)) {
  const Ip ip = random_ip();
  const Ip sum = ip.plus(offset);
  RC_PRE(ip <= sum);
  RC_ASSERT(sum.minus(ip) == offset);
}

RC_GTEST_PROP(Cidr, ContainsExactlyWhatLiesBetweenFirstAndLast, ()) {
  const Cidr cidr = random_cidr();
  const Ip ip = random_ip();
  RC_ASSERT(cidr.contains(ip) == (cidr.ip() <= ip && ip <= cidr.last() && ip.family() == cidr.family()));
  RC_ASSERT(cidr.contains(cidr.ip()) && cidr.contains(cidr.last()));
  bool same_bits = ip.family() == cidr.family();
  for (int i = 0; same_bits && i < cidr.length(); ++i) same_bits = ip.bit(i) == cidr.ip().bit(i);
  RC_ASSERT(cidr.contains(ip) == same_bits);
}

// The map answers as a list that is searched from end to end.
RC_GTEST_PROP(PrefixMap, AnswersAsAPlainListWould, ()) {
  PrefixMap<int> map;
  std::map<Cidr, int> list;
  for (int i = *rc::gen::inRange(0, 40); i > 0; --i) {
    const Cidr cidr = random_cidr();
    if (*rc::gen::inRange(0, 4) == 0) {
      RC_ASSERT(map.erase(cidr) == (list.erase(cidr) > 0));
    } else {
      RC_ASSERT(map.insert(cidr, i) == !list.contains(cidr));
      list[cidr] = i;
    }
  }
  const Cidr probe = random_cidr();
  std::vector<Cidr> covering;
  std::vector<Cidr> covered;
  for (const auto& [cidr, value] : list) {
    if (cidr.contains(probe)) covering.push_back(cidr);
    if (probe.contains(cidr)) covered.push_back(cidr);
  }
  const auto prefixes = [](const auto& entries) {
    std::vector<Cidr> result;
    for (const auto* entry : entries) result.push_back(entry->first);
    return result;
  };
  RC_ASSERT(prefixes(map.covering(probe)) == covering);
  RC_ASSERT(prefixes(map.covered(probe)) == covered);
  const auto* longest = map.longest(probe);
  RC_ASSERT((longest == nullptr) == covering.empty());
  RC_ASSERT((longest == nullptr || longest->first == covering.back()));
}

}  // namespace
}  // namespace weft::net
