#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/nft_expression.h"

/// The attributes of the messages, see linux/netfilter/nf_tables.h, and what we write into user data.
namespace weft::kernel::nft {

struct TableRow {
  std::string name;
  std::optional<Be32> flags;
  bool operator==(const TableRow&) const = default;
  static std::span<const Attribute<TableRow>> attributes();
};

struct HookRow {
  std::optional<Be32> hook, priority;
  bool operator==(const HookRow&) const = default;
  static std::span<const Attribute<HookRow>> attributes();
};

struct ChainRow {
  std::string table, name;
  std::optional<HookRow> hook;
  std::optional<Be32> policy;
  std::string type;
  Bytes userdata;
  bool operator==(const ChainRow&) const = default;
  static std::span<const Attribute<ChainRow>> attributes();
};

struct ExpressionRow {
  std::string name;
  Bytes data;  // nested
  bool operator==(const ExpressionRow&) const = default;
  static std::span<const Attribute<ExpressionRow>> attributes();
};

struct RuleRow {
  std::string table, chain;
  std::vector<ExpressionRow> expressions;
  Bytes userdata;
  bool operator==(const RuleRow&) const = default;
  static std::span<const Attribute<RuleRow>> attributes();
};

struct SetDescription {
  std::optional<Be32> size;
  bool operator==(const SetDescription&) const = default;
  static std::span<const Attribute<SetDescription>> attributes();
};

struct SetRow {
  std::string table, name;
  std::optional<Be32> flags, key_type, key_length, data_type, id;
  std::optional<SetDescription> description;
  Bytes userdata;
  bool operator==(const SetRow&) const = default;
  static std::span<const Attribute<SetRow>> attributes();
};

struct ElementRow {
  std::optional<Data> key, data;
  std::optional<Be32> flags;
  bool operator==(const ElementRow&) const = default;
  static std::span<const Attribute<ElementRow>> attributes();
};

struct ElementsRow {
  std::string table, set;
  std::optional<Be32> set_id;
  std::vector<ElementRow> elements;
  bool operator==(const ElementsRow&) const = default;
  static std::span<const Attribute<ElementsRow>> attributes();
};

struct GenerationRow {
  std::optional<Be32> id;
  bool operator==(const GenerationRow&) const = default;
  static std::span<const Attribute<GenerationRow>> attributes();
};

// User data is a list of records: type, length, value. The nft program prints comments; it skips types it does not
// know.
inline constexpr std::uint8_t rule_comment = 0;  // of chains too
inline constexpr std::uint8_t set_key_order = 0;
inline constexpr std::uint8_t set_comment = 7;
inline constexpr std::uint8_t rule_hash = 0xa5;  // ours: eight bytes

/// Comment, and the byte order by which nft prints names in keys.
Bytes set_data(std::string_view comment, bool names);
Bytes comment_data(std::uint8_t type, std::string_view comment);
Bytes rule_data(std::string_view comment, std::uint64_t hash);
/// 0 when there is none.
std::uint64_t hash_in(Payload userdata);

}  // namespace weft::kernel::nft
