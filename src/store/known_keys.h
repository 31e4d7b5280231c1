#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/store.h"

namespace weft::store {

/// Which text of a key was sent on. The revision alone does not say it: a restored store gives revisions a second time.
struct Sent {
  Revision revision;
  std::size_t hash;
  bool operator==(const Sent&) const = default;
};

/// What was sent of each key. A store's keys lie in few folders, whose names are the longer part and held once.
class KnownKeys {
 public:
  /// Null: nothing.
  const Sent* find(std::string_view key) const {
    const auto [folder, name] = split(key);
    const auto keys = folders_.find(folder);
    if (keys == folders_.end()) return nullptr;
    const auto it = keys->second.find(name);
    return it == keys->second.end() ? nullptr : &it->second;
  }
  void put(std::string_view key, Sent sent) {
    const auto [folder, name] = split(key);
    auto keys = folders_.find(folder);
    if (keys == folders_.end()) keys = folders_.try_emplace(std::string(folder)).first;
    const auto it = keys->second.find(name);
    if (it != keys->second.end()) {
      it->second = sent;
      return;
    }
    keys->second.emplace(name, sent);
    ++size_;
  }
  void erase(std::string_view key) {
    const auto [folder, name] = split(key);
    const auto keys = folders_.find(folder);
    if (keys == folders_.end()) return;
    const auto it = keys->second.find(name);
    if (it == keys->second.end()) return;
    keys->second.erase(it);
    --size_;
    if (keys->second.empty()) folders_.erase(keys);
  }
  /// Calls `use(key, sent)` for each, in no particular order.
  template <class Use>
  void each(Use use) const {
    for (const auto& [folder, keys] : folders_) {
      for (const auto& [name, sent] : keys) use(folder + name, sent);
    }
  }
  std::size_t size() const { return size_; }

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  template <class T>
  using ByName = std::unordered_map<std::string, T, Hash, std::equal_to<>>;

  /// The folder with its slash, and the rest.
  static std::pair<std::string_view, std::string_view> split(std::string_view key) {
    const auto slash = key.rfind('/');
    const std::size_t at = slash == key.npos ? 0 : slash + 1;
    return {key.substr(0, at), key.substr(at)};
  }

  ByName<ByName<Sent>> folders_;
  std::size_t size_ = 0;
};

}  // namespace weft::store
