#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "base/result.h"

/// Netlink attributes as tables. A struct describes its attributes, one line each, and one encode and one decode walk
/// any such table:
///
///     struct RouteAttributes {
///       Bytes dst;
///       std::optional<std::uint32_t> device;
///       bool operator==(const RouteAttributes&) const = default;
///       static std::span<const Attribute<RouteAttributes>> attributes();
///     };
///     std::span<const Attribute<RouteAttributes>> RouteAttributes::attributes() {
///       static constexpr Attribute<RouteAttributes> table[] = {
///           attribute<&RouteAttributes::dst>(RTA_DST),
///           attribute<&RouteAttributes::device>(RTA_OIF),
///       };
///       return table;
///     }
///
/// Members may be: std::optional of an unsigned or signed integer (host order), of BigEndian<T>, or of a described
/// struct (nested); std::string (ends with NUL on the wire), Bytes, bool (a flag: there or not), std::vector of a
/// described struct (a nested list of elements of type 1). Empty strings, Bytes and vectors are not written.
namespace weft::kernel {

using Bytes = std::vector<std::uint8_t>;
using Payload = std::span<const std::uint8_t>;

/// An integer that travels in network order; `value` is in host order.
template <std::unsigned_integral T>
struct BigEndian {
  T value = 0;
  auto operator<=>(const BigEndian&) const = default;
};
using Be16 = BigEndian<std::uint16_t>;
using Be32 = BigEndian<std::uint32_t>;
using Be64 = BigEndian<std::uint64_t>;

/// Appends attributes to bytes. One attribute holds at most 65531 bytes: more is a bug of the caller (CHECK).
class Writer {
 public:
  explicit Writer(Bytes& out) : out_(out) {}

  void attribute(std::uint16_t type, Payload payload);
  /// Opens a nested attribute; close() with what open() returned.
  std::size_t open(std::uint16_t type);
  void close(std::size_t at);

 private:
  Bytes& out_;
};

/// Takes the next attribute off `rest`. False at the end or when what follows is malformed: then `rest` is not empty.
bool next_attribute(Payload& rest, std::uint16_t& type, Payload& value);

/// How one member travels.
template <class M>
struct Attribute {
  std::uint16_t type;
  void (*put)(Writer& out, std::uint16_t type, const M& message);
  bool (*get)(Payload value, M& message);
};

template <class T>
concept Described = requires {
  { T::attributes() } -> std::same_as<std::span<const Attribute<T>>>;
};

template <Described T>
void encode(Writer& out, const T& message) {
  for (const auto& row : T::attributes()) row.put(out, row.type, message);
}

/// Unknown attributes are skipped. False: malformed, or a known attribute has the wrong length.
template <Described T>
bool decode(Payload bytes, T& message) {
  std::uint16_t type = 0;
  Payload value;
  while (next_attribute(bytes, type, value)) {
    for (const auto& row : T::attributes()) {
      if ((row.type & 0x3fff) == type && !row.get(value, message)) return false;
    }
  }
  return bytes.empty();
}

template <Described T>
Bytes encode(const T& message) {
  Bytes out;
  Writer writer(out);
  encode(writer, message);
  return out;
}

template <Described T>
Result<T> decode(Payload bytes) {
  T message;
  if (!decode(bytes, message)) return fail(Code::invalid, "malformed netlink attributes");
  return message;
}

// --- how each type travels

template <std::integral T>
  requires(!std::same_as<T, bool>)
void put(Writer& out, std::uint16_t type, T value) {
  std::uint8_t bytes[sizeof value];
  std::memcpy(bytes, &value, sizeof value);
  out.attribute(type, bytes);
}
template <std::integral T>
  requires(!std::same_as<T, bool>)
bool get(Payload in, T& value) {
  if (in.size() != sizeof value) return false;
  std::memcpy(&value, in.data(), sizeof value);
  return true;
}

template <class T>
void put(Writer& out, std::uint16_t type, BigEndian<T> value) {
  std::uint8_t bytes[sizeof(T)];
  for (std::size_t i = 0; i < sizeof(T); ++i)
    bytes[i] = static_cast<std::uint8_t>(value.value >> 8 * (sizeof(T) - 1 - i));
  out.attribute(type, bytes);
}
template <class T>
bool get(Payload in, BigEndian<T>& value) {
  if (in.size() != sizeof(T)) return false;
  value.value = 0;
  for (const auto byte : in) value.value = static_cast<T>(value.value << 8 | byte);
  return true;
}

void put(Writer& out, std::uint16_t type, const std::string& text);
bool get(Payload in, std::string& text);
void put(Writer& out, std::uint16_t type, const Bytes& bytes);
bool get(Payload in, Bytes& bytes);
void put(Writer& out, std::uint16_t type, const bool& flag);
bool get(Payload in, bool& flag);

inline constexpr std::uint16_t nested_flag = 1 << 15;  // NLA_F_NESTED

template <Described T>
void put(Writer& out, std::uint16_t type, const T& message) {
  const auto at = out.open(type | nested_flag);
  encode(out, message);
  out.close(at);
}
template <Described T>
bool get(Payload in, T& message) {
  message = T{};
  return decode(in, message);
}

template <Described T>
void put(Writer& out, std::uint16_t type, const std::vector<T>& list) {
  if (list.empty()) return;
  const auto at = out.open(type | nested_flag);
  for (const auto& item : list) put(out, 1, item);  // NFTA_LIST_ELEM
  out.close(at);
}
template <Described T>
bool get(Payload in, std::vector<T>& list) {
  list.clear();
  std::uint16_t type = 0;
  Payload value;
  while (next_attribute(in, type, value)) {
    if (!get(value, list.emplace_back())) return false;
  }
  return in.empty();
}

template <class T>
void put(Writer& out, std::uint16_t type, const std::optional<T>& value) {
  if (value) put(out, type, *value);
}
template <class T>
bool get(Payload in, std::optional<T>& value) {
  return get(in, value.emplace());
}

template <class M, class T>
M struct_of(T M::*);

/// One line of a table.
template <auto Member>
constexpr auto attribute(std::uint16_t type) {
  using M = decltype(struct_of(Member));
  return Attribute<M>{
      .type = type,
      .put = [](Writer& out, std::uint16_t as, const M& message) { put(out, as, message.*Member); },
      .get = [](Payload in, M& message) { return get(in, message.*Member); },
  };
}

}  // namespace weft::kernel
