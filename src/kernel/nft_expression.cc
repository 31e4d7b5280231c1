#include "kernel/nft_expression.h"

#include <linux/netfilter/nf_tables.h>

namespace weft::kernel::nft {

// One line an attribute: WEFT_TABLE(struct, {member, number}…).
#define WEFT_ROW(type, member, number) attribute<&type::member>(number)

std::span<const Attribute<VerdictData>> VerdictData::attributes() {
  static constexpr Attribute<VerdictData> table[] = {
      WEFT_ROW(VerdictData, code, NFTA_VERDICT_CODE),
      WEFT_ROW(VerdictData, chain, NFTA_VERDICT_CHAIN),
  };
  return table;
}
std::span<const Attribute<Data>> Data::attributes() {
  static constexpr Attribute<Data> table[] = {
      WEFT_ROW(Data, value, NFTA_DATA_VALUE),
      WEFT_ROW(Data, verdict, NFTA_DATA_VERDICT),
  };
  return table;
}
std::span<const Attribute<Meta>> Meta::attributes() {
  static constexpr Attribute<Meta> table[] = {
      WEFT_ROW(Meta, dreg, NFTA_META_DREG),
      WEFT_ROW(Meta, key, NFTA_META_KEY),
      WEFT_ROW(Meta, sreg, NFTA_META_SREG),
  };
  return table;
}
std::span<const Attribute<LoadPayload>> LoadPayload::attributes() {
  static constexpr Attribute<LoadPayload> table[] = {
      WEFT_ROW(LoadPayload, dreg, NFTA_PAYLOAD_DREG),
      WEFT_ROW(LoadPayload, base, NFTA_PAYLOAD_BASE),
      WEFT_ROW(LoadPayload, offset, NFTA_PAYLOAD_OFFSET),
      WEFT_ROW(LoadPayload, length, NFTA_PAYLOAD_LEN),
  };
  return table;
}
std::span<const Attribute<Compare>> Compare::attributes() {
  static constexpr Attribute<Compare> table[] = {
      WEFT_ROW(Compare, sreg, NFTA_CMP_SREG),
      WEFT_ROW(Compare, op, NFTA_CMP_OP),
      WEFT_ROW(Compare, data, NFTA_CMP_DATA),
  };
  return table;
}
std::span<const Attribute<Range>> Range::attributes() {
  static constexpr Attribute<Range> table[] = {
      WEFT_ROW(Range, sreg, NFTA_RANGE_SREG),
      WEFT_ROW(Range, op, NFTA_RANGE_OP),
      WEFT_ROW(Range, from, NFTA_RANGE_FROM_DATA),
      WEFT_ROW(Range, to, NFTA_RANGE_TO_DATA),
  };
  return table;
}
std::span<const Attribute<Bitwise>> Bitwise::attributes() {
  static constexpr Attribute<Bitwise> table[] = {
      WEFT_ROW(Bitwise, sreg, NFTA_BITWISE_SREG),  WEFT_ROW(Bitwise, dreg, NFTA_BITWISE_DREG),
      WEFT_ROW(Bitwise, length, NFTA_BITWISE_LEN), WEFT_ROW(Bitwise, mask, NFTA_BITWISE_MASK),
      WEFT_ROW(Bitwise, flip, NFTA_BITWISE_XOR),
  };
  return table;
}
std::span<const Attribute<Lookup>> Lookup::attributes() {
  static constexpr Attribute<Lookup> table[] = {
      WEFT_ROW(Lookup, set, NFTA_LOOKUP_SET),     WEFT_ROW(Lookup, sreg, NFTA_LOOKUP_SREG),
      WEFT_ROW(Lookup, dreg, NFTA_LOOKUP_DREG),   WEFT_ROW(Lookup, set_id, NFTA_LOOKUP_SET_ID),
      WEFT_ROW(Lookup, flags, NFTA_LOOKUP_FLAGS),
  };
  return table;
}
std::span<const Attribute<Immediate>> Immediate::attributes() {
  static constexpr Attribute<Immediate> table[] = {
      WEFT_ROW(Immediate, dreg, NFTA_IMMEDIATE_DREG),
      WEFT_ROW(Immediate, data, NFTA_IMMEDIATE_DATA),
  };
  return table;
}
std::span<const Attribute<Conntrack>> Conntrack::attributes() {
  static constexpr Attribute<Conntrack> table[] = {
      WEFT_ROW(Conntrack, dreg, NFTA_CT_DREG),
      WEFT_ROW(Conntrack, key, NFTA_CT_KEY),
  };
  return table;
}
std::span<const Attribute<Limit>> Limit::attributes() {
  static constexpr Attribute<Limit> table[] = {
      WEFT_ROW(Limit, rate, NFTA_LIMIT_RATE),   WEFT_ROW(Limit, unit, NFTA_LIMIT_UNIT),
      WEFT_ROW(Limit, burst, NFTA_LIMIT_BURST), WEFT_ROW(Limit, type, NFTA_LIMIT_TYPE),
      WEFT_ROW(Limit, flags, NFTA_LIMIT_FLAGS),
  };
  return table;
}
std::span<const Attribute<Log>> Log::attributes() {
  static constexpr Attribute<Log> table[] = {
      WEFT_ROW(Log, prefix, NFTA_LOG_PREFIX),
      WEFT_ROW(Log, level, NFTA_LOG_LEVEL),
  };
  return table;
}
std::span<const Attribute<Reject>> Reject::attributes() {
  static constexpr Attribute<Reject> table[] = {
      WEFT_ROW(Reject, type, NFTA_REJECT_TYPE),
      WEFT_ROW(Reject, code, NFTA_REJECT_ICMP_CODE),
  };
  return table;
}
std::span<const Attribute<Masquerade>> Masquerade::attributes() {
  static constexpr Attribute<Masquerade> table[] = {
      WEFT_ROW(Masquerade, flags, NFTA_MASQ_FLAGS),
      WEFT_ROW(Masquerade, port_min, NFTA_MASQ_REG_PROTO_MIN),
      WEFT_ROW(Masquerade, port_max, NFTA_MASQ_REG_PROTO_MAX),
  };
  return table;
}
std::span<const Attribute<Nat>> Nat::attributes() {
  static constexpr Attribute<Nat> table[] = {
      WEFT_ROW(Nat, type, NFTA_NAT_TYPE),
      WEFT_ROW(Nat, family, NFTA_NAT_FAMILY),
      WEFT_ROW(Nat, address_min, NFTA_NAT_REG_ADDR_MIN),
      WEFT_ROW(Nat, address_max, NFTA_NAT_REG_ADDR_MAX),
      WEFT_ROW(Nat, port_min, NFTA_NAT_REG_PROTO_MIN),
      WEFT_ROW(Nat, port_max, NFTA_NAT_REG_PROTO_MAX),
      WEFT_ROW(Nat, flags, NFTA_NAT_FLAGS),
  };
  return table;
}

#undef WEFT_ROW

}  // namespace weft::kernel::nft
