#include "api/bgp_filter.h"

#include <fmt/core.h>

#include "api/described.h"
#include "net/cidr.h"

namespace weft::schema {

using api::AddCommunity, api::BgpFilter, api::BgpFilterRule, api::BgpFilterSpec, api::FilterCommunities,
    api::FilterOperation, api::PrefixLengths, api::PrependAsPath, api::SetPriority;

namespace {
constexpr Range priorities{1, 2147483646};
}  // namespace

template <>
const Schema& schema_of<PrefixLengths>() {
  static const Schema schema =
      describe<PrefixLengths>("BGPFilterPrefixLength", "Lengths of prefixes, both ends included.")
          .field("min", &PrefixLengths::min, "Shortest; 0 unless given.", Range{0, 128})
          .field("max", &PrefixLengths::max, "Longest; 32 and 128 unless given.", Range{0, 128})
          .extra(&PrefixLengths::extra);
  return schema;
}

template <>
const Schema& schema_of<FilterCommunities>() {
  static const Schema schema =
      describe<FilterCommunities>("BGPFilterCommunityMatch", "Communities of a route.")
          .field("values", &FilterCommunities::values, "The route has this community.", required, AtLeast{1}, AtMost{1},
                 Format{api::strict_community_value}, Length{32})
          .extra(&FilterCommunities::extra);
  return schema;
}

template <>
const Schema& schema_of<AddCommunity>() {
  static const Schema schema = describe<AddCommunity>("BGPFilterAddCommunity", "A community to add.")
                                   .field("value", &AddCommunity::value, "The community.", required,
                                          Format{api::strict_community_value}, Length{32})
                                   .extra(&AddCommunity::extra);
  return schema;
}

template <>
const Schema& schema_of<PrependAsPath>() {
  static const Schema schema =
      describe<PrependAsPath>("BGPFilterPrependASPath", "AS numbers to put in front of the path.")
          .field("prefix", &PrependAsPath::prefix, "The numbers, the first foremost.", required, AtLeast{1}, AtMost{10})
          .extra(&PrependAsPath::extra);
  return schema;
}

template <>
const Schema& schema_of<SetPriority>() {
  static const Schema schema = describe<SetPriority>("BGPFilterSetPriority", "A priority to give the route.")
                                   .field("value", &SetPriority::value, "Metric in the kernel.", required, priorities)
                                   .extra(&SetPriority::extra);
  return schema;
}

namespace {
constexpr std::string_view one_operation = "must have exactly one of addCommunity, prependASPath and setPriority";
}  // namespace

template <>
const Schema& schema_of<FilterOperation>() {
  static const Schema schema =
      describe<FilterOperation>("BGPFilterOperation", "What is done to an accepted route.")
          .field("addCommunity", &FilterOperation::add_community, "Add a community.")
          .field("prependASPath", &FilterOperation::prepend_as_path, "Put AS numbers in front of the path.")
          .field("setPriority", &FilterOperation::set_priority, "Give the route a priority.")
          .extra(&FilterOperation::extra)
          .check(
              [](const FilterOperation& o, const Report& report) {
                if (o.add_community.has_value() + o.prepend_as_path.has_value() + o.set_priority.has_value() != 1)
                  report("", api::value_of(o), std::string(one_operation));
              },
              {{"", one_operation, true}});
  return schema;
}

template <>
const Schema& schema_of<BgpFilterRule>() {
  using Rule = BgpFilterRule;
  static const Schema schema =
      describe<Rule>("BGPFilterRule", "A rule for routes; all that is given must match.")
          .field("cidr", &Rule::cidr, "Prefix that the route's is compared with; with matchOperator.",
                 Format{api::strict_cidr}, Length{43})
          .field("prefixLength", &Rule::prefix_length, "Lengths of the route's prefix; with cidr.")
          .field("source", &Rule::source, "Where the route comes from: any, or other peers of the cluster.",
                 OneOf{{"RemotePeers"}})
          .field("interface", &Rule::interface, "Interface of the route.", Format{api::interface_pattern})
          .field("matchOperator", &Rule::match_operator, "How the prefix compares to cidr.",
                 OneOf{{"Equal", "NotEqual", "In", "NotIn"}})
          .field("peerType", &Rule::peer_type, "Peers of another AS, or of the same.", OneOf{{"eBGP", "iBGP"}})
          .field("communities", &Rule::communities, "Communities of the route.")
          .field("asPathPrefix", &Rule::as_path_prefix, "AS numbers that the route's path begins with.")
          .field("priority", &Rule::priority, "Metric of the route in the kernel.", priorities)
          .field("action", &Rule::action, "What is done with the route.", required, OneOf{{"Accept", "Reject"}})
          .field("operations", &Rule::operations, "What is changed of an accepted route, in order.", AtMost{10})
          .extra(&Rule::extra)
          .rule("matchOperator", "cidr and matchOperator must both be set or both be empty",
                [](const Rule& r) { return r.cidr.empty() != r.match_operator.empty(); })
          .rule("prefixLength", "cidr is required when prefixLength is set",
                [](const Rule& r) { return r.prefix_length && r.cidr.empty(); })
          .rule("operations", "operations may only be used with action Accept",
                [](const Rule& r) { return !r.operations.empty() && r.action != "Accept"; });
  return schema;
}

namespace {

void check_families(const BgpFilterSpec& spec, const Report& report) {
  const auto check = [&](std::string_view list, const std::vector<BgpFilterRule>& rules, bool v4) {
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const auto at = [&](std::string_view member) { return fmt::format("{}[{}].{}", list, i, member); };
      const auto cidr = net::Cidr::parse(rules[i].cidr);
      if (cidr && cidr->ip().is_v4() != v4) {
        report(at("cidr"), rules[i].cidr, v4 ? "must be an IPv4 prefix" : "must be an IPv6 prefix");
      }
      if (!v4 || !rules[i].prefix_length) continue;
      const auto& [min, max, extra] = *rules[i].prefix_length;
      if (min && *min > 32) report(at("prefixLength.min"), *min, "must be in 0..32");
      if (max && *max > 32) report(at("prefixLength.max"), *max, "must be in 0..32");
    }
  };
  check("exportV4", spec.export_v4, true);
  check("importV4", spec.import_v4, true);
  check("exportV6", spec.export_v6, false);
  check("importV6", spec.import_v6, false);
}

}  // namespace

template <>
const Schema& schema_of<BgpFilterSpec>() {
  static const Schema schema =
      describe<BgpFilterSpec>("BGPFilterSpec", "Rules by direction and family; the first that matches decides.")
          .field("exportV4", &BgpFilterSpec::export_v4, "IPv4 routes sent to the peer.")
          .field("importV4", &BgpFilterSpec::import_v4, "IPv4 routes taken from the peer.")
          .field("exportV6", &BgpFilterSpec::export_v6, "IPv6 routes sent to the peer.")
          .field("importV6", &BgpFilterSpec::import_v6, "IPv6 routes taken from the peer.")
          .extra(&BgpFilterSpec::extra)
          .check(check_families, {{"exportV4", "cidr must be of the list's family"},
                                  {"exportV4", "prefixLength must be in 0..32 for IPv4"}});
  return schema;
}

template <>
const Schema& schema_of<BgpFilter>() {
  static const Schema schema =
      describe<BgpFilter>("BGPFilter", "Which routes are sent to BGP peers and taken from them.")
          .resource("bgpfilters", {"bgpf", "bgpfs", "bf", "bfs"})
          .example(R"(metadata:
  name: only-pools
spec:
  exportV4:
    - cidr: 10.65.0.0/16
      matchOperator: In
      action: Accept
      operations:
        - addCommunity:
            value: 64512:100
    - action: Reject
)")
          .field("metadata", &BgpFilter::metadata, "Name and labels.", always)
          .field("spec", &BgpFilter::spec, "The rules.", always)
          .extra(&BgpFilter::extra)
          .check(api::check_name<BgpFilter>(api::dns_subdomain, false))
          .column("NAME", Show::always, api::name_column)
          .column("NUMEXPORTV4", Show::always,
                  [](const auto& f, const Facts&) { return std::to_string(f.spec.export_v4.size()); })
          .column("NUMIMPORTV4", Show::always,
                  [](const auto& f, const Facts&) { return std::to_string(f.spec.import_v4.size()); })
          .column("NUMEXPORTV6", Show::always,
                  [](const auto& f, const Facts&) { return std::to_string(f.spec.export_v6.size()); })
          .column("NUMIMPORTV6", Show::always,
                  [](const auto& f, const Facts&) { return std::to_string(f.spec.import_v6.size()); });
  return schema;
}

}  // namespace weft::schema
