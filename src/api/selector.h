#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace weft::api {

/// Looks a label up; nullptr when absent. The pointer is valid while the labels are.
using LabelLookup = std::function<const std::string*(std::string_view name)>;

/// A parsed selector (datamodel 5). Copies share the parsed tree.
class Selector {
 public:
  Selector();  // all()
  /// Nesting is bounded by memory only. Errors say the column and what was expected there.
  static Result<Selector> parse(std::string_view text);
  static const Selector& all();

  /// Canonical text (datamodel 5.3).
  const std::string& text() const;
  /// "s:" + unpadded base64url(SHA-224("s:" + text)).
  const std::string& id() const;

  bool matches(const std::map<std::string, std::string>& labels) const;
  bool matches(const LabelLookup& labels) const;

  /// What any matching label set must have, for indexing: per label, present and, when `values` is given, one of them.
  struct Restriction {
    std::optional<std::set<std::string>> values;  // nullopt: any value
    bool operator==(const Restriction&) const = default;
  };
  using Restrictions = std::map<std::string, Restriction>;
  const Restrictions& restrictions() const;

  /// The same selector over labels whose names start with `prefix`: P(prefix, s) of datamodel 5.4.
  Selector prefixed(std::string_view prefix) const;

  bool operator==(const Selector& other) const { return text() == other.text(); }

 private:
  struct Tree;
  explicit Selector(std::shared_ptr<const Tree> tree) : tree_(std::move(tree)) {}
  std::shared_ptr<const Tree> tree_;
};

}  // namespace weft::api
