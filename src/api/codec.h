#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/cidr.h"
#include "schema/schema.h"

/// Text to struct and back, and where objects lie. Instantiated in codec.cc for every kind of kinds.h.
namespace weft::api {

/// From the stored value (or any JSON of the object); defaults that apply on read are filled in (datamodel 4.3).
/// Does not validate. `T` is any kind of this folder, or Block, Handle, BlockAffinity, IpamConfig.
template <class T>
Result<T> from_json(std::string_view json);
template <class T>
Result<T> from_value(const schema::Value& value);

/// The value as Calico stores it (datamodel 2.2): no resourceVersion, kind and apiVersion set, empty members left out.
template <class T>
std::string to_json(const T& object);
/// As `get -o yaml` shows it: with resourceVersion.
template <class T>
schema::Value to_value(const T& object);

/// Everything wrong with the object, at once; empty when it is valid. (datamodel 4.5)
template <class T>
std::vector<schema::Problem> validate(const T& object);
/// Fills in what a create or update fills in (datamodel 4.3).
template <class T>
void set_defaults(T& object);

/// "/calico/resources/v3/projectcalico.org/networkpolicies/default/allow-db", "/calico/ipam/v2/handle/x", …
template <class T>
std::string path_of(const T& object);
/// Key prefix of all objects of a kind, with the trailing slash.
template <class T>
std::string prefix_of();

/// What a resource key names.
struct ResourceKey {
  std::string kind;  // "NetworkPolicy"
  std::string namespace_;
  std::string name;
  bool operator==(const ResourceKey&) const = default;
};
/// nullopt: not the key of a known resource kind.
std::optional<ResourceKey> parse_resource_key(std::string_view path);
std::string resource_path(const ResourceKey& key);

/// IPAM keys (datamodel 1.3).
std::string block_path(const net::Cidr& cidr);
/// @param type  of affinity: host, or virtual, whose "host" is no node
std::string affinity_path(std::string_view host, const net::Cidr& cidr, std::string_view type = "host");
std::string affinity_prefix(std::string_view host, net::Family family, std::string_view type = "host");
std::string handle_path(std::string_view id);
inline constexpr std::string_view ipam_config_path = "/calico/ipam/v2/config";
std::optional<net::Cidr> parse_block_key(std::string_view path);
std::optional<std::pair<std::string, net::Cidr>> parse_affinity_key(std::string_view path,
                                                                    std::string_view type = "host");

}  // namespace weft::api
