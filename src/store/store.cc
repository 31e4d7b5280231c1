#include "store/store.h"

#include <fmt/core.h>

#include <set>

namespace weft::store {

Result<Revision> Store::list_in_parts(std::string_view prefix, const OnEntries& on_entries) {
  Listing listing = TRY(list(prefix));
  on_entries(std::move(listing.entries));
  return listing.revision;
}

Result<Revision> Store::remove(std::string_view key, Revision expected) {
  if (expected != 0) return one({.kind = Op::Kind::remove, .key = std::string(key), .expected = expected});
  for (;;) {
    const auto entry = TRY(get(key));
    if (!entry) return fail(Code::not_found, fmt::format("{}: not found", key));
    auto removed = one({.kind = Op::Kind::remove, .key = std::string(key), .expected = entry->revision});
    if (removed || removed.error().code != Code::conflict) return removed;
  }
}

Result<> check(std::span<const Op> ops) {
  std::set<std::string_view> written;
  for (const auto& op : ops) {
    if (op.key.empty()) return fail(Code::invalid, "a key is empty");
    if (op.kind == Op::Kind::update && op.expected == 0) {
      return fail(Code::invalid, fmt::format("{}: an update needs the expected revision", op.key));
    }
    if (op.writes() && !written.insert(op.key).second) {
      return fail(Code::invalid, fmt::format("{}: written twice in one transaction", op.key));
    }
  }
  return {};
}

std::optional<Error> refusal(const Op& op, Revision found) {
  const auto refuse = [&](Code code, std::string_view why) { return Error{code, fmt::format("{}: {}", op.key, why)}; };
  const auto must_be_absent = [&]() -> std::optional<Error> {
    if (found == 0) return {};
    return refuse(Code::exists, "exists already");
  };
  const auto must_match = [&]() -> std::optional<Error> {
    if (found == op.expected) return {};
    if (found == 0) return refuse(Code::not_found, "not found");
    return refuse(Code::conflict, fmt::format("is at revision {}, expected {}", found, op.expected));
  };
  switch (op.kind) {
    case Op::Kind::create: return must_be_absent();
    case Op::Kind::update: return must_match();
    case Op::Kind::put: return {};
    case Op::Kind::remove: return op.expected == 0 ? std::nullopt : must_match();
    case Op::Kind::expect: return op.expected == 0 ? must_be_absent() : must_match();
    case Op::Kind::unchanged:
      if (found <= op.expected) return {};
      return refuse(Code::conflict, fmt::format("a key of these is at revision {}, newer than {}", found, op.expected));
  }
  return {};
}

}  // namespace weft::store
