#include "base/sha.h"

#include <bit>
#include <cstring>

namespace weft {
namespace {

using Words = std::array<std::uint32_t, 16>;

/// Calls `block` with each 64-byte block of the padded message: data, 0x80, zeros, length in bits.
template <class Block>
void each_block(std::string_view data, Block block) {
  const auto feed = [&](const std::uint8_t* bytes) {
    Words words;
    for (std::size_t i = 0; i < words.size(); ++i) {
      words[i] = static_cast<std::uint32_t>(bytes[4 * i]) << 24 | static_cast<std::uint32_t>(bytes[4 * i + 1]) << 16 |
                 static_cast<std::uint32_t>(bytes[4 * i + 2]) << 8 | bytes[4 * i + 3];
    }
    block(words);
  };
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(data.data());
  std::size_t left = data.size();
  for (; left >= 64; left -= 64, bytes += 64) feed(bytes);

  std::array<std::uint8_t, 128> tail{};
  if (left > 0) std::memcpy(tail.data(), bytes, left);
  tail[left] = 0x80;
  const std::size_t size = left < 56 ? 64 : 128;
  const std::uint64_t bits = static_cast<std::uint64_t>(data.size()) * 8;
  for (std::size_t i = 0; i < 8; ++i) tail[size - 1 - i] = static_cast<std::uint8_t>(bits >> (8 * i));
  for (std::size_t at = 0; at < size; at += 64) feed(tail.data() + at);
}

template <std::size_t Size, std::size_t Count>
std::array<std::uint8_t, Size> digest(const std::array<std::uint32_t, Count>& state) {
  std::array<std::uint8_t, Size> bytes;
  for (std::size_t i = 0; i < Size; ++i) bytes[i] = static_cast<std::uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
  return bytes;
}

constexpr std::uint32_t sha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// The rounds that SHA-224 and SHA-256 share; they differ in where they start and how much they give out.
std::array<std::uint32_t, 8> sha2(std::string_view data, std::array<std::uint32_t, 8> state) {
  each_block(data, [&](const Words& words) {
    std::uint32_t w[64];
    std::memcpy(w, words.data(), sizeof words);
    for (int t = 16; t < 64; ++t) {
      const std::uint32_t s0 = std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ w[t - 15] >> 3;
      const std::uint32_t s1 = std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ w[t - 2] >> 10;
      w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (int t = 0; t < 64; ++t) {
      const std::uint32_t s1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
      const std::uint32_t t1 = h + s1 + ((e & f) ^ (~e & g)) + sha256_constants[t] + w[t];
      const std::uint32_t s0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
      const std::uint32_t t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      h = g;
      g = f;
      f = e;
      e = d + t1;
      d = c;
      c = b;
      b = a;
      a = t1 + t2;
    }
    const std::uint32_t sum[8] = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state[i] += sum[i];
  });
  return state;
}

}  // namespace

std::array<std::uint8_t, 20> sha1(std::string_view data) {
  std::array<std::uint32_t, 5> state = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
  each_block(data, [&](const Words& words) {
    std::uint32_t w[80];
    std::memcpy(w, words.data(), sizeof words);
    for (int t = 16; t < 80; ++t) w[t] = std::rotl(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    auto [a, b, c, d, e] = state;
    for (int t = 0; t < 80; ++t) {
      std::uint32_t f = 0;
      if (t < 20)
        f = ((b & c) | (~b & d)) + 0x5a827999;
      else if (t < 40)
        f = (b ^ c ^ d) + 0x6ed9eba1;
      else if (t < 60)
        f = ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
      else
        f = (b ^ c ^ d) + 0xca62c1d6;
      const std::uint32_t next = std::rotl(a, 5) + f + e + w[t];
      e = d;
      d = c;
      c = std::rotl(b, 30);
      b = a;
      a = next;
    }
    const std::uint32_t sum[5] = {a, b, c, d, e};
    for (std::size_t i = 0; i < 5; ++i) state[i] += sum[i];
  });
  return digest<20>(state);
}

std::array<std::uint8_t, 28> sha224(std::string_view data) {
  return digest<28>(sha2(data, {0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939,  //
                                0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4}));
}

std::array<std::uint8_t, 32> sha256(std::string_view data) {
  return digest<32>(sha2(data, {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,  //
                                0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}));
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const auto byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string to_base64url(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const auto byte : bytes) {
    bits = bits << 8 | byte;
    for (count += 8; count >= 6; count -= 6) text += digits[bits >> (count - 6) & 63];
  }
  if (count > 0) text += digits[bits << (6 - count) & 63];
  return text;
}

}  // namespace weft
