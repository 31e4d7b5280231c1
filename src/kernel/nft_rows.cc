#include "kernel/nft_rows.h"

#include <linux/netfilter/nf_tables.h>

#include <cstring>

namespace weft::kernel::nft {

std::span<const Attribute<TableRow>> TableRow::attributes() {
  static constexpr Attribute<TableRow> table[] = {
      attribute<&TableRow::name>(NFTA_TABLE_NAME),
      attribute<&TableRow::flags>(NFTA_TABLE_FLAGS),
  };
  return table;
}
std::span<const Attribute<HookRow>> HookRow::attributes() {
  static constexpr Attribute<HookRow> table[] = {
      attribute<&HookRow::hook>(NFTA_HOOK_HOOKNUM),
      attribute<&HookRow::priority>(NFTA_HOOK_PRIORITY),
  };
  return table;
}
std::span<const Attribute<ChainRow>> ChainRow::attributes() {
  static constexpr Attribute<ChainRow> table[] = {
      attribute<&ChainRow::table>(NFTA_CHAIN_TABLE), attribute<&ChainRow::name>(NFTA_CHAIN_NAME),
      attribute<&ChainRow::hook>(NFTA_CHAIN_HOOK),   attribute<&ChainRow::policy>(NFTA_CHAIN_POLICY),
      attribute<&ChainRow::type>(NFTA_CHAIN_TYPE),   attribute<&ChainRow::userdata>(NFTA_CHAIN_USERDATA),
  };
  return table;
}
std::span<const Attribute<ExpressionRow>> ExpressionRow::attributes() {
  static constexpr Attribute<ExpressionRow> table[] = {
      attribute<&ExpressionRow::name>(NFTA_EXPR_NAME),
      attribute<&ExpressionRow::data>(NFTA_EXPR_DATA | nested_flag),
  };
  return table;
}
std::span<const Attribute<RuleRow>> RuleRow::attributes() {
  static constexpr Attribute<RuleRow> table[] = {
      attribute<&RuleRow::table>(NFTA_RULE_TABLE),
      attribute<&RuleRow::chain>(NFTA_RULE_CHAIN),
      attribute<&RuleRow::expressions>(NFTA_RULE_EXPRESSIONS),
      attribute<&RuleRow::userdata>(NFTA_RULE_USERDATA),
  };
  return table;
}
std::span<const Attribute<SetDescription>> SetDescription::attributes() {
  static constexpr Attribute<SetDescription> table[] = {attribute<&SetDescription::size>(NFTA_SET_DESC_SIZE)};
  return table;
}
std::span<const Attribute<SetRow>> SetRow::attributes() {
  static constexpr Attribute<SetRow> table[] = {
      attribute<&SetRow::table>(NFTA_SET_TABLE),
      attribute<&SetRow::name>(NFTA_SET_NAME),
      attribute<&SetRow::flags>(NFTA_SET_FLAGS),
      attribute<&SetRow::key_type>(NFTA_SET_KEY_TYPE),
      attribute<&SetRow::key_length>(NFTA_SET_KEY_LEN),
      attribute<&SetRow::data_type>(NFTA_SET_DATA_TYPE),
      attribute<&SetRow::id>(NFTA_SET_ID),
      attribute<&SetRow::description>(NFTA_SET_DESC),
      attribute<&SetRow::userdata>(NFTA_SET_USERDATA),
  };
  return table;
}
std::span<const Attribute<ElementRow>> ElementRow::attributes() {
  static constexpr Attribute<ElementRow> table[] = {
      attribute<&ElementRow::key>(NFTA_SET_ELEM_KEY),
      attribute<&ElementRow::data>(NFTA_SET_ELEM_DATA),
      attribute<&ElementRow::flags>(NFTA_SET_ELEM_FLAGS),
  };
  return table;
}
std::span<const Attribute<ElementsRow>> ElementsRow::attributes() {
  static constexpr Attribute<ElementsRow> table[] = {
      attribute<&ElementsRow::table>(NFTA_SET_ELEM_LIST_TABLE),
      attribute<&ElementsRow::set>(NFTA_SET_ELEM_LIST_SET),
      attribute<&ElementsRow::set_id>(NFTA_SET_ELEM_LIST_SET_ID),
      attribute<&ElementsRow::elements>(NFTA_SET_ELEM_LIST_ELEMENTS),
  };
  return table;
}
std::span<const Attribute<GenerationRow>> GenerationRow::attributes() {
  static constexpr Attribute<GenerationRow> table[] = {attribute<&GenerationRow::id>(NFTA_GEN_ID)};
  return table;
}

namespace {

void record(Bytes& out, std::uint8_t type, Payload value) {
  out.push_back(type);
  out.push_back(static_cast<std::uint8_t>(value.size()));
  out.insert(out.end(), value.begin(), value.end());
}

}  // namespace

Bytes comment_data(std::uint8_t type, std::string_view comment) {
  const std::string text(comment.substr(0, 127));
  Bytes out;
  if (!text.empty()) record(out, type, {reinterpret_cast<const std::uint8_t*>(text.c_str()), text.size() + 1});
  return out;
}

Bytes set_data(std::string_view comment, bool names) {
  Bytes out;
  if (names) {
    constexpr std::uint32_t host_order = 1;
    std::uint8_t bytes[sizeof host_order];
    std::memcpy(bytes, &host_order, sizeof host_order);
    record(out, set_key_order, bytes);
  }
  const auto tail = comment_data(set_comment, comment);
  out.insert(out.end(), tail.begin(), tail.end());
  return out;
}

Bytes rule_data(std::string_view comment, std::uint64_t hash) {
  Bytes out = comment_data(rule_comment, comment);
  std::uint8_t bytes[sizeof hash];
  std::memcpy(bytes, &hash, sizeof hash);
  record(out, rule_hash, bytes);
  return out;
}

std::uint64_t hash_in(Payload userdata) {
  while (userdata.size() >= 2) {
    const std::size_t length = userdata[1];
    if (userdata.size() < 2 + length) return 0;
    if (userdata[0] == rule_hash && length == sizeof(std::uint64_t)) {
      std::uint64_t hash = 0;
      std::memcpy(&hash, userdata.data() + 2, sizeof hash);
      return hash;
    }
    userdata = userdata.subspan(2 + length);
  }
  return 0;
}

}  // namespace weft::kernel::nft
