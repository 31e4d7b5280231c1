#include "base/sha.h"

#include <gtest/gtest.h>

namespace weft {
namespace {

const std::string million(1000000, 'a');
constexpr std::string_view two_blocks = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";

TEST(Sha, GivesTheStandardsSha1Digests) {
  EXPECT_EQ(to_hex(sha1("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(to_hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(to_hex(sha1(two_blocks)), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(to_hex(sha1(million)), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST(Sha, GivesTheStandardsSha224Digests) {
  EXPECT_EQ(to_hex(sha224("")), "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f");
  EXPECT_EQ(to_hex(sha224("abc")), "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
  EXPECT_EQ(to_hex(sha224(two_blocks)), "75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525");
  EXPECT_EQ(to_hex(sha224(million)), "20794655980c91d8bbb4c1ea97618a4bf03f42581948b2ee4ee7ad67");
}

TEST(Sha, GivesTheKnownDigestsOfSha256) {
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha, PadsEveryLengthAroundABlock) {
  // The digest of each length differs from that of all others: no byte of the padding overlaps the data.
  std::string text;
  std::string last;
  for (int i = 0; i < 200; ++i, text += 'x') {
    const std::string hex = to_hex(sha224(text));
    EXPECT_NE(hex, last);
    last = hex;
  }
  EXPECT_EQ(to_hex(sha1(std::string(64, 'a'))), "0098ba824b5c16427bd7a1122a5a442a25ec644d");
}

TEST(Sha, WritesBase64UrlWithoutPadding) {
  const auto bytes = [](std::string_view text) {
    return std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  };
  EXPECT_EQ(to_base64url(bytes("")), "");
  EXPECT_EQ(to_base64url(bytes("f")), "Zg");
  EXPECT_EQ(to_base64url(bytes("fo")), "Zm8");
  EXPECT_EQ(to_base64url(bytes("foo")), "Zm9v");
  EXPECT_EQ(to_base64url(bytes("\xfb\xff")), "-_8");
}

}  // namespace
}  // namespace weft
