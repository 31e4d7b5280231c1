#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "api/codec.h"
#include "store/store.h"

/// Typed access to resources in a store: defaults, uid, timestamps and revisions as Calico's client does it
/// (datamodel 2.1, 4.1, 4.3).
namespace weft::client {

/// @return Code::not_found naming kind and object
template <class T>
Result<T> get(store::Store& store, std::string_view name, std::string_view namespace_ = {});

template <class T>
struct List {
  std::vector<T> items;            // those that decode, in key order
  std::vector<Error> undecodable;  // each names its key
  store::Revision revision = 0;
};
template <class T>
Result<List<T>> list(store::Store& store, std::string_view namespace_ = {});

/// Fills defaults, uid, creation time; Code::exists when it is there. The object's resource_version is set.
template <class T>
Result<> create(store::Store& store, T& object);
/// At object.metadata.resource_version; Code::conflict when somebody changed it between.
template <class T>
Result<> update(store::Store& store, T& object);
/// Creates it, or replaces what is there keeping its uid and creation time; retried on conflict.
template <class T>
Result<> apply(store::Store& store, T& object);
/// Reads, changes, writes; on conflict again from the read, up to 100 times. `change` may refuse.
template <class T>
Result<T> modify(store::Store& store, std::string_view name, const std::function<Result<>(T&)>& change,
                 std::string_view namespace_ = {});
template <class T>
Result<> remove(store::Store& store, std::string_view name, std::string_view namespace_ = {},
                store::Revision expected = 0);

/// The op that a create or update of `object` is, for a transaction with others. Fills in as create and update do.
template <class T>
Result<store::Op> create_op(T& object);
template <class T>
Result<store::Op> update_op(T& object);

/// Creates what always exists and is missing: tiers default, kube-admin, kube-baseline and ClusterInformation
/// (datamodel 4.2).
Result<> ensure_initialized(store::Store& store);

}  // namespace weft::client
