#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/kinds.h"
#include "store/store.h"

/// Access to resources of any kind, as the command line needs it; resources.h is the same for a kind known in the code.
/// Defaults, uid, timestamps and revisions as Calico's client does it (datamodel 2.1, 4.1, 4.3). An object that breaks
/// a rule of its description is Code::invalid with everything wrong with it.
namespace weft::client {

/// "NetworkPolicy(default/allow-db)"
std::string title(const api::Kind& kind, std::string_view name, std::string_view namespace_);

Result<api::Object> get(store::Store& store, const api::Kind& kind, std::string_view name,
                        std::string_view namespace_ = {});

struct ObjectList {
  std::vector<api::Object> items;
  std::vector<Error> undecodable;
  store::Revision revision = 0;
};
Result<ObjectList> list(store::Store& store, const api::Kind& kind, std::string_view namespace_ = {});

Result<store::Op> create_op(const api::Object& object);
Result<store::Op> update_op(const api::Object& object);
Result<> create(store::Store& store, const api::Object& object);
Result<> update(store::Store& store, const api::Object& object);
/// Creates or replaces. With a resource_version only at that revision.
Result<> apply(store::Store& store, const api::Object& object);
/// Replaces what is there, keeping its uid and creation time; Code::not_found when nothing is. With a resource_version
/// only at that revision, otherwise retried on conflict.
Result<> replace(store::Store& store, const api::Object& object);
Result<> remove(store::Store& store, const api::Kind& kind, std::string_view name, std::string_view namespace_ = {},
                store::Revision expected = 0);

}  // namespace weft::client
