#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ctl/documents.h"
#include "store/store.h"

namespace weft::ctl {

enum class Verb { create, apply, replace, remove, validate, patch };

struct WriteOptions {
  bool skip_exists = false;      // create: one that is there already is fine
  bool skip_not_exists = false;  // delete: one that is not there is fine
  bool controller = false;       // may write what users may not: names as knp.default.x
  bool dry_run = false;          // everything but the writing
  std::function<void(std::size_t done)> progress = {};
};

/// What became of one document.
struct Outcome {
  std::string where;
  api::Object object;
  Result<> result;
};

/// Carries out the verb on each document by itself: one that fails holds back no other, and an object is written whole
/// or not at all. Many documents go into few transactions.
/// @return an outcome for each, in order
std::vector<Outcome> write(store::Store& store, Verb verb, const std::vector<Document>& documents,
                           const WriteOptions& options);

/// What calicoctl does not let users write (datamodel 4.2, 4.4).
Result<> may_write(const api::Object& object, Verb verb);

}  // namespace weft::ctl
