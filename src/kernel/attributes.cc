#include "kernel/attributes.h"

#include <libmnl/libmnl.h>
#include <linux/netlink.h>

#include <algorithm>

namespace weft::kernel {

namespace {

void pad(Bytes& out) { out.resize(NLA_ALIGN(out.size())); }

void append_header(Bytes& out, std::size_t length, std::uint16_t type) {
  CHECK(length <= 0xffff);
  const nlattr header{.nla_len = static_cast<std::uint16_t>(length), .nla_type = type};
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&header);
  out.insert(out.end(), bytes, bytes + sizeof header);
}

}  // namespace

void Writer::attribute(std::uint16_t type, Payload payload) {
  append_header(out_, NLA_HDRLEN + payload.size(), type);
  out_.insert(out_.end(), payload.begin(), payload.end());
  pad(out_);
}

std::size_t Writer::open(std::uint16_t type) {
  const auto at = out_.size();
  append_header(out_, NLA_HDRLEN, type);
  return at;
}

void Writer::close(std::size_t at) {
  const auto length = out_.size() - at;
  CHECK(length <= 0xffff);
  const auto value = static_cast<std::uint16_t>(length);
  std::memcpy(out_.data() + at, &value, sizeof value);
}

bool next_attribute(Payload& rest, std::uint16_t& type, Payload& value) {
  if (rest.size() < NLA_HDRLEN) return false;
  // Aligned: every attribute starts at a multiple of four in a buffer that malloc aligned.
  const auto* header = reinterpret_cast<const nlattr*>(rest.data());
  if (!mnl_attr_ok(header, static_cast<int>(std::min<std::size_t>(rest.size(), 1 << 30)))) return false;
  type = mnl_attr_get_type(header);
  value = {static_cast<const std::uint8_t*>(mnl_attr_get_payload(header)), mnl_attr_get_payload_len(header)};
  rest = rest.subspan(std::min<std::size_t>(NLA_ALIGN(header->nla_len), rest.size()));
  return true;
}

void put(Writer& out, std::uint16_t type, const std::string& text) {
  if (text.empty()) return;
  out.attribute(type, {reinterpret_cast<const std::uint8_t*>(text.c_str()), text.size() + 1});
}

bool get(Payload in, std::string& text) {
  text.assign(in.begin(), std::ranges::find(in, 0));
  return true;
}

void put(Writer& out, std::uint16_t type, const Bytes& bytes) {
  if (!bytes.empty()) out.attribute(type, bytes);
}

bool get(Payload in, Bytes& bytes) {
  bytes.assign(in.begin(), in.end());
  return true;
}

void put(Writer& out, std::uint16_t type, const bool& flag) {
  if (flag) out.attribute(type, {});
}

bool get(Payload, bool& flag) {
  flag = true;
  return true;
}

}  // namespace weft::kernel
