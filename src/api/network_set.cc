#include "api/network_set.h"

#include "api/described.h"

namespace weft::api {

void NetList::push_back(const net::Cidr& net, bool bare) {
  if (bare) {
    bare_.resize(nets_.size() + 1);
    bare_.back() = true;
  }
  nets_.push_back(net);
}

}  // namespace weft::api

namespace weft::schema {

using api::GlobalNetworkSet, api::NetList, api::NetworkSet, api::NetworkSetSpec;

template <>
struct type::Of<NetList> : type::Leaf {
  static std::string form() { return "list of prefix"; }
  static Shape shape() { return {Shape::Kind::list, {}, Of<net::Cidr>::shape}; }
  static void read(Reader& reader, const Path& path, const Rules& rules, Value& value, NetList& out) {
    Array* array = value.as_array();
    if (!array) {
      reader.problem(path, value, "must be a list");
      return;
    }
    out.clear();
    for (std::size_t i = 0; i < array->size(); ++i) {
      Value& element = (*array)[i];
      const bool bare = element.as_string() && element.as_string()->find('/') == std::string::npos;
      net::Cidr net;
      Of<net::Cidr>::read(reader, Path{&path, {}, static_cast<std::ptrdiff_t>(i)}, rules, element, net);
      out.push_back(net, bare);
    }
  }
  static void write(Writer& writer, const NetList& value) {
    writer.out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) writer.out += ',';
      append_json(writer.out, std::string_view(text(value, i)));
    }
    writer.out += ']';
  }
  static std::string text(const NetList& value, std::size_t i) {
    return value.is_bare(i) ? net::to_string(value[i].ip()) : net::to_string(value[i]);
  }
  static bool is_empty(const NetList& value) { return value.empty(); }
  static void check(Checker&, const Path&, const Rules&, const NetList&) {}
  static void fill(NetList&, bool) {}
};

template <>
const Schema& schema_of<NetworkSetSpec>() {
  static const Schema schema =
      describe<NetworkSetSpec>("NetworkSetSpec", "Addresses.")
          .field("nets", &NetworkSetSpec::nets, "Prefixes and addresses.", Written{api::loose_cidr_or_address})
          .extra(&NetworkSetSpec::extra);
  return schema;
}

namespace {

template <class T>
void check_labels(const T& set, const Report& report) {
  const auto label = set.metadata.labels.find("projectcalico.org/namespace");
  if (label != set.metadata.labels.end()) {
    report("metadata.labels", label->second, "projectcalico.org/namespace is not a valid label name");
  }
}

template <class T>
std::string nets_column(const T& set, const Facts&) {
  std::string text;
  for (std::size_t i = 0; i < set.spec.nets.size(); ++i) {
    if (i > 0) text += ',';
    text += type::Of<NetList>::text(set.spec.nets, i);
  }
  return api::shortened(std::move(text));
}

}  // namespace

template <>
const Schema& schema_of<GlobalNetworkSet>() {
  static const Schema schema =
      describe<GlobalNetworkSet>("GlobalNetworkSet",
                                 "Addresses outside the cluster that selectors of all namespaces can match.")
          .resource("globalnetworksets", {"gnetsets"})
          .example(R"(metadata:
  name: partners
  labels:
    role: partner
spec:
  nets:
    - 198.51.100.0/24
    - 203.0.113.7
    - 2001:db8::/32
)")
          .field("metadata", &GlobalNetworkSet::metadata, "Name and labels.", always)
          .field("spec", &GlobalNetworkSet::spec, "The addresses.", always)
          .extra(&GlobalNetworkSet::extra)
          .check(api::check_name<GlobalNetworkSet>(api::dns_subdomain, false))
          .check(check_labels<GlobalNetworkSet>,
                 {{"metadata.labels", "projectcalico.org/namespace is not a valid label name"}})
          .column("NAME", Show::always, api::name_column)
          .column("NETS", Show::wide, nets_column<GlobalNetworkSet>);
  return schema;
}

template <>
const Schema& schema_of<NetworkSet>() {
  static const Schema schema =
      describe<NetworkSet>("NetworkSet", "Addresses outside the cluster that belong to a namespace.")
          .resource("networksets", {"netsets"})
          .example(R"(metadata:
  name: mail
  namespace: shop
  labels:
    role: mail
spec:
  nets:
    - 198.51.100.25
)")
          .field("metadata", &NetworkSet::metadata, "Name and labels.", always)
          .field("spec", &NetworkSet::spec, "The addresses.", always)
          .extra(&NetworkSet::extra)
          .check(api::check_name<NetworkSet>(api::dns_subdomain, true))
          .check(check_labels<NetworkSet>,
                 {{"metadata.labels", "projectcalico.org/namespace is not a valid label name"}})
          .column("NAME", Show::always, api::name_column)
          .column("NETS", Show::wide, nets_column<NetworkSet>);
  return schema;
}

}  // namespace weft::schema
