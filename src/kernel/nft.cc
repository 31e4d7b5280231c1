#include "kernel/nft.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>

#include <algorithm>

#include "kernel/nft_expression.h"
#include "kernel/nft_rows.h"

namespace weft::kernel::nft {

namespace {

/// FNV-1a, 64 bits.
class Hash {
 public:
  void add(std::span<const std::uint8_t> bytes) {
    number(bytes.size());
    for (const auto byte : bytes) value_ = (value_ ^ byte) * 0x100000001b3;
  }
  void add(std::string_view text) { add({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}); }
  void number(std::uint64_t value) {
    for (int i = 0; i < 8; ++i) value_ = (value_ ^ (value >> 8 * i & 0xff)) * 0x100000001b3;
  }
  std::uint64_t value() const { return value_ == 0 ? 1 : value_; }  // 0 says: not ours

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

constexpr std::size_t elements_bytes = 48 * 1024;  // of one message; an attribute holds 64 KiB

std::uint32_t flag(bool on, int value) { return on ? static_cast<std::uint32_t>(value) : 0; }

SetRow row_of(const AnonymousSet& set, const std::string& table, std::uint32_t id) {
  std::uint32_t size = 0;
  for (const auto& element : set.elements) size += set.interval && !element.until.empty() ? 2 : 1;
  return {.table = table,
          .name = "__set%d",
          .flags = Be32{flag(true, NFT_SET_ANONYMOUS | NFT_SET_CONSTANT) | flag(set.interval, NFT_SET_INTERVAL)},
          .key_type = Be32{set.key_type},
          .key_length = Be32{set.key_length},
          .id = Be32{id},
          .description = SetDescription{.size = Be32{size}}};
}

}  // namespace

std::uint64_t Rule::hash() const {
  Hash hash;
  hash.add(comment);
  for (const auto& expression : expressions) {
    hash.add(expression.name);
    hash.add(std::span(expression.attributes));
    if (!expression.set) continue;
    hash.number(expression.set->key_type);
    hash.number(expression.set->interval ? 1 : 0);
    for (const auto& element : expression.set->elements) {
      hash.add(element.key);
      hash.add(element.until);
      hash.add(element.chain);
    }
  }
  return hash.value();
}

Rule rule(std::span<const Part> parts, std::string comment) {
  Rule out{.comment = std::move(comment)};
  if (out.comment.size() > 127) out.comment.resize(127);
  for (const auto& part : parts) {
    if (!part.text.empty()) {
      if (!out.text.empty()) out.text += ' ';
      out.text += part.text;
    }
    out.expressions.insert(out.expressions.end(), part.expressions.begin(), part.expressions.end());
  }
  return out;
}

void Transaction::push(int type, int flags, Bytes attributes) {
  Message out = message(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type), static_cast<std::uint16_t>(flags),
                        nfgenmsg{.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0, .res_id = 0});
  out.payload.insert(out.payload.end(), attributes.begin(), attributes.end());
  messages_.push_back(std::move(out));
  objects_.push_back(object_);
}

std::size_t Transaction::bytes() const {
  std::size_t sum = 0;
  for (const auto& message : messages_) sum += message.payload.size();
  return sum;
}

void Transaction::add_table() {
  push(NFT_MSG_NEWTABLE, NLM_F_CREATE, encode(TableRow{.name = table_, .flags = Be32{0}}));
}
void Transaction::remove_table() { push(NFT_MSG_DELTABLE, 0, encode(TableRow{.name = table_})); }

void Transaction::add(const Set& set) {
  SetRow row{.table = table_,
             .name = set.name,
             .flags = Be32{flag(set.interval, NFT_SET_INTERVAL) | flag(set.verdicts, NFT_SET_MAP)},
             .key_type = Be32{set.key_type},
             .key_length = Be32{set.key_length},
             .id = Be32{++set_id_}};
  if (set.verdicts) row.data_type = Be32{NFT_DATA_VERDICT};
  constexpr std::uint32_t names = 41;  // the nft program's number for interface names
  row.userdata = set_data(set.comment, set.key_type == names);
  push(NFT_MSG_NEWSET, NLM_F_CREATE, encode(row));
}

void Transaction::remove_set(const std::string& name) {
  push(NFT_MSG_DELSET, 0, encode(SetRow{.table = table_, .name = name}));
}

void Transaction::elements(int type, int flags, const Set& set, std::uint32_t set_id, std::span<const Element> list) {
  ElementsRow row{.table = table_, .set = set.name};
  if (set_id != 0) row.set_id = Be32{set_id};
  std::size_t bytes = 0;
  const auto send = [&] {
    if (row.elements.empty()) return;
    push(type, flags, encode(row));
    row.elements.clear();
    bytes = 0;
  };
  const auto put = [&](const std::string& key, bool end, const std::string& chain) {
    auto& out = row.elements.emplace_back();
    out.key = Data{.value = {key.begin(), key.end()}};
    if (end) out.flags = Be32{NFT_SET_ELEM_INTERVAL_END};
    if (!chain.empty() && type == NFT_MSG_NEWSETELEM) {
      out.data = Data{.verdict = VerdictData{Be32{static_cast<std::uint32_t>(NFT_JUMP)}, chain}};
    }
    bytes += key.size() + chain.size() + 48;
  };
  for (const auto& element : list) {
    if (bytes > elements_bytes) send();
    put(element.key, false, element.chain);
    if (set.interval && !element.until.empty()) put(element.until, true, {});
  }
  send();
}

void Transaction::add(const Set& set, std::span<const Element> list) {
  elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, set, 0, list);
}
void Transaction::remove(const Set& set, std::span<const Element> list) {
  elements(NFT_MSG_DELSETELEM, 0, set, 0, list);
}

void Transaction::add(const Chain& chain) {
  ChainRow row{.table = table_, .name = chain.name};
  if (chain.hook) {
    row.hook = HookRow{Be32{chain.hook->hook}, Be32{static_cast<std::uint32_t>(chain.hook->priority)}};
    row.policy = Be32{NF_ACCEPT};
    row.type = chain.hook->type;
  }
  if (!chain.comment.empty()) row.userdata = comment_data(rule_comment, chain.comment);
  push(NFT_MSG_NEWCHAIN, NLM_F_CREATE, encode(row));
}

void Transaction::remove_chain(const std::string& name) {
  push(NFT_MSG_DELCHAIN, 0, encode(ChainRow{.table = table_, .name = name}));
}

void Transaction::flush(const std::string& chain) {
  push(NFT_MSG_DELRULE, 0, encode(RuleRow{.table = table_, .chain = chain}));
}

void Transaction::add(const std::string& chain, const Rule& rule) {
  RuleRow row{.table = table_, .chain = chain};
  for (const auto& expression : rule.expressions) {
    auto& out = row.expressions.emplace_back(ExpressionRow{expression.name, expression.attributes});
    if (!expression.set) continue;
    const auto& set = *expression.set;
    const auto id = ++set_id_;
    push(NFT_MSG_NEWSET, NLM_F_CREATE, encode(row_of(set, table_, id)));
    elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE,
             {.name = "__set%d", .key_type = set.key_type, .key_length = set.key_length, .interval = set.interval}, id,
             set.elements);
    Lookup lookup;
    CHECK(decode(expression.attributes, lookup));
    lookup.set = "__set%d";
    lookup.set_id = Be32{id};
    out.data = encode(lookup);
  }
  row.userdata = rule_data(rule.comment, rule.hash());
  push(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, encode(row));
}

Result<std::vector<Refusal>> commit(Socket& socket, const Transaction& transaction) {
  std::vector<Refusal> out;
  if (transaction.empty()) return out;
  auto refused = TRY(within(socket.transact(NFNL_SUBSYS_NFTABLES, transaction.messages()), "nftables"));
  std::ranges::sort(refused, {}, &Socket::Refused::index);
  for (auto& [index, error, number] : refused) {
    out.push_back({index < transaction.messages().size() ? transaction.object_of(index) : std::string(),
                   std::move(error), number});
  }
  return out;
}

}  // namespace weft::kernel::nft
