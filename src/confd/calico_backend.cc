#include <algorithm>
#include <list>
#include <mutex>
#include <set>
#include <utility>

#include "base/log.h"
#include "base/strings.h"
#include "client/sync.h"
#include "confd/backend.h"
#include "confd/resource.h"

namespace weft::confd {
namespace {

/// Rows as they are in the store, and what is subscribed. Filled on the store's thread, read on the program's.
class CalicoBackend final : public Backend {
 public:
  CalicoBackend(store::Store& store, CalicoOptions options) : options_(std::move(options)) {
    input_.node = options_.node;
    input_.router_id = options_.router_id;
    input_.secrets = secrets_at(options_.secrets);
    sync_ = std::make_unique<client::Sync>(
        store,
        std::set<std::string_view>{"Node", "IPPool", "BGPConfiguration", "BGPPeer", "BlockAffinity",
                                   "FelixConfiguration", "ClusterInformation"},
        [this](api::Changes changes) { on(std::move(changes)); });
  }

  Result<Keys> read(const std::vector<std::string>& roots) override {
    const std::lock_guard lock(mutex_);
    if (!in_sync_) return fail(Code::unavailable, "the store has not been read yet");
    // Emptied, or not set up yet: no cluster that we are to know nothing of any more.
    if (!cluster_.contains("default")) return fail(Code::unavailable, "there is no ClusterInformation default");
    input_.workload_prefixes = interface_prefixes();
    const bgp::View view = bgp::make_view(input_);
    for (const auto& problem : view.problems) {
      if (said_.insert(problem).second) log::warning(problem);
    }
    std::erase_if(said_, [&](const std::string& problem) {
      return std::find(view.problems.begin(), view.problems.end(), problem) == view.problems.end();
    });

    Keys keys;
    for (auto& [key, value] : bgp::view_keys(input_, view)) {
      if (std::any_of(roots.begin(), roots.end(), [&](const std::string& root) { return is_below(root, key); }))
        keys.emplace(key, std::move(value));
    }
    return keys;
  }

  std::unique_ptr<Subscription> watch(const std::vector<std::string>&, std::function<void()> changed) override {
    const std::lock_guard lock(mutex_);
    if (in_sync_) changed();
    watchers_.push_back(std::move(changed));
    return std::make_unique<Listener>(*this, std::prev(watchers_.end()));
  }

 private:
  using Watchers = std::list<std::function<void()>>;

  struct Listener final : Subscription {
    Listener(CalicoBackend& owner, Watchers::iterator at) : owner_(owner), at_(at) {}
    ~Listener() override {
      const std::lock_guard lock(owner_.mutex_);
      owner_.watchers_.erase(at_);
    }
    CalicoBackend& owner_;
    Watchers::iterator at_;
  };

  template <class Rows, class Delta>
  static void take(Rows& rows, Delta delta, bool& changed) {
    table::apply(rows, std::move(delta), [&](const auto&, const auto*, const auto*) { changed = true; });
  }

  void on(api::Changes changes) {
    const std::lock_guard lock(mutex_);
    bool changed = changes.in_sync && !in_sync_;
    in_sync_ = in_sync_ || changes.in_sync;
    take(input_.nodes, std::move(changes.nodes), changed);
    take(input_.pools, std::move(changes.pools), changed);
    take(input_.configurations, std::move(changes.bgp_configurations), changed);
    take(input_.peers, std::move(changes.bgp_peers), changed);
    take(felix_, std::move(changes.felix_configurations), changed);
    take(cluster_, std::move(changes.cluster_information), changed);
    std::erase_if(changes.affinities.rows, [&](const auto& row) { return row.first.first != options_.node; });
    take(input_.affinities, std::move(changes.affinities), changed);
    if (!changed || !in_sync_) return;
    for (const auto& watcher : watchers_) watcher();
  }

  /// The agent's setting, by the same rules: environment, then the node's own configuration, then the default one.
  std::vector<std::string> interface_prefixes() const {
    std::string text = options_.interface_prefix;
    for (const std::string& name : {"node." + options_.node, std::string("default")}) {
      const auto found = felix_.find(name);
      const auto* value = found == felix_.end() ? nullptr : found->second.spec.find("interfacePrefix");
      if (text.empty() && value && value->as_string()) text = *value->as_string();
    }
    std::vector<std::string> prefixes;
    for (const auto& part : split(text, ',')) {
      const std::string prefix(trim(part));
      if (!prefix.empty() && prefix.find_first_of("\"\n*?[") == prefix.npos) prefixes.push_back(prefix);
    }
    if (prefixes.empty()) prefixes = {"cali"};
    return prefixes;
  }

  CalicoOptions options_;
  std::mutex mutex_;
  bgp::Input input_;
  std::map<std::string, api::FelixConfiguration> felix_;
  std::map<std::string, api::ClusterInformation> cluster_;
  bool in_sync_ = false;
  std::set<std::string> said_;
  Watchers watchers_;
  std::unique_ptr<client::Sync> sync_;  // last: it calls on() until it is gone
};

}  // namespace

std::unique_ptr<Backend> calico_backend(store::Store& store, CalicoOptions options) {
  return std::make_unique<CalicoBackend>(store, std::move(options));
}

}  // namespace weft::confd
