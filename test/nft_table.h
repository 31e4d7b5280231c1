#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "schema/value.h"
#include "test/netns.h"

/// Our table in the kernel, so that two can be compared.
namespace weft::test {

/// Without handles, and elements of sets in an order of their own.
inline schema::Value plain(const schema::Value& value) {
  if (const auto* list = value.as_array()) {
    schema::Array out;
    for (const auto& element : *list) out.push_back(plain(element));
    return out;
  }
  const auto* object = value.as_object();
  if (!object) return value;
  schema::Object out;
  for (const auto& [name, member] : *object) {
    if (name == "handle") continue;
    auto shown = plain(member);
    if (auto* elements = shown.as_array(); elements && (name == "elem" || name == "set"))
      std::ranges::sort(*elements, {}, [](const auto& element) { return schema::to_json(element); });
    out.set(name, std::move(shown));
  }
  return out;
}

/// Rules in order by chain, everything else by itself.
using NftTable = std::map<std::string, std::vector<std::string>>;
inline NftTable nft_table() {
  NftTable out;
  const auto parsed = schema::parse_json(shell("nft -j list table inet weft").output);
  if (!parsed || !parsed->at("nftables")) return out;
  for (const auto& item : *parsed->at("nftables")->as_array()) {
    const auto& [kind, what] = *item.as_object()->begin();
    if (kind == "metainfo") continue;
    const std::string name(kind == "rule" ? what.text("chain") : what.text("name"));
    out[kind + ' ' + name].push_back(schema::to_json(plain(what)));
  }
  return out;
}

inline void expect_same(const NftTable& lived, const NftTable& fresh, unsigned seed) {
  ASSERT_FALSE(fresh.empty());
  for (const auto& [name, what] : fresh) {
    ASSERT_TRUE(lived.contains(name)) << "seed " << seed << ": missing " << name;
    EXPECT_EQ(lived.at(name), what) << "seed " << seed << ": " << name;
  }
  for (const auto& [name, what] : lived) EXPECT_TRUE(fresh.contains(name)) << "seed " << seed << ": left over " << name;
}

}  // namespace weft::test
