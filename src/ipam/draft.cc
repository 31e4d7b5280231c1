#include "ipam/draft.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>

#include "api/codec.h"
#include "ipam/block.h"

namespace weft::ipam {

Result<StoredBlock> decode_block(const store::Entry& entry) {
  StoredBlock stored{TRY(within(api::from_json<api::Block>(entry.value), entry.key)), entry.revision};
  TRY(within(verify(stored.block), entry.key));
  return stored;
}

Result<std::optional<StoredBlock>> read_block(store::Store& store, const net::Cidr& cidr) {
  const auto entry = TRY(store.get(api::block_path(cidr)));
  if (!entry) return std::optional<StoredBlock>{};
  return TRY(decode_block(*entry));
}

std::string encode_block(api::Block block) {
  ++block.sequence_number;
  return api::to_json(block);
}

Result<api::Block*> Draft::block(const net::Cidr& cidr) {
  auto found = blocks_.find(cidr);
  if (found == blocks_.end()) found = blocks_.emplace(cidr, BlockState{TRY(read_block(store_, cidr))}).first;
  return found->second.stored ? &found->second.stored->block : nullptr;
}

api::Block* Draft::adopt(StoredBlock stored) {
  BlockState& state = blocks_[stored.block.cidr];
  if (!state.stored) state.stored = std::move(stored);
  return &state.stored->block;
}

void Draft::changed(const net::Cidr& cidr) { blocks_.at(cidr).changed = true; }

Result<Draft::HandleState*> Draft::load_handle(const std::string& id) {
  const auto found = handles_.find(id);
  if (found != handles_.end()) return &found->second;
  HandleState state;
  if (const auto entry = TRY(store_.get(api::handle_path(id)))) {
    state.handle = TRY(within(api::from_json<api::Handle>(entry->value), entry->key));
    state.handle->id = id;
    state.revision = entry->revision;
  }
  return &handles_.emplace(id, std::move(state)).first->second;
}

Result<const api::Handle*> Draft::handle(const std::string& id) {
  const HandleState* state = TRY(load_handle(id));
  return state->handle ? &*state->handle : nullptr;
}

Result<> Draft::count(const std::string& handle, const net::Cidr& block, int addresses) {
  if (handle.empty() || addresses == 0) return {};
  HandleState* state = TRY(load_handle(handle));
  if (!state->handle) state->handle = api::Handle{.id = handle};
  auto& blocks = state->handle->blocks;
  const auto found = blocks.try_emplace(to_string(block), 0).first;
  found->second += addresses;
  if (found->second <= 0) blocks.erase(found);
  state->changed = true;
  return {};
}

std::vector<store::Op> Draft::ops() const {
  using Kind = store::Op::Kind;
  std::vector<store::Op> ops;
  for (const auto& [cidr, state] : blocks_) {
    if (!state.changed) continue;
    const api::Block& block = state.stored->block;
    if (!block.affinity && is_empty(block)) {
      ops.push_back({.kind = Kind::remove, .key = api::block_path(cidr), .expected = state.stored->revision});
    } else {
      ops.push_back({Kind::update, api::block_path(cidr), encode_block(block), state.stored->revision});
    }
  }
  for (const auto& [id, state] : handles_) {
    if (!state.changed) continue;
    if (state.handle->blocks.empty()) {
      if (state.revision != 0)
        ops.push_back({.kind = Kind::remove, .key = api::handle_path(id), .expected = state.revision});
    } else if (state.revision == 0) {
      ops.push_back({.kind = Kind::create, .key = api::handle_path(id), .value = api::to_json(*state.handle)});
    } else {
      ops.push_back({Kind::update, api::handle_path(id), api::to_json(*state.handle), state.revision});
    }
  }
  return ops;
}

bool Draft::is_full() const {
  constexpr std::ptrdiff_t blocks_per_transaction = 40;
  return std::ranges::count_if(blocks_, [](const auto& entry) { return entry.second.changed; }) >=
         blocks_per_transaction;
}

void back_off(int attempt) {
  if (attempt < 3) return;
  thread_local std::minstd_rand random(std::random_device{}());
  const int most = std::min(attempt * 400, 20'000);
  std::this_thread::sleep_for(std::chrono::microseconds(std::uniform_int_distribution<>(most / 4, most)(random)));
}

}  // namespace weft::ipam
