#include "dataplane/ruleset.h"

#include <fmt/core.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/log.h"
#include "dataplane/ruleset_names.h"
#include "dataplane/ruleset_wanted.h"
#include "kernel/nft.h"

namespace weft::dataplane {

namespace nft = kernel::nft;

namespace {

constexpr std::size_t large_transaction = 128 << 10;  // bytes; some thousand elements
constexpr int most_attempts = 64;                     // each but the first leaves out something more
constexpr std::string_view chain_mark = "chain ", set_mark = "set ";

/// What the kernel says when the table is not as we remember it.
bool stale(int number) { return number == ENOENT || number == EEXIST || number == EBUSY; }

/// The first few objects of a transaction.
std::string objects_of(const nft::Transaction& tx) {
  constexpr std::size_t most = 5;
  std::set<std::string> objects;
  for (std::size_t i = 0; i < tx.messages().size(); ++i) objects.insert(tx.object_of(i));
  std::string text;
  std::size_t count = 0;
  for (const auto& object : objects) {
    if (object.empty() || count++ >= most) continue;
    if (!text.empty()) text += ", ";
    text += object;
  }
  if (count > most) text += fmt::format(" and {} more", count - most);
  return text;
}

std::vector<std::uint64_t> hashes(const nft::Chain& chain) {
  std::vector<std::uint64_t> out;
  for (const auto& rule : chain.rules) out.push_back(rule.hash());
  return out;
}

}  // namespace

struct Ruleset::Inner {
  using Present = std::map<std::string, nft::Snapshot::ChainState>;

  /// What becomes of our memory when a transaction is in force.
  struct Outcome {
    Present written;
    std::vector<std::string> removed;
  };

  Result<> open();
  Result<> read();
  Outcome plan(nft::Transaction& tx);
  void remember(Outcome outcome);
  Result<> leave_out(const std::vector<nft::Refusal>& refusals);
  std::vector<Refused> report() const;

  WantedTable wanted;
  std::optional<kernel::Socket> socket;
  bool known = false;  // `present` and the sets' states are what the kernel has
  bool reread = false;
  std::string found;  // by the sync after a reread
  bool table_exists = false;
  bool rebuild = false;  // something in the table is of the wrong kind: make all of it anew
  Present present;
  std::set<std::string> foreign_sets;
  std::uint32_t generation = 0;
};

Result<> Ruleset::Inner::open() {
  if (!socket) socket = TRY(within(kernel::Socket::open(NETLINK_NETFILTER), "nftables"));
  return {};
}

Result<> Ruleset::Inner::read() {
  auto snapshot = TRY(within(nft::read(*socket, std::string(table_name)), "reading table inet weft"));
  table_exists = snapshot.exists;
  rebuild = snapshot.exists && snapshot.flags != 0;
  present = std::move(snapshot.chains);
  foreign_sets.clear();

  for (auto& [name, chain] : present) {
    if (!wanted.wants(name)) {
      wanted.dirty().insert(name);
      rebuild = rebuild || chain.hook.has_value();
    } else if (chain.hook != wanted.render(name).hook) {
      rebuild = true;
    }
  }
  auto& sets = wanted.sets();
  for (const auto& [name, set] : sets.kernel()) {
    const auto found = snapshot.sets.find(name);
    if (found == snapshot.sets.end()) {
      sets.found(name, std::nullopt);
    } else {
      rebuild = rebuild || !found->second.set.same_as(set.definition());
      sets.found(name, std::move(found->second.elements));
    }
  }
  for (const auto& [name, state] : snapshot.sets) {
    if (!sets.kernel().contains(name)) foreign_sets.insert(name);
  }
  if (rebuild) {
    if (!reread) log::warning("table inet weft is not as we left it and is made anew");
    present.clear();
    foreign_sets.clear();
    for (const auto& [name, set] : sets.kernel()) sets.found(name, std::nullopt);
  }
  wanted.all_dirty();
  known = true;
  return {};
}

/// The order matters: what is named exists before it is named, and goes after the last that named it.
Ruleset::Inner::Outcome Ruleset::Inner::plan(nft::Transaction& tx) {
  Outcome outcome;
  auto& sets = wanted.sets();
  wanted.follow_sets();

  if (rebuild) tx.remove_table();
  if (rebuild || !table_exists) tx.add_table();

  for (const auto& name : sets.dirty()) {
    const auto it = sets.kernel().find(name);
    if (it == sets.kernel().end() || it->second.exists() || it->second.retired()) continue;
    tx.about(std::string(set_mark) + name);
    tx.add(it->second.definition());
  }

  std::vector<nft::Chain> rewrite;
  for (const auto& name : wanted.dirty()) {
    if (!wanted.wants(name)) continue;
    auto chain = wanted.render(name);
    const auto before = present.find(name);
    auto rules = hashes(chain);
    if (before != present.end() && before->second.rules == rules) continue;
    if (before == present.end()) {
      tx.about(std::string(chain_mark) + name);
      tx.add(chain);
    }
    outcome.written.insert_or_assign(name, nft::Snapshot::ChainState{chain.hook, std::move(rules)});
    rewrite.push_back(std::move(chain));
  }

  for (const auto& name : sets.dirty()) {
    const auto it = sets.kernel().find(name);
    if (it == sets.kernel().end() || it->second.retired()) continue;
    tx.about(std::string(set_mark) + name);
    const auto [gone, fresh] = it->second.difference();
    tx.remove(it->second.definition(), gone);
    tx.add(it->second.definition(), fresh);
  }

  for (const auto& chain : rewrite) {
    tx.about(std::string(chain_mark) + chain.name);
    const auto before = present.find(chain.name);
    if (before != present.end() && !before->second.rules.empty()) tx.flush(chain.name);
    for (const auto& rule : chain.rules) tx.add(chain.name, rule);
  }

  for (const auto& name : wanted.dirty()) {
    if (wanted.wants(name) || !present.contains(name)) continue;
    outcome.removed.push_back(name);
    tx.about(std::string(chain_mark) + name);
    tx.flush(name);
  }
  // Sets that nobody wants may be maps that lead to chains that nobody wants: they go first.
  for (const auto& name : sets.dirty()) {
    const auto it = sets.kernel().find(name);
    if (it == sets.kernel().end() || !it->second.retired() || !it->second.exists()) continue;
    tx.about(std::string(set_mark) + name);
    tx.remove_set(name);
  }
  for (const auto& name : foreign_sets) {
    tx.about(std::string(set_mark) + name);
    tx.remove_set(name);
  }
  for (const auto& name : outcome.removed) {
    tx.about(std::string(chain_mark) + name);
    tx.remove_chain(name);
  }
  return outcome;
}

void Ruleset::Inner::remember(Outcome outcome) {
  for (auto& [name, chain] : outcome.written) present.insert_or_assign(name, std::move(chain));
  for (const auto& name : outcome.removed) present.erase(name);
  wanted.sets().done();
  wanted.dirty().clear();
  foreign_sets.clear();
  table_exists = true;
  rebuild = false;
}

/// Closes what the kernel refuses, so that everything else can go on.
Result<> Ruleset::Inner::leave_out(const std::vector<nft::Refusal>& refusals) {
  bool progress = false;
  for (const auto& [object, error, number] : refusals) {
    const bool set = object.starts_with(set_mark);
    bool closed = false;
    if (set)
      closed = wanted.close_set(object.substr(set_mark.size()), error);
    else if (object.starts_with(chain_mark))
      closed = wanted.close(object.substr(chain_mark.size()), error);
    if (closed)
      log::error("the kernel refuses it; it denies everything until that changes",
                 {{"object", object}, {"error", error.message}});
    progress = progress || closed;
    if (set || stale(number)) break;  // what follows may be refused only because of this
  }
  if (progress) return {};
  auto error = refusals.front().error;
  return std::unexpected(
      std::move(error).within(refusals.front().object.empty() ? "table inet weft" : refusals.front().object));
}

std::vector<Ruleset::Refused> Ruleset::Inner::report() const {
  std::vector<Refused> out;
  for (auto& [object, error] : wanted.refused()) out.push_back({object, error});
  return out;
}

Ruleset::Ruleset() : inner_(std::make_unique<Inner>()) {}
Ruleset::~Ruleset() = default;

void Ruleset::on(const plan::Changes& changes) { inner_->wanted.on(changes); }

void Ruleset::reread() {
  inner_->known = false;
  inner_->reread = true;
  inner_->wanted.retry();
}

const std::string& Ruleset::found() const { return inner_->found; }

Ruleset::Sizes Ruleset::sizes() const {
  auto& sets = inner_->wanted.sets();
  return {.chains = inner_->present.size(), .sets = sets.kernel().size(), .elements = sets.elements()};
}

std::uint32_t Ruleset::generation() const { return inner_->generation; }

Result<std::vector<Ruleset::Refused>> Ruleset::sync(const Hear& hear) {
  auto& in = *inner_;
  TRY(in.open());
  in.found.clear();
  if (in.wanted.has_refused() && in.wanted.dirty().empty() && in.wanted.sets().dirty().empty()) in.wanted.retry();
  bool just_read = false;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    if (!in.known) {
      TRY(in.read());
      just_read = true;
    }
    nft::Transaction tx{std::string(table_name)};
    const std::string_view kind = in.rebuild         ? "chains, sets or flags of another kind"
                                  : !in.table_exists ? "the table is gone"
                                                     : "";
    auto outcome = in.plan(tx);
    if (in.reread && just_read && !tx.empty()) in.found = kind.empty() ? objects_of(tx) : kind;
    if (tx.empty()) {
      in.reread = false;
      in.remember(std::move(outcome));
      return in.report();
    }
    const auto before = TRY(nft::generation(*in.socket));
    const bool quiet = hear && tx.bytes() > large_transaction;
    if (quiet) TRY(hear(false));
    auto refusals = nft::commit(*in.socket, tx);
    if (quiet) {
      if (auto heard = hear(true); !heard) {
        in.known = false;
        return std::unexpected(std::move(heard.error()));
      }
    }
    if (!refusals) {
      in.known = false;
      return std::unexpected(std::move(refusals.error()));
    }
    if (refusals->empty()) {
      in.reread = false;
      in.remember(std::move(outcome));
      const auto after = TRY(nft::generation(*in.socket));
      const bool alone = after == before + 1;
      if (quiet && !alone) {  // somebody else's change between, that nobody heard of
        reread();
        continue;
      }
      // Of one that was heard of, the events of both are looked at.
      in.generation = alone ? after : before;
      return in.report();
    }
    if (quiet && TRY(nft::generation(*in.socket)) != before) in.known = false;
    if (!just_read && (stale(refusals->front().number) || refusals->front().object.empty())) {
      in.known = false;
      continue;
    }
    TRY(in.leave_out(*refusals));
  }
  return fail(Code::internal, "table inet weft: the kernel refuses one change after another");
}

Result<> Ruleset::remove() {
  auto socket = TRY(within(kernel::Socket::open(NETLINK_NETFILTER), "nftables"));
  nft::Transaction tx{std::string(table_name)};
  tx.add_table();  // so that one that is not there is fine
  tx.remove_table();
  const auto refusals = TRY(nft::commit(socket, tx));
  if (!refusals.empty()) return std::unexpected(refusals.front().error);
  return {};
}

}  // namespace weft::dataplane
