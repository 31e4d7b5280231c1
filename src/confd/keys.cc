#include "confd/keys.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/strings.h"
#include "templates/utf8.h"

namespace weft::confd {
using namespace templates;
namespace {

std::unexpected<Error> bad_pattern() { return fail(Code::invalid, "syntax error in pattern"); }

/// One character of a bracket, which a backslash may quote.
Result<char32_t> bracket_rune(std::string_view& pattern) {
  if (pattern.empty() || pattern[0] == '-' || pattern[0] == ']') return bad_pattern();
  if (pattern[0] == '\\') pattern.remove_prefix(1);
  const Rune rune = decode_rune(pattern);
  if (rune.size == 0 || !rune.valid()) return bad_pattern();
  pattern.remove_prefix(rune.size);
  if (pattern.empty()) return bad_pattern();
  return rune.value;
}

/// Matches the part of a pattern between stars against the start of `name`.
/// @return  what is left of the name, or nullopt
Result<std::optional<std::string_view>> match_chunk(std::string_view chunk, std::string_view name) {
  bool failed = false;
  while (!chunk.empty()) {
    failed = failed || name.empty();
    switch (chunk[0]) {
      case '[': {
        char32_t rune = 0;
        if (!failed) {
          const Rune decoded = decode_rune(name);
          rune = decoded.value;
          name.remove_prefix(decoded.size);
        }
        chunk.remove_prefix(1);
        const bool negated = chunk.starts_with('^');
        if (negated) chunk.remove_prefix(1);
        bool matched = false;
        for (int ranges = 0;; ++ranges) {
          if (chunk.starts_with(']') && ranges > 0) {
            chunk.remove_prefix(1);
            break;
          }
          const char32_t low = TRY(bracket_rune(chunk));
          char32_t high = low;
          if (chunk[0] == '-') {
            chunk.remove_prefix(1);
            high = TRY(bracket_rune(chunk));
          }
          matched = matched || (low <= rune && rune <= high);
        }
        if (matched == negated) failed = true;
        continue;
      }
      case '?':
        if (!failed) {
          if (name[0] == '/') failed = true;
          name.remove_prefix(decode_rune(name).size);
        }
        chunk.remove_prefix(1);
        continue;
      case '\\':
        chunk.remove_prefix(1);
        if (chunk.empty()) return bad_pattern();
        break;
      default: break;
    }
    if (!failed) {
      failed = chunk[0] != name[0];
      name.remove_prefix(1);
    }
    chunk.remove_prefix(1);
  }
  if (failed) return std::optional<std::string_view>();
  return std::optional(name);
}

/// Where the next star outside brackets is.
std::size_t next_star(std::string_view pattern) {
  bool bracket = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    switch (pattern[i]) {
      case '\\': ++i; break;
      case '[': bracket = true; break;
      case ']': bracket = false; break;
      case '*':
        if (!bracket) return i;
        break;
      default: break;
    }
  }
  return pattern.size();
}

std::string_view parent(std::string_view key) {
  const auto slash = key.rfind('/');
  return slash == 0 || slash == key.npos ? "/" : key.substr(0, slash);
}

/// What follows `folder` in `key` when it lies below.
std::optional<std::string_view> below(std::string_view folder, std::string_view key) {
  if (folder == "/") return key.substr(1);
  if (!key.starts_with(folder) || key.size() <= folder.size() || key[folder.size()] != '/') return std::nullopt;
  return key.substr(folder.size() + 1);
}

Value list_of(const std::set<std::string>& names) { return Value::strings({names.begin(), names.end()}); }

std::unexpected<Error> no_such_key(std::string_view key) {
  return fail(Code::not_found, fmt::format("key does not exist: {}", key));
}

Result<List> matching(const Keys& keys, const std::string& pattern, bool values_only) {
  List found;
  for (const auto& [key, value] : keys) {
    if (!TRY(match_path(pattern, key))) continue;
    found.push_back(values_only ? Value(value) : Value::pair(key, value));
  }
  return found;
}

}  // namespace

Result<bool> match_path(std::string_view pattern, std::string_view name) {
  while (!pattern.empty()) {
    bool star = false;
    while (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      star = true;
    }
    const auto end = std::min(next_star(pattern), pattern.size());
    const std::string_view chunk = pattern.substr(0, end);
    pattern.remove_prefix(end);
    if (star && chunk.empty()) return name.find('/') == name.npos;
    if (const auto rest = TRY(match_chunk(chunk, name)); rest && (rest->empty() || !pattern.empty())) {
      name = *rest;
      continue;
    }
    bool found = false;
    for (std::size_t i = 0; star && i < name.size() && name[i] != '/'; ++i) {
      const auto rest = TRY(match_chunk(chunk, name.substr(i + 1)));
      if (!rest || (pattern.empty() && !rest->empty())) continue;
      name = *rest;
      found = true;
      break;
    }
    if (found) continue;
    while (!pattern.empty()) {  // what is left must be a pattern, too
      if (pattern[0] == '*') pattern.remove_prefix(1);
      const auto next = std::min(next_star(pattern), pattern.size());
      TRY(match_chunk(pattern.substr(0, next), ""));
      pattern.remove_prefix(next);
    }
    return false;
  }
  return name.empty();
}

std::string clean_path(std::string_view path) {
  if (path.empty()) return ".";
  const bool rooted = path[0] == '/';
  std::vector<std::string> parts;
  for (auto& part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != ".." || (!rooted && (parts.empty() || parts.back() == "..")))
      parts.push_back(std::move(part));
    else if (!parts.empty())
      parts.pop_back();
  }
  const std::string joined = join(parts, "/");
  if (rooted) return "/" + joined;
  return joined.empty() ? "." : joined;
}

Functions key_functions(std::shared_ptr<const Keys> keys) {
  using Arguments = std::span<const Value>;
  Functions functions;
  functions["exists"] = {
      {type::string}, false, [keys](Arguments a) -> Result<Value> { return Value(keys->contains(a[0].as_string())); }};
  functions["get"] = {{type::string}, false, [keys](Arguments a) -> Result<Value> {
                        const auto found = keys->find(a[0].as_string());
                        if (found == keys->end()) return no_such_key(a[0].as_string());
                        return Value::pair(found->first, found->second);
                      }};
  functions["getv"] = {{type::string, type::string}, true, [keys](Arguments a) -> Result<Value> {
                         const auto found = keys->find(a[0].as_string());
                         if (found != keys->end()) return Value(found->second);
                         if (a.size() > 1) return a[1];
                         return no_such_key(a[0].as_string());
                       }};
  functions["gets"] = {{type::string}, false, [keys](Arguments a) -> Result<Value> {
                         return Value::list(TRY(matching(*keys, a[0].as_string(), false)), type::pairs);
                       }};
  functions["getvs"] = {{type::string}, false, [keys](Arguments a) -> Result<Value> {
                          List values = TRY(matching(*keys, a[0].as_string(), true));
                          std::sort(values.begin(), values.end(),
                                    [](const Value& x, const Value& y) { return x.as_string() < y.as_string(); });
                          return Value::list(std::move(values), type::strings);
                        }};
  functions["ls"] = {{type::string}, false, [keys](Arguments a) -> Result<Value> {
                       const std::string folder = clean_path("/" + a[0].as_string());
                       std::set<std::string> names;
                       for (const auto& [key, value] : *keys) {
                         if (key == folder)
                           names.insert(key.substr(key.rfind('/') + 1));
                         else if (const auto rest = below(folder, key))
                           names.insert(std::string(rest->substr(0, rest->find('/'))));
                       }
                       return list_of(names);
                     }};
  functions["lsdir"] = {{type::string}, false, [keys](Arguments a) -> Result<Value> {
                          const std::string folder = clean_path("/" + a[0].as_string());
                          std::set<std::string> names;
                          for (const auto& [key, value] : *keys) {
                            const auto rest = below(folder, parent(key));
                            if (rest && !rest->empty()) names.insert(std::string(rest->substr(0, rest->find('/'))));
                          }
                          return list_of(names);
                        }};
  return functions;
}

}  // namespace weft::confd
