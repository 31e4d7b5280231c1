#include "ipam/config.h"

#include "api/codec.h"
#include "ipam/draft.h"

namespace weft::ipam {

namespace {

struct Stored {
  api::IpamConfig config;
  store::Revision revision = 0;
};

Result<Stored> read(store::Store& store) {
  const auto entry = TRY(store.get(api::ipam_config_path));
  if (!entry) return Stored{{.auto_allocate_blocks = true, .kubevirt_address_persistence = "Enabled"}, 0};
  return Stored{TRY(within(api::from_json<api::IpamConfig>(entry->value), entry->key)), entry->revision};
}

}  // namespace

Result<api::IpamConfig> read_config(store::Store& store) { return TRY(read(store)).config; }

Result<> write_config(store::Store& store, const api::IpamConfig& config) {
  for (int attempt = 0; attempt < max_attempts; back_off(attempt++)) {
    const Stored stored = TRY(read(store));
    if (stored.revision != 0 && stored.config == config) return {};
    if (!config.strict_affinity && !config.auto_allocate_blocks)
      return fail(Code::invalid, "Cannot disable 'StrictAffinity' and 'AutoAllocateBlocks' at the same time");
    // A node at its limit borrows nothing: without strict affinity that would surprise.
    if (config.max_blocks_per_host > 0 && !config.strict_affinity)
      return fail(Code::invalid, "MaxBlocksPerHost requires StrictAffinity to be enabled");
    const std::string path(api::ipam_config_path);
    const auto written = stored.revision == 0 ? store.create(path, api::to_json(config))
                                              : store.update(path, api::to_json(config), stored.revision);
    if (written) return {};
    if (!is_race(written.error())) return std::unexpected(written.error());
  }
  return fail(Code::conflict, "IPAM configuration: changed by others again and again");
}

}  // namespace weft::ipam
