#include "schema/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <tuple>

namespace weft::schema {

namespace {

/// Removes members whose name comes again later.
void drop_overwritten(std::vector<Member>& members) {
  std::vector<std::size_t> order(members.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(members[a].first, a) < std::tie(members[b].first, b);
  });
  std::vector<bool> overwritten(members.size());
  for (std::size_t i = 0; i + 1 < order.size(); ++i) {
    overwritten[order[i]] = members[order[i]].first == members[order[i + 1]].first;
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (overwritten[i]) continue;
    if (kept != i) members[kept] = std::move(members[i]);
    ++kept;
  }
  members.erase(members.begin() + static_cast<std::ptrdiff_t>(kept), members.end());
}

/// Whether a name comes twice. Small objects are the rule, and comparing each pair is quickest there.
bool has_repeated(const std::vector<Member>& members) {
  if (members.size() > 32) return true;  // let the sort find out
  for (std::size_t i = 1; i < members.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (members[i].first == members[j].first) return true;
    }
  }
  return false;
}

}  // namespace

Object::Object(std::initializer_list<Member> members) : Object(std::vector<Member>(members)) {}
Object::Object(std::vector<Member> members) : members_(std::move(members)) {
  if (has_repeated(members_)) drop_overwritten(members_);
}

const Value* Object::find(std::string_view name) const {
  for (const auto& [key, value] : members_) {
    if (key == name) return &value;
  }
  return nullptr;
}

Value* Object::find(std::string_view name) { return const_cast<Value*>(std::as_const(*this).find(name)); }

void Object::set(std::string name, Value value) {
  if (Value* found = find(name)) {
    *found = std::move(value);
  } else {
    members_.emplace_back(std::move(name), std::move(value));
  }
}

bool Object::erase(std::string_view name) {
  return std::erase_if(members_, [&](const Member& member) { return member.first == name; }) > 0;
}

bool Object::empty() const { return members_.empty(); }
std::size_t Object::size() const { return members_.size(); }

bool Object::operator==(const Object& other) const {
  if (size() != other.size()) return false;
  if (members_ == other.members_) return true;
  const auto sorted = [](const Object& object) {
    std::vector<const Member*> members;
    for (const Member& member : object) members.push_back(&member);
    std::sort(members.begin(), members.end(), [](const Member* a, const Member* b) { return a->first < b->first; });
    return members;
  };
  const auto mine = sorted(*this);
  const auto theirs = sorted(other);
  return std::equal(mine.begin(), mine.end(), theirs.begin(),
                    [](const Member* a, const Member* b) { return *a == *b; });
}

Value::Value(std::uint64_t v) {
  if (v <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    v_ = static_cast<std::int64_t>(v);
  } else {
    v_ = v;
  }
}

Value::Value(double v) : v_(v) {
  if (v != std::trunc(v)) return;  // a fraction, or not a number
  if (v >= -0x1p63 && v < 0x1p63) {
    v_ = static_cast<std::int64_t>(v);
  } else if (v >= 0x1p63 && v < 0x1p64) {
    v_ = static_cast<std::uint64_t>(v);
  }
}

bool Value::is_number() const {
  return std::holds_alternative<std::int64_t>(v_) || std::holds_alternative<std::uint64_t>(v_) ||
         std::holds_alternative<double>(v_);
}

double Value::number() const {
  if (const auto* v = std::get_if<std::int64_t>(&v_)) return static_cast<double>(*v);
  if (const auto* v = std::get_if<std::uint64_t>(&v_)) return static_cast<double>(*v);
  if (const auto* v = std::get_if<double>(&v_)) return *v;
  return 0;
}

std::string_view Value::text(std::string_view name) const {
  const Value* member = at(name);
  if (!member || !member->as_string()) return {};
  return *member->as_string();
}

const Value* Value::step(std::string_view name) const {
  if (const Object* object = as_object()) return object->find(name);
  if (const Array* array = as_array()) {
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    if (error == std::errc() && end == name.data() + name.size() && index < array->size()) return &(*array)[index];
  }
  return nullptr;
}

}  // namespace weft::schema
