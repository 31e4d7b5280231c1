#include "kernel/attributes.h"

#include <gtest/gtest.h>

#include "kernel/netlink.h"

namespace weft::kernel {
namespace {

struct Inner {
  std::optional<Be16> port;
  std::string name;
  bool operator==(const Inner&) const = default;
  static std::span<const Attribute<Inner>> attributes() {
    static constexpr Attribute<Inner> table[] = {attribute<&Inner::port>(1), attribute<&Inner::name>(2)};
    return table;
  }
};

struct Outer {
  std::optional<std::uint8_t> small;
  std::optional<std::int32_t> number;
  std::optional<Be64> wide;
  Bytes bytes;
  bool flag = false;
  std::optional<Inner> inner;
  std::vector<Inner> list;
  bool operator==(const Outer&) const = default;
  static std::span<const Attribute<Outer>> attributes() {
    static constexpr Attribute<Outer> table[] = {
        attribute<&Outer::small>(1), attribute<&Outer::number>(2), attribute<&Outer::wide>(3),
        attribute<&Outer::bytes>(4), attribute<&Outer::flag>(5),   attribute<&Outer::inner>(6),
        attribute<&Outer::list>(7),
    };
    return table;
  }
};

TEST(AttributesTest, WritesWhatTheKernelReads) {
  EXPECT_EQ(encode(Inner{.port = Be16{0x1234}, .name = "eth0"}),
            (Bytes{6, 0, 1, 0, 0x12, 0x34, 0, 0, 9, 0, 2, 0, 'e', 't', 'h', '0', 0, 0, 0, 0}));
  EXPECT_EQ(encode(Outer{.flag = true, .inner = Inner{}}), (Bytes{4, 0, 5, 0, 4, 0, 6, 0x80}));
}

TEST(AttributesTest, ReadsWhatItWrote) {
  const Outer all{.small = 7,
                  .number = -5,
                  .wide = Be64{0x0102030405060708},
                  .bytes = {1, 2, 3},
                  .flag = true,
                  .inner = Inner{.port = Be16{80}},
                  .list = {{.name = "a"}, {}, {.port = Be16{1}, .name = "b"}}};

  EXPECT_EQ(decode<Outer>(encode(all)), all);
  EXPECT_EQ(decode<Outer>(encode(Outer{})), Outer{});
}

TEST(AttributesTest, SkipsWhatItDoesNotKnow) {
  Bytes bytes;
  Writer writer(bytes);
  put(writer, 99, std::uint32_t{1});
  put(writer, 1, std::uint8_t{3});

  EXPECT_EQ(decode<Outer>(bytes), Outer{.small = 3});
}

TEST(AttributesTest, RefusesWrongLengths) {
  Bytes bytes;
  Writer(bytes).attribute(2, Bytes{1, 2});
  EXPECT_FALSE(decode<Outer>(bytes));
  EXPECT_FALSE(decode<Outer>(Bytes{12, 0, 1, 0, 1, 0, 0, 0}));  // longer than what is there
  EXPECT_FALSE(decode<Outer>(Bytes{3, 0, 1, 0}));               // shorter than its header
  EXPECT_FALSE(decode<Outer>(Bytes{4, 0}));
  EXPECT_TRUE(decode<Outer>(Bytes{}));
}

TEST(AttributesDeathTest, RefusesToWriteMoreThanALengthCanSay) {
  EXPECT_DEATH(encode(Outer{.bytes = Bytes(70000)}), "0xffff");
}

TEST(MessageTest, SplitsFixedPartAndAttributes) {
  struct Fixed {
    std::uint8_t a = 1;
    std::uint32_t b = 2;
    std::uint8_t c = 3;
  };
  const auto sent = message(16, 0, Fixed{.b = 5}, Inner{.name = "x"});

  const auto got = parse<Fixed, Inner>(sent.payload);

  ASSERT_TRUE(got);
  EXPECT_EQ(got->first.b, 5u);
  EXPECT_EQ(got->second.name, "x");
  EXPECT_FALSE((parse<Fixed, Inner>(Payload(sent.payload).first(7))));
}

}  // namespace
}  // namespace weft::kernel
