#include "ctl/policy_names.h"

#include <array>
#include <string_view>

#include "api/codec.h"
#include "api/kinds.h"

namespace weft::ctl {

namespace {

constexpr std::array<std::string_view, 4> kinds_in_tiers = {"NetworkPolicy", "GlobalNetworkPolicy",
                                                            "StagedNetworkPolicy", "StagedGlobalNetworkPolicy"};

/// Where the policy of an entry belongs; empty: where it is.
std::string new_path(const store::Entry& entry, const api::Object& policy) {
  const auto value = policy.value();
  const auto* spec = value.at("spec");
  const std::string_view tier = spec ? spec->text("tier") : "";
  const bool is_default = tier.empty() || tier == "default";
  return is_default && policy.path() != entry.key ? policy.path() : "";
}

}  // namespace

Result<std::size_t> migrate_policy_names(store::Store& store) {
  using Op = store::Op;
  std::size_t moved = 0;
  for (const auto name : kinds_in_tiers) {
    const api::Kind& kind = *api::find_kind(name);
    for (const auto& entry : TRY(store.list(api::prefix_of(kind))).entries) {
      const auto policy = api::read_stored(kind, entry.value, std::to_string(entry.revision));
      if (!policy) continue;  // nobody else reads it either
      const std::string path = new_path(entry, *policy);
      if (path.empty()) continue;
      const Op old{.kind = Op::Kind::remove, .key = entry.key, .expected = entry.revision};
      const std::array move{Op{.kind = Op::Kind::create, .key = path, .value = policy->stored()}, old};
      auto done = store.commit(move);
      if (!done && done.error().code == Code::exists) done = store.commit({&old, 1});
      if (!done) return std::unexpected(std::move(done.error()).within(entry.key));
      ++moved;
    }
  }
  return moved;
}

}  // namespace weft::ctl
