#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "kernel/netlink.h"

/// nf_tables: rows of a table (chains, rules, sets, elements), one transaction that changes them together, and what is
/// there now. Knows nothing of policies. What a rule is made of: nft_part.h.
namespace weft::kernel::nft {

/// One member of a set or map. Keys are bytes in network order, each field of a concatenation padded to four bytes.
struct Element {
  std::string key;
  std::string until;  // of an interval: the first key after it; empty: to the end of the space (or no interval)
  std::string chain;  // of a verdict map: the chain to jump to
  auto operator<=>(const Element&) const = default;
};

/// A set, or a map from keys to jumps.
struct Set {
  std::string name;
  std::uint32_t key_type = 0;    // as the nft program numbers data types, so that it can print the elements
  std::uint32_t key_length = 0;  // bytes
  bool interval = false;
  bool verdicts = false;
  std::string comment;

  /// Comments do not count.
  bool same_as(const Set& other) const {
    return name == other.name && key_type == other.key_type && key_length == other.key_length &&
           interval == other.interval && verdicts == other.verdicts;
  }
};

/// Elements of a set that one rule alone uses.
struct AnonymousSet {
  std::uint32_t key_type = 0;
  std::uint32_t key_length = 0;
  bool interval = false;
  std::vector<Element> elements;
};

/// One expression of a rule, encoded. A lookup in an anonymous set is completed when the rule joins a transaction.
struct Expression {
  std::string name;  // "meta", "payload", "cmp", …
  Bytes attributes;
  std::shared_ptr<const AnonymousSet> set;
};

/// A piece of a rule: what `nft list` prints for it, and the expressions.
struct Part {
  std::string text;
  std::vector<Expression> expressions;
};

/// A rule of a chain.
struct Rule {
  std::string text;
  std::string comment;  // at most 127 bytes
  std::vector<Expression> expressions;

  /// Stands for everything the kernel is told of this rule; kept with the rule in the kernel, so that after a restart
  /// we know it again.
  std::uint64_t hash() const;
};

/// Empty texts are left out of the rule's.
Rule rule(std::span<const Part> parts, std::string comment = {});

/// Where a base chain hangs.
struct Hook {
  std::string type;        // "filter", "nat"
  std::uint32_t hook = 0;  // NF_INET_…
  std::int32_t priority = 0;
  bool operator==(const Hook&) const = default;
};

struct Chain {
  std::string name;
  std::optional<Hook> hook;  // a base chain; its policy is accept
  std::string comment;
  std::vector<Rule> rules;
};

/// What the kernel holds of our table.
struct Snapshot {
  struct ChainState {
    std::optional<Hook> hook;
    std::vector<std::uint64_t> rules;  // their hashes; 0: a rule that is not ours
  };
  struct SetState {
    Set set;
    std::set<Element> elements;
  };
  bool exists = false;
  std::uint32_t flags = 0;  // of the table: dormant, owner
  std::map<std::string, ChainState> chains;
  std::map<std::string, SetState> sets;
};

/// Changes of one table of family inet that happen together or not at all. In the order they are added.
class Transaction {
 public:
  explicit Transaction(std::string table) : table_(std::move(table)) {}

  /// What the messages from here on are about: a refusal names it.
  void about(std::string object) { object_ = std::move(object); }

  void add_table();
  void remove_table();
  void add(const Set& set);
  void remove_set(const std::string& name);
  void add(const Set& set, std::span<const Element> elements);
  void remove(const Set& set, std::span<const Element> elements);
  /// The chain without its rules.
  void add(const Chain& chain);
  void remove_chain(const std::string& name);
  void flush(const std::string& chain);
  void add(const std::string& chain, const Rule& rule);

  std::span<const Message> messages() const { return messages_; }
  const std::string& object_of(std::size_t message) const { return objects_[message]; }
  bool empty() const { return messages_.empty(); }
  std::size_t bytes() const;

 private:
  void push(int type, int flags, Bytes attributes);
  void elements(int type, int flags, const Set& set, std::uint32_t set_id, std::span<const Element> list);

  std::string table_;
  std::string object_;
  std::vector<Message> messages_;
  std::vector<std::string> objects_;
  std::uint32_t set_id_ = 0;
};

/// A refused message of a transaction; nothing of it came into force.
struct Refusal {
  std::string object;  // empty: the transaction as a whole
  Error error;
  int number = 0;  // errno
};

/// Sends the transaction as one batch and waits for the kernel's answer. @return what was refused, in order of the
/// messages; empty: everything is in force
Result<std::vector<Refusal>> commit(Socket& socket, const Transaction& transaction);

/// Everything in the table `inet <name>`; `exists` is false when there is none.
Result<Snapshot> read(Socket& socket, const std::string& table);

/// The ruleset's generation: grows with every transaction of anybody in this namespace.
Result<std::uint32_t> generation(Socket& socket);

}  // namespace weft::kernel::nft
