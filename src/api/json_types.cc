// JSON of the value types of types.h and net.
#include "api/described.h"

namespace weft::schema {

namespace {
/// Reads text with a parse function.
template <class T, class Parse>
std::optional<std::string> parsed(const Value& value, T& out, Parse parse) {
  if (!value.as_string()) return "must be text";
  auto result = parse(*value.as_string());
  if (!result) return std::move(result.error().message);
  out = std::move(*result);
  return std::nullopt;
}
}  // namespace

std::optional<std::string> Codec<net::Cidr>::read(Value& value, net::Cidr& out) {
  return parsed(value, out, net::Cidr::parse_loose);
}
void Codec<net::Cidr>::write(std::string& out, const net::Cidr& cidr) {
  append_json(out, std::string_view(to_string(cidr)));
}

std::optional<std::string> Codec<api::Protocol>::read(Value& value, api::Protocol& out) {
  if (const auto* number = value.as_int()) {
    if (*number < 1 || *number > 255) return "must be in 1..255";
    out = {net::Protocol{static_cast<std::uint8_t>(*number)}, true};
    return std::nullopt;
  }
  return parsed(value, out, api::parse_protocol);
}
void Codec<api::Protocol>::write(std::string& out, const api::Protocol& protocol) {
  if (protocol.as_number)
    type::append_number(out, std::int64_t{protocol.value.number});
  else
    append_json(out, std::string_view(net::to_string(protocol.value)));
}

std::optional<std::string> Codec<api::Port>::read(Value& value, api::Port& out) {
  if (const auto* number = value.as_int()) {
    if (*number < 0 || *number > 65535) return "must be in 0..65535";
    const auto port = static_cast<std::uint16_t>(*number);
    out = {.range = {port, port}};
    return std::nullopt;
  }
  return parsed(value, out, api::parse_port);
}
void Codec<api::Port>::write(std::string& out, const api::Port& port) {
  if (!port.is_named() && port.range.first == port.range.last)
    type::append_number(out, std::int64_t{port.range.first});
  else
    append_json(out, std::string_view(to_string(port)));
}

std::optional<std::string> Codec<api::Duration>::read(Value& value, api::Duration& out) {
  return parsed(value, out, api::parse_duration);
}
void Codec<api::Duration>::write(std::string& out, const api::Duration& duration) {
  append_json(out, std::string_view(to_string(duration)));
}

std::optional<std::string> Codec<api::AsNumber>::read(Value& value, api::AsNumber& out) {
  if (const auto* number = value.as_int()) {
    if (*number < 0 || *number > 0xffffffff) return "must be in 0..4294967295";
    out = {static_cast<std::uint32_t>(*number)};
    return std::nullopt;
  }
  return parsed(value, out, api::parse_as_number);
}
void Codec<api::AsNumber>::write(std::string& out, const api::AsNumber& number) {
  type::append_number(out, std::int64_t{number.value});
}

}  // namespace weft::schema
