#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/rules.h"

/// What texts of the data model must look like (datamodel 4.4, 4.5). Called with a text, each gives nullopt or the
/// sentence for people.
namespace weft::api {

using schema::TextRule;
using Broken = std::optional<std::string>;

extern const TextRule dns_subdomain;  // labels joined by dots, at most 253 characters
extern const TextRule dns_label;      // at most 63 characters
extern const TextRule policy_name;    // of a NetworkPolicy
extern const TextRule global_policy_name;
extern const TextRule only_default;
extern const TextRule any_name;
extern const TextRule qualified_name;  // of a label or annotation
extern const TextRule label_value;
extern const TextRule port_name;
extern const TextRule http_path;
extern const TextRule container_id;
extern const TextRule regular_expression;
extern const TextRule wireguard_key;

extern const TextRule selector;
extern const TextRule selector_without_global;
extern const TextRule peer_namespace_selector;  // of a rule's peer: global() only as the whole

extern const TextRule strict_cidr;            // with a prefix length, host bits clear
extern const TextRule loose_cidr;             // with a prefix length
extern const TextRule cidr_or_address;        // host bits clear
extern const TextRule loose_cidr_or_address;  // anything net::Cidr::parse_loose reads
extern const TextRule address;                // IPv4 or IPv6
extern const TextRule ipv4;
extern const TextRule ipv6;
extern const TextRule address_with_port;  // 10.0.0.1, 10.0.0.1:180, fd00::1, [fd00::1]:180
extern const TextRule mac;
extern const TextRule host_cidr;          // a single address
extern const TextRule protocol_spelling;  // TCP, never tcp
extern const TextRule port_protocol;      // one that has ports
extern const TextRule interface_name;
extern const TextRule ignored_interface;
extern const TextRule interface_pattern;
extern const TextRule community_value;         // 16bit:16bit or 32:32:32
extern const TextRule strict_community_value;  // the same without leading zeros

}  // namespace weft::api
