#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "kernel/attributes.h"
#include "kernel/nft.h"

/// The attributes of each kind of expression, see linux/netfilter/nf_tables.h. Registers: 1..4 hold 16 bytes, 8..23
/// four.
namespace weft::kernel::nft {

#define WEFT_ATTRIBUTES(type)                   \
  bool operator==(const type&) const = default; \
  static std::span<const Attribute<type>> attributes()

struct VerdictData {
  std::optional<Be32> code;
  std::string chain;
  WEFT_ATTRIBUTES(VerdictData);
};
struct Data {
  Bytes value;
  std::optional<VerdictData> verdict;
  WEFT_ATTRIBUTES(Data);
};
struct Meta {
  std::optional<Be32> dreg, key, sreg;
  WEFT_ATTRIBUTES(Meta);
};
struct LoadPayload {
  std::optional<Be32> dreg, base, offset, length;
  WEFT_ATTRIBUTES(LoadPayload);
};
struct Compare {
  std::optional<Be32> sreg, op;
  std::optional<Data> data;
  WEFT_ATTRIBUTES(Compare);
};
struct Range {
  std::optional<Be32> sreg, op;
  std::optional<Data> from, to;
  WEFT_ATTRIBUTES(Range);
};
struct Bitwise {
  std::optional<Be32> sreg, dreg, length;
  std::optional<Data> mask, flip;
  WEFT_ATTRIBUTES(Bitwise);
};
struct Lookup {
  std::string set;
  std::optional<Be32> sreg, dreg, set_id, flags;
  WEFT_ATTRIBUTES(Lookup);
};
struct Immediate {
  std::optional<Be32> dreg;
  std::optional<Data> data;
  WEFT_ATTRIBUTES(Immediate);
};
struct Conntrack {
  std::optional<Be32> dreg, key;
  WEFT_ATTRIBUTES(Conntrack);
};
struct Limit {
  std::optional<Be64> rate, unit;
  std::optional<Be32> burst, type, flags;
  WEFT_ATTRIBUTES(Limit);
};
struct Log {
  std::string prefix;
  std::optional<Be32> level;
  WEFT_ATTRIBUTES(Log);
};
struct Reject {
  std::optional<Be32> type;
  std::optional<std::uint8_t> code;
  WEFT_ATTRIBUTES(Reject);
};
struct Masquerade {
  std::optional<Be32> flags, port_min, port_max;
  WEFT_ATTRIBUTES(Masquerade);
};
struct Nat {
  std::optional<Be32> type, family, address_min, address_max, port_min, port_max, flags;
  WEFT_ATTRIBUTES(Nat);
};

#undef WEFT_ATTRIBUTES

template <Described T>
Expression expression(std::string name, const T& attributes) {
  return {std::move(name), encode(attributes), nullptr};
}

}  // namespace weft::kernel::nft
