#pragma once

#include <set>
#include <string>

#include "base/result.h"
#include "confd/keys.h"
#include "confd/resource.h"

namespace weft::confd {

struct RenderOptions {
  bool noop = false;             // only say what would change
  bool sync_only = false;        // neither check nor reload
  bool keep_stage_file = false;  // leave the staged file where it is

  bool operator==(const RenderOptions&) const = default;
};

enum class Outcome {
  in_sync,       // the file is as it should be
  changed,       // replaced, and its reader told
  would_change,  // but noop
};

/// The output of a resource's template over keys as they are in the store.
Result<std::string> render(const Resource& resource, const Keys& keys);

/// Keeps the files of resources as their templates want them.
class Renderer {
 public:
  explicit Renderer(RenderOptions options) : options_(options) {}

  /// Renders, and if the file differs (content, mode or owner): stages the new one beside it, has it checked, replaces
  /// the file atomically and reloads its reader. Whatever fails leaves the old file as it was; the error of a check has
  /// what the checker said. A reload that failed is tried again the next time, even if nothing changed.
  Result<Outcome> process(const Resource& resource, const Keys& keys);

 private:
  Result<> reload(const Resource& resource);

  RenderOptions options_;
  std::set<std::string> not_reloaded_;  // files that changed, but whose reader does not know yet
};

}  // namespace weft::confd
