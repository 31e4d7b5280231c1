#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "templates/escape.h"
#include "templates/print.h"
#include "templates/template.h"

namespace weft::templates {
namespace {

using Kind = Value::Kind;
using Arguments = std::span<const Value>;

std::unexpected<Error> bad(std::string message) { return fail(Code::invalid, std::move(message)); }

// Indexing.

Result<std::size_t> index_of(const Value& index, std::size_t largest) {
  std::int64_t at = 0;
  if (index.kind() == Kind::integer)
    at = index.as_integer();
  else if (index.kind() == Kind::natural)
    at = static_cast<std::int64_t>(index.as_natural());
  else if (index.is_absent() || index.is_nil())
    return bad("cannot index slice/array with nil");
  else
    return bad(fmt::format("cannot index slice/array with type {}", index.type()));
  if (at < 0 || static_cast<std::uint64_t>(at) > largest) return bad(fmt::format("index out of range: {}", at));
  return static_cast<std::size_t>(at);
}

Result<Value> index(Arguments arguments) {
  Value item = arguments[0];
  if (item.is_absent() || item.is_nil()) return bad("index of untyped nil");
  for (const Value& at : arguments.subspan(1)) {
    switch (item.kind()) {
      case Kind::nil: return bad("index of nil pointer");
      case Kind::list: {
        const List& list = item.as_list();
        const std::size_t i = TRY(index_of(at, list.size()));
        if (i == list.size()) return bad(fmt::format("reflect: slice index out of range"));
        item = Value(list[i]);
        break;
      }
      case Kind::string: {
        const std::string& text = item.as_string();
        const std::size_t i = TRY(index_of(at, text.size()));
        if (i == text.size()) return bad("reflect: string index out of range");
        item = Value::natural(static_cast<unsigned char>(text[i]));
        break;
      }
      case Kind::map: {
        if (at.is_absent() || at.is_nil()) return bad("value is nil; should be of type string");
        if (at.kind() != Kind::string) return bad(fmt::format("value has type {}; should be string", at.type()));
        const auto found = item.as_map().find(at.as_string());
        if (found != item.as_map().end())
          item = Value(found->second);
        else
          item = item.type() == type::string_map ? Value("") : Value::nil();
        break;
      }
      default: return bad(fmt::format("can't index item of type {}", item.type()));
    }
  }
  return item;
}

Result<Value> slice(Arguments arguments) {
  const Value& item = arguments[0];
  const auto indexes = arguments.subspan(1);
  if (item.is_absent() || item.is_nil()) return bad("slice of untyped nil");
  if (indexes.size() > 3) return bad(fmt::format("too many slice indexes: {}", indexes.size()));
  const bool is_string = item.kind() == Kind::string;
  if (!is_string && item.kind() != Kind::list) return bad(fmt::format("can't slice item of type {}", item.type()));
  if (is_string && indexes.size() == 3) return bad("cannot 3-index slice a string");
  const std::size_t size = is_string ? item.as_string().size() : item.as_list().size();
  std::array<std::size_t, 3> at{0, size, size};
  for (std::size_t i = 0; i < indexes.size(); ++i) at[i] = TRY(index_of(indexes[i], size));
  if (at[0] > at[1]) return bad(fmt::format("invalid slice index: {} > {}", at[0], at[1]));
  if (at[1] > at[2]) return bad(fmt::format("invalid slice index: {} > {}", at[1], at[2]));
  if (is_string) return Value(item.as_string().substr(at[0], at[1] - at[0]));
  const auto begin = item.as_list().begin();
  return Value::list(List(begin + static_cast<std::ptrdiff_t>(at[0]), begin + static_cast<std::ptrdiff_t>(at[1])),
                     item.type());
}

Result<Value> length(Arguments arguments) {
  const Value& item = arguments[0];
  switch (item.kind()) {
    case Kind::absent: return bad("reflect: call of reflect.Value.Type on zero Value");
    case Kind::nil: return bad("len of nil pointer");
    case Kind::list: return Value(static_cast<std::int64_t>(item.as_list().size()));
    case Kind::map: return Value(static_cast<std::int64_t>(item.as_map().size()));
    case Kind::string: return Value(static_cast<std::int64_t>(item.as_string().size()));
    default: return bad(fmt::format("len of type {}", item.type()));
  }
}

// Comparison.

bool is_basic(const Value& v) {
  return v.kind() == Kind::boolean || v.kind() == Kind::integer || v.kind() == Kind::natural ||
         v.kind() == Kind::real || v.kind() == Kind::string;
}
bool is_nothing(const Value& v) { return v.is_absent() || v.is_nil(); }

std::unexpected<Error> incompatible(const Value& a, const Value& b) {
  return bad(fmt::format("incompatible types for comparison: {} and {}", a.type(), b.type()));
}

/// -1, 0 or 1 for values of the same basic kind, or integers of either sign.
Result<int> compare(const Value& a, const Value& b) {
  const auto order = [](const auto& x, const auto& y) { return x < y ? -1 : y < x ? 1 : 0; };
  if (a.kind() == Kind::integer && b.kind() == Kind::natural)
    return a.as_integer() < 0 ? -1 : order(static_cast<std::uint64_t>(a.as_integer()), b.as_natural());
  if (a.kind() == Kind::natural && b.kind() == Kind::integer)
    return b.as_integer() < 0 ? 1 : order(a.as_natural(), static_cast<std::uint64_t>(b.as_integer()));
  if (a.kind() != b.kind()) return incompatible(a, b);
  switch (a.kind()) {
    case Kind::boolean: return order(a.as_bool(), b.as_bool());
    case Kind::integer: return order(a.as_integer(), b.as_integer());
    case Kind::natural: return order(a.as_natural(), b.as_natural());
    case Kind::real: return a.as_real() == b.as_real() ? 0 : a.as_real() < b.as_real() ? -1 : 1;
    default: return order(a.as_string(), b.as_string());
  }
}

Result<bool> same(const Value& a, const Value& b) {
  if (is_basic(a) && is_basic(b)) return TRY(compare(a, b)) == 0;
  if (is_nothing(a) || is_nothing(b)) return is_nothing(a) && is_nothing(b);
  if (is_basic(a) || is_basic(b)) return incompatible(a, b);
  if (a.kind() != b.kind())
    return bad(
        fmt::format("non-comparable types {}: {}, {}: {}", sprint({&a, 1}), a.type(), b.type(), sprint({&b, 1})));
  if (a.kind() != Kind::record) return bad(fmt::format("non-comparable type {}: {}", sprint({&b, 1}), b.type()));
  if (a.type() != b.type() || a.as_record().size() != b.as_record().size()) return false;
  for (std::size_t i = 0; i < a.as_record().size(); ++i) {
    if (!TRY(same(a.as_record()[i].second, b.as_record()[i].second))) return false;
  }
  return true;
}

Result<bool> equal(Arguments arguments) {
  if (arguments.size() < 2) return bad("missing argument for comparison");
  for (const Value& other : arguments.subspan(1)) {
    if (TRY(same(arguments[0], other))) return true;
  }
  return false;
}

Result<bool> less(const Value& a, const Value& b) {
  if (!is_basic(a) || !is_basic(b)) return bad("invalid type for comparison");
  if (a.kind() == Kind::boolean && b.kind() == Kind::boolean) return bad("invalid type for comparison");
  return TRY(compare(a, b)) < 0;
}

template <class Test>
Callable comparison(Test test) {
  return {{type::raw, type::raw}, false, [test](Arguments a) -> Result<Value> { return Value(TRY(test(a))); }};
}

// Text.

/// What html, js and urlquery work on: as an action would print it.
std::string shown(Arguments arguments) {
  List printable(arguments.begin(), arguments.end());
  for (Value& v : printable) {
    if (is_nothing(v)) v = Value("<no value>");
  }
  return sprint(printable);
}

template <class Escape>
Callable escaping(Escape escape) {
  return {{type::any}, true, [escape](Arguments a) -> Result<Value> { return Value(escape(shown(a))); }};
}

Functions make() {
  // and, or, call are special: the interpreter evaluates their arguments itself.
  const auto special = [](Arguments) -> Result<Value> { return bad("not to be called directly"); };
  Functions functions;
  functions["and"] = {{type::raw, type::raw}, true, special};
  functions["or"] = {{type::raw, type::raw}, true, special};
  functions["call"] = {{type::raw, type::raw}, true, special};
  functions["not"] = {{type::raw}, false, [](Arguments a) -> Result<Value> { return Value(!a[0].truth()); }};
  functions["index"] = {{type::raw, type::raw}, true, index};
  functions["slice"] = {{type::raw, type::raw}, true, slice};
  functions["len"] = {{type::raw}, false, length};
  functions["print"] = {{type::any}, true, [](Arguments a) -> Result<Value> { return Value(sprint(a)); }};
  functions["println"] = {{type::any}, true, [](Arguments a) -> Result<Value> { return Value(sprintln(a)); }};
  functions["printf"] = {{type::string, type::any}, true, [](Arguments a) -> Result<Value> {
                           return Value(sprintf(a[0].as_string(), a.subspan(1)));
                         }};
  functions["html"] = escaping(escape_html);
  functions["js"] = escaping(escape_js);
  functions["urlquery"] = escaping(escape_query);
  functions["eq"] = {{type::raw, type::raw}, true, [](Arguments a) -> Result<Value> { return Value(TRY(equal(a))); }};
  functions["ne"] = comparison([](Arguments a) -> Result<bool> { return !TRY(equal(a)); });
  functions["lt"] = comparison([](Arguments a) { return less(a[0], a[1]); });
  functions["ge"] = comparison([](Arguments a) -> Result<bool> { return !TRY(less(a[0], a[1])); });
  functions["le"] = comparison([](Arguments a) -> Result<bool> { return TRY(less(a[0], a[1])) || TRY(equal(a)); });
  functions["gt"] = comparison([](Arguments a) -> Result<bool> { return !TRY(less(a[0], a[1])) && !TRY(equal(a)); });
  return functions;
}

}  // namespace

const Functions& builtin_functions() {
  static const Functions functions = make();
  return functions;
}

}  // namespace weft::templates
