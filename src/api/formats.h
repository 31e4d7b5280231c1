#pragma once

#include <optional>
#include <string>
#include <string_view>

/// What texts of the data model must look like: nullopt when they do, otherwise the sentence for people (datamodel 4.4,
/// 4.5).
namespace weft::api {

using Broken = std::optional<std::string>;

Broken dns_subdomain(std::string_view text);  // labels joined by dots, at most 253 characters
Broken dns_label(std::string_view text);      // at most 63 characters
Broken policy_name(std::string_view text);    // of a NetworkPolicy
Broken global_policy_name(std::string_view text);
Broken bgp_configuration_name(std::string_view text);  // default or node.<name>
Broken only_default(std::string_view text);
Broken any_name(std::string_view text);

Broken selector(std::string_view text);
Broken selector_without_global(std::string_view text);
/// Of a rule's peer: global() only as the whole.
Broken peer_namespace_selector(std::string_view text);

Broken strict_cidr(std::string_view text);  // with a prefix length, host bits clear
Broken cidr_or_address(std::string_view text);
Broken address(std::string_view text);  // IPv4 or IPv6
Broken ipv4(std::string_view text);
Broken address_with_port(std::string_view text);  // 10.0.0.1, 10.0.0.1:180, fd00::1, [fd00::1]:180
Broken mac(std::string_view text);
Broken host_cidr(std::string_view text);          // a single address
Broken protocol_spelling(std::string_view text);  // TCP, never tcp
Broken interface_name(std::string_view text);
Broken ignored_interface(std::string_view text);
Broken container_id(std::string_view text);
Broken community_value(std::string_view text);  // 16bit:16bit or 32:32:32

}  // namespace weft::api
