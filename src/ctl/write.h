#pragma once

#include <string>
#include <vector>

#include "ctl/documents.h"
#include "store/store.h"

namespace weft::ctl {

enum class Verb { create, apply, replace, remove };

struct WriteOptions {
  bool skip_exists = false;      // create: one that is there already is fine
  bool skip_not_exists = false;  // delete: one that is not there is fine
  bool controller = false;       // may write what users may not: names as knp.default.x
};

/// What became of the documents.
struct Written {
  std::vector<std::string> done;  // "NetworkPolicy default/web"
  std::vector<Error> failed;
};

/// Carries out the verb on each document by itself: one that fails holds back no other.
Written write(store::Store& store, Verb verb, const std::vector<Document>& documents, const WriteOptions& options);

/// "Successfully applied 2 'NetworkPolicy' resource(s)"; of several kinds: "Successfully applied 3 resource(s)".
std::string summary(Verb verb, const std::vector<std::string>& done);

}  // namespace weft::ctl
