#include "client/resources.h"

#include <sys/random.h>

#include <array>

#include <fmt/core.h>

#include "api/kind_list.h"
#include "client/objects.h"
#include "schema/description.h"

namespace weft::client {
namespace {

template <class T>
const api::Kind& kind() {
  static const api::Kind* const found = api::find_kind(schema::schema_of<T>().kind);
  CHECK(found != nullptr);
  return *found;
}

/// The same object, of a kind that is not known to who looks at it.
template <class T>
api::Object erased(T& object) {
  return {&kind<T>(), std::shared_ptr<void>(std::shared_ptr<void>(), &object)};
}

template <class T>
T typed(const api::Object& object) {
  return std::move(*static_cast<T*>(object.data.get()));
}

}  // namespace

template <class T>
Result<T> get(store::Store& store, std::string_view name, std::string_view namespace_) {
  return typed<T>(TRY(get(store, kind<T>(), name, namespace_)));
}

template <class T>
Result<List<T>> list(store::Store& store, std::string_view namespace_) {
  auto objects = TRY(list(store, kind<T>(), namespace_));
  List<T> all{.items = {}, .undecodable = std::move(objects.undecodable), .revision = objects.revision};
  for (const auto& object : objects.items) all.items.push_back(typed<T>(object));
  return all;
}

template <class T>
Result<> create(store::Store& store, T& object) {
  return create(store, erased(object));
}
template <class T>
Result<> update(store::Store& store, T& object) {
  return update(store, erased(object));
}
template <class T>
Result<> apply(store::Store& store, T& object) {
  return apply(store, erased(object));
}
template <class T>
Result<store::Op> create_op(T& object) {
  return create_op(erased(object));
}
template <class T>
Result<store::Op> update_op(T& object) {
  return update_op(erased(object));
}

template <class T>
Result<T> modify(store::Store& store, std::string_view name, const std::function<Result<>(T&)>& change,
                 std::string_view namespace_) {
  constexpr int most_tries = 100;
  for (int tries = 0; tries < most_tries; ++tries) {
    T object = TRY(get<T>(store, name, namespace_));
    const T before = object;
    TRY(within(change(object), title(kind<T>(), name, namespace_)));
    if (object == before) return object;
    const auto updated = update(store, object);
    if (updated) return object;
    if (updated.error().code != Code::conflict) return std::unexpected(updated.error());
  }
  return fail(Code::conflict, fmt::format("{}: changed by others {} times while it was written",
                                          title(kind<T>(), name, namespace_), most_tries));
}

template <class T>
Result<> remove(store::Store& store, std::string_view name, std::string_view namespace_, store::Revision expected) {
  return remove(store, kind<T>(), name, namespace_, expected);
}

#define WEFT_CLIENT_KIND(T)                                                                                \
  template Result<api::T> get(store::Store&, std::string_view, std::string_view);                          \
  template Result<List<api::T>> list(store::Store&, std::string_view);                                     \
  template Result<> create(store::Store&, api::T&);                                                        \
  template Result<> update(store::Store&, api::T&);                                                        \
  template Result<> apply(store::Store&, api::T&);                                                         \
  template Result<api::T> modify(store::Store&, std::string_view, const std::function<Result<>(api::T&)>&, \
                                 std::string_view);                                                        \
  template Result<> remove<api::T>(store::Store&, std::string_view, std::string_view, store::Revision);    \
  template Result<store::Op> create_op(api::T&);                                                           \
  template Result<store::Op> update_op(api::T&);

WEFT_RESOURCES(WEFT_CLIENT_KIND)
#undef WEFT_CLIENT_KIND

Result<> ensure_initialized(store::Store& store) {
  const auto ensure = [&](auto object) -> Result<> {
    // A look first: mostly they are there, and a refused create costs the store more than a read.
    if (auto there = get<decltype(object)>(store, object.metadata.name);
        there || there.error().code != Code::not_found) {
      return there ? Result<>() : std::unexpected(there.error());
    }
    auto made = create(store, object);
    if (!made && made.error().code == Code::exists) return {};
    return made;
  };
  struct BuiltIn {
    const char* name;
    double order;
    api::Action action;
  };
  for (const auto& [name, order, action] :
       {BuiltIn{"kube-admin", 1000, api::Action::pass}, BuiltIn{"default", 1000000, api::Action::deny},
        BuiltIn{"kube-baseline", 10000000, api::Action::pass}}) {
    api::Tier tier;
    tier.metadata.name = name;
    tier.spec.order = order;
    tier.spec.default_action = action;
    TRY(ensure(tier));
  }
  api::ClusterInformation information;
  information.metadata.name = "default";
  std::array<std::uint8_t, 16> guid;
  CHECK(::getrandom(guid.data(), guid.size(), 0) == static_cast<ssize_t>(guid.size()));
  for (const auto byte : guid) information.spec.cluster_guid += fmt::format("{:02x}", byte);
  information.spec.datastore_ready = true;
  return ensure(information);
}

}  // namespace weft::client
