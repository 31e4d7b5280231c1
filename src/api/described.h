#pragma once

// For the descriptions in this folder only: what they share.

#include <string>

#include "api/formats.h"
#include "api/kind_list.h"
#include "schema/describe.h"

// JSON of the value types.
namespace weft::schema {

template <>
struct Codec<net::Cidr> {  // forgiving: host bits are cleared, a bare address is a /32 or /128
  static std::string form() { return "prefix"; }
  static std::optional<std::string> read(Value& value, net::Cidr& out);
  static void write(std::string& out, const net::Cidr& cidr);
};
template <>
struct Codec<api::Protocol> {
  static std::string form() { return "protocol"; }
  static Shape shape() { return {.kind = Shape::Kind::whole_or_text, .range = Range{1, 255}}; }
  static std::optional<std::string> read(Value& value, api::Protocol& out);
  static void write(std::string& out, const api::Protocol& protocol);
};
template <>
struct Codec<api::Port> {
  static std::string form() { return "port"; }
  static Shape shape() { return {.kind = Shape::Kind::whole_or_text, .range = Range{0, 65535}}; }
  static std::optional<std::string> read(Value& value, api::Port& out);
  static void write(std::string& out, const api::Port& port);
};
template <>
struct Codec<api::Duration> {
  static std::string form() { return "duration"; }
  static Shape shape() {
    return {.kind = Shape::Kind::text,
            .pattern = R"(^[-+]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$)"};
  }
  static std::optional<std::string> read(Value& value, api::Duration& out);
  static void write(std::string& out, const api::Duration& duration);
};
template <>
struct Codec<api::AsNumber> {
  static std::string form() { return "AS number"; }
  static Shape shape() {
    return {.kind = Shape::Kind::whole_or_text,
            .range = Range{0, 0xffffffff},
            .pattern = R"(^0*([0-9]{1,10}|[0-9]{1,5}\.0*[0-9]{1,5})$)"};
  }
  static std::optional<std::string> read(Value& value, api::AsNumber& out);
  static void write(std::string& out, const api::AsNumber& number);
};

template <>
const Schema& schema_of<api::Metadata>();
template <>
const Schema& schema_of<api::Rule>();
#define WEFT_DESCRIBED(T) \
  template <>             \
  const Schema& schema_of<api::T>();
WEFT_KINDS(WEFT_DESCRIBED)
#undef WEFT_DESCRIBED

}  // namespace weft::schema

namespace weft::api {

std::span<const schema::Named<Action>> names_of(Action);
std::span<const schema::Named<PolicyType>> names_of(PolicyType);
std::span<const schema::Named<EncapMode>> names_of(EncapMode);
std::span<const schema::Named<StagedAction>> names_of(StagedAction);

/// What a kind does when an object was read from the store and before it is stored, beyond its fields. Most do nothing.
template <class T>
concept Received = requires(T& object) { after_read(object); };
template <class T>
concept Prepared = requires(T& object) { before_store(object); };
void after_read(NetworkPolicy& policy);
void after_read(GlobalNetworkPolicy& policy);
void after_read(StagedNetworkPolicy& policy);
void after_read(StagedGlobalNetworkPolicy& policy);
void before_store(NetworkPolicy& policy);
void before_store(GlobalNetworkPolicy& policy);
void before_store(StagedNetworkPolicy& policy);
void before_store(StagedGlobalNetworkPolicy& policy);
void before_store(FelixConfiguration& configuration);

/// Of a policy's or profile's rules: what depends on the direction. Paths begin with ingress or egress.
void check_directions(const std::vector<Rule>& ingress, const std::vector<Rule>& egress, const schema::Report& report);

/// The members of a FelixConfiguration's spec: parameters of the agents. It is kept as it is written, in no struct.
const schema::Schema& felix_spec();
extern const TextRule dscp;  // 0..63, or a name such as EF

/// Problems of a FelixConfiguration's spec; paths begin with spec.
void check_felix_spec(const schema::Object& spec, const schema::Report& report);

inline bool has_ports(const Protocol& protocol) {
  return protocol.value == net::tcp || protocol.value == net::udp || protocol.value == net::sctp;
}

/// Names of labels; names and size of annotations.
void check_label_names(const Labels& labels, std::string_view path, const schema::Report& report);
void check_annotations(const Labels& annotations, std::string_view path, const schema::Report& report);

/// All of a struct, for a problem that is not about one member.
template <class T>
schema::Value value_of(const T& object) {
  std::string json;
  schema::Writer writer{json};
  schema::write_struct(schema::schema_of<T>(), writer, &object);
  return *schema::parse_json(json);
}

/// A long cell of a table: at most 80 characters.
std::string shortened(std::string text);

/// An order as a table shows it: "<nil>", "100", "1e+06".
std::string order_text(const std::optional<double>& order);

/// The column that nearly every kind has.
inline constexpr auto name_column = [](const auto& object, const schema::Facts&) { return object.metadata.name; };

/// Reports a name that breaks the rule of its kind, and a namespace that is missing or too much.
template <class T>
auto check_name(const TextRule& rule, bool namespaced) {
  return [&rule, namespaced](const T& object, const schema::Report& report) {
    const Metadata& metadata = object.metadata;
    if (metadata.name.empty()) {
      report("metadata.name", {}, "is required");
    } else if (auto broken = rule(metadata.name)) {
      report("metadata.name", metadata.name, *broken);
    }
    if (namespaced && metadata.namespace_.empty()) report("metadata.namespace", {}, "is required");
    if (!namespaced && !metadata.namespace_.empty()) {
      report("metadata.namespace", metadata.namespace_, "must be absent: objects of this kind belong to the cluster");
    }
  };
}

}  // namespace weft::api
