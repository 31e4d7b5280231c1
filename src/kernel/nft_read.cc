#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <algorithm>

#include "kernel/nft.h"
#include "kernel/nft_rows.h"

namespace weft::kernel::nft {

namespace {

template <class Row>
Result<std::vector<Row>> dump(Socket& socket, int type, const Row& filter) {
  const auto question = message(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type), NLM_F_DUMP,
                                nfgenmsg{.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0, .res_id = 0}, filter);
  std::vector<Row> out;
  for (const auto& answer : TRY(socket.ask(question))) {
    auto row = parse<nfgenmsg, Row>(answer.payload);
    if (!row) return std::unexpected(std::move(row.error()));
    out.push_back(std::move(row->second));
  }
  return out;
}

/// Jumps as their chain; anything else in a way that no row of ours equals.
std::string target(const std::optional<Data>& data) {
  if (!data) return {};
  if (!data->verdict) return "?";
  const auto code = static_cast<std::int32_t>(data->verdict->code.value_or(Be32{}).value);
  return code == NFT_JUMP ? data->verdict->chain : "? " + data->verdict->chain;
}

/// Starts and ends of intervals, in any order, paired.
std::set<Element> paired(std::vector<std::pair<Element, bool>> list) {
  std::ranges::sort(list, [](const auto& a, const auto& b) {
    return a.first.key != b.first.key ? a.first.key < b.first.key : a.second && !b.second;  // an end before a start
  });
  std::set<Element> out;
  std::optional<Element> open;
  for (auto& [element, end] : list) {
    if (open) {
      if (end) open->until = element.key;
      out.insert(std::move(*open));
      open.reset();
    }
    if (!end) open = std::move(element);
  }
  if (open) out.insert(std::move(*open));
  return out;
}

Result<std::set<Element>> elements_of(Socket& socket, const std::string& table, const Set& set) {
  std::vector<std::pair<Element, bool>> list;
  for (auto& row : TRY(dump(socket, NFT_MSG_GETSETELEM, ElementsRow{.table = table, .set = set.name}))) {
    for (auto& element : row.elements) {
      if (!element.key) continue;
      const bool end = (element.flags.value_or(Be32{}).value & NFT_SET_ELEM_INTERVAL_END) != 0;
      list.push_back(
          {{.key = {element.key->value.begin(), element.key->value.end()}, .until = {}, .chain = target(element.data)},
           end});
    }
  }
  if (set.interval) return paired(std::move(list));
  std::set<Element> out;
  for (auto& [element, end] : list) out.insert(std::move(element));
  return out;
}

}  // namespace

Result<Snapshot> read(Socket& socket, const std::string& table) {
  Snapshot out;
  for (const auto& row : TRY(dump(socket, NFT_MSG_GETTABLE, TableRow{}))) {
    if (row.name != table) continue;
    out.exists = true;
    out.flags = row.flags.value_or(Be32{}).value;
  }
  if (!out.exists) return out;

  for (const auto& row : TRY(dump(socket, NFT_MSG_GETCHAIN, ChainRow{}))) {
    if (row.table != table) continue;
    auto& chain = out.chains[row.name];
    if (row.hook) {
      chain.hook = Hook{row.type, row.hook->hook.value_or(Be32{}).value,
                        static_cast<std::int32_t>(row.hook->priority.value_or(Be32{}).value)};
      // A base chain that drops by default is not one of ours: no hook of ours equals it, so it is made anew.
      if (row.policy.value_or(Be32{NF_ACCEPT}).value != NF_ACCEPT) chain.hook->type += " policy drop";
    }
  }
  for (const auto& row : TRY(dump(socket, NFT_MSG_GETRULE, RuleRow{.table = table}))) {
    if (row.table == table) out.chains[row.chain].rules.push_back(hash_in(row.userdata));
  }
  for (const auto& row : TRY(dump(socket, NFT_MSG_GETSET, SetRow{.table = table}))) {
    const auto flags = row.flags.value_or(Be32{}).value;
    if (row.table != table || (flags & NFT_SET_ANONYMOUS) != 0) continue;
    Set set{.name = row.name,
            .key_type = row.key_type.value_or(Be32{}).value,
            .key_length = row.key_length.value_or(Be32{}).value,
            .interval = (flags & NFT_SET_INTERVAL) != 0,
            .verdicts = (flags & NFT_SET_MAP) != 0,
            .comment = {}};
    constexpr std::uint32_t plain = NFT_SET_INTERVAL | NFT_SET_MAP;
    if ((flags & ~plain) != 0) set.key_type = 0;  // a kind of set that we never make
    auto elements = TRY(elements_of(socket, table, set));
    out.sets.emplace(row.name, Snapshot::SetState{std::move(set), std::move(elements)});
  }
  return out;
}

Result<std::uint32_t> generation(Socket& socket) {
  const auto answers =
      TRY(socket.ask(message(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN, 0,
                             nfgenmsg{.nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0, .res_id = 0})));
  for (const auto& answer : answers) {
    auto row = parse<nfgenmsg, GenerationRow>(answer.payload);
    if (row && row->second.id) return row->second.id->value;
  }
  return fail(Code::internal, "nftables: no generation");
}

}  // namespace weft::kernel::nft
