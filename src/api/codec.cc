#include "api/codec.h"

#include "api/described.h"
#include "api/kinds.h"
#include "schema/document.h"

namespace weft::api {

namespace {

template <class T>
concept Resource = requires(T& object) { object.metadata; };

template <class T>
Result<T> decode(schema::Value value) {
  T object = TRY(schema::read<T>(std::move(value)));
  const schema::Schema& schema = schema::schema_of<T>();
  schema::fill_defaults(schema, &object, true);
  if constexpr (Resource<T>) {
    object.metadata.extra.erase("selfLink");
    if constexpr (Received<T>) after_read(object);
  }
  return object;
}

template <class T>
const Kind& kind_of() {
  static const Kind& kind = *find_kind(schema::schema_of<T>().kind);
  return kind;
}

}  // namespace

template <class T>
Result<T> from_json(std::string_view json) {
  if constexpr (std::is_same_v<T, BlockAffinity>) {
    if (json.empty()) return BlockAffinity{};  // written before v3: confirmed
  }
  return decode<T>(TRY(schema::parse_json(json)));
}

template <class T>
Result<T> from_value(const schema::Value& value) {
  return decode<T>(value);
}

template <class T>
std::string to_json(const T& object) {
  if constexpr (Prepared<T>) {
    T prepared = object;
    before_store(prepared);
    return schema::write(schema::schema_of<T>(), &prepared, true);
  } else {
    return schema::write(schema::schema_of<T>(), &object, true);
  }
}

template <class T>
schema::Value to_value(const T& object) {
  auto value = schema::parse_json(schema::write(schema::schema_of<T>(), &object, false));
  CHECK(value);
  return std::move(*value);
}

template <class T>
std::vector<schema::Problem> validate(const T& object) {
  return schema::validate(schema::schema_of<T>(), &object);
}

template <class T>
void set_defaults(T& object) {
  schema::fill_defaults(schema::schema_of<T>(), &object, false);
}

template <class T>
std::string path_of(const T& object) {
  if constexpr (Resource<T>) return path_of(kind_of<T>(), object.metadata);
  if constexpr (std::is_same_v<T, Block>) return block_path(object.cidr);
  if constexpr (std::is_same_v<T, Handle>) return handle_path(object.id);
  if constexpr (std::is_same_v<T, BlockAffinity>) return affinity_path(object.host, object.cidr);
  if constexpr (std::is_same_v<T, IpamConfig>) return std::string(ipam_config_path);
}

template <class T>
std::string prefix_of() {
  if constexpr (Resource<T>) return prefix_of(kind_of<T>());
  if constexpr (std::is_same_v<T, Block>) return "/calico/ipam/v2/assignment/";
  if constexpr (std::is_same_v<T, Handle>) return "/calico/ipam/v2/handle/";
  if constexpr (std::is_same_v<T, BlockAffinity>) return "/calico/ipam/v2/host/";
  if constexpr (std::is_same_v<T, IpamConfig>) return std::string(ipam_config_path);
}

#define WEFT_CODEC(T)                                       \
  template Result<T> from_json(std::string_view);           \
  template Result<T> from_value(const schema::Value&);      \
  template std::string to_json(const T&);                   \
  template schema::Value to_value(const T&);                \
  template std::vector<schema::Problem> validate(const T&); \
  template void set_defaults(T&);                           \
  template std::string path_of(const T&);                   \
  template std::string prefix_of<T>();

WEFT_KINDS(WEFT_CODEC)
#undef WEFT_CODEC

}  // namespace weft::api
