#include <algorithm>
#include <utility>

#include "confd/backend.h"
#include "confd/resource.h"
#include "store/mirror.h"

namespace weft::confd {
namespace {

/// Roots without those that lie below another.
std::vector<std::string> outermost(std::vector<std::string> roots) {
  std::sort(roots.begin(), roots.end());
  std::vector<std::string> kept;
  for (auto& root : roots) {
    if (std::none_of(kept.begin(), kept.end(), [&](const std::string& outer) { return is_below(outer, root); }))
      kept.push_back(std::move(root));
  }
  return kept;
}

struct Mirrors final : Backend::Subscription {
  std::vector<std::unique_ptr<store::Mirror>> mirrors;
};

class StoreBackend final : public Backend {
 public:
  explicit StoreBackend(store::Store& store) : store_(store) {}

  Result<Keys> read(const std::vector<std::string>& roots) override {
    Keys keys;
    for (const auto& root : outermost(roots)) {
      for (auto& entry : TRY(store_.list(root)).entries) {
        if (is_below(root, entry.key)) keys.insert_or_assign(std::move(entry.key), std::move(entry.value));
      }
    }
    return keys;
  }

  std::unique_ptr<Subscription> watch(const std::vector<std::string>& roots, std::function<void()> changed) override {
    auto subscription = std::make_unique<Mirrors>();
    for (const auto& root : outermost(roots)) {
      store::MirrorOptions options;
      options.prefix = root;
      options.wanted = [root](std::string_view key) { return is_below(root, key); };
      const auto on_changes = [changed, first = true](std::span<const store::Event> events, store::Revision,
                                                      bool in_sync) mutable {
        if (!in_sync || (events.empty() && !first)) return;
        first = false;
        changed();
      };
      subscription->mirrors.push_back(std::make_unique<store::Mirror>(store_, std::move(options), on_changes));
    }
    return subscription;
  }

 private:
  store::Store& store_;
};

}  // namespace

std::unique_ptr<Backend> store_backend(store::Store& store) { return std::make_unique<StoreBackend>(store); }

}  // namespace weft::confd
