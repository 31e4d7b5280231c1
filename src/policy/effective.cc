#include "policy/effective.h"

#include <fmt/core.h>

#include <string_view>

#include "base/sha.h"
#include "base/strings.h"

namespace weft::policy {
namespace {

using api::Selector;

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}
std::string has(std::string_view label) { return fmt::format("has({})", label); }
std::string in_namespace(std::string_view name) { return fmt::format("{} == '{}'", namespace_label, name); }

/// `(left) && right`, or just one of them when the other is empty.
std::string both(const std::string& left, const std::string& right) {
  if (left.empty() || right.empty()) return left + right;
  return fmt::format("({}) && ({})", left, right);
}

/// The text that `field` selects with, its labels prefixed; empty when it is.
Result<std::string> prefixed(std::string_view text, std::string_view prefix, std::string_view field) {
  if (text.empty()) return std::string();
  return TRY(within(Selector::parse(text), field)).prefixed(prefix).text();
}
Result<std::string> checked(const std::string& text, std::string_view field) {
  TRY(within(Selector::parse(text), field));
  return text;
}

Result<std::string> service_accounts_part(const api::ServiceAccountMatch& match) {
  const std::string selector = TRY(prefixed(match.selector, service_account_label_prefix, "serviceAccounts.selector"));
  if (match.names.empty()) return selector;
  std::string names;
  for (const auto& name : match.names) names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", name);
  return both(selector, fmt::format("{} in {{{}}}", service_account_label, names));
}

Result<std::string> namespace_part(const api::EntityRule& side, std::string_view policy_namespace) {
  if (side.namespace_selector.empty()) return policy_namespace.empty() ? std::string() : in_namespace(policy_namespace);
  std::string text = TRY(prefixed(side.namespace_selector, namespace_label_prefix, "namespaceSelector"));
  text = replaced(std::move(text), "all()", has(namespace_label));
  return replaced(std::move(text), "global()", "!" + has(namespace_label));
}

std::string id_of(std::string_view kind, std::string_view text) {
  return fmt::format("{}:{}", kind, to_base64url(sha224(fmt::format("{}:{}", kind, text))));
}

}  // namespace

Result<Selector> selector_of(const api::NetworkPolicy& policy) {
  const auto& spec = policy.spec;
  std::string text = both(TRY(checked(spec.selector, "selector")), in_namespace(policy.metadata.namespace_));
  text =
      both(text, TRY(prefixed(spec.service_account_selector, service_account_label_prefix, "serviceAccountSelector")));
  return Selector::parse(text);
}

Result<Selector> selector_of(const api::GlobalNetworkPolicy& policy) {
  const auto& spec = policy.spec;
  std::string text = TRY(checked(spec.selector, "selector"));
  if (!spec.namespace_selector.empty()) {
    text = both(text, TRY(prefixed(spec.namespace_selector, namespace_label_prefix, "namespaceSelector")));
    text = replaced(std::move(text), "all()", has(namespace_label));
  }
  if (!spec.service_account_selector.empty()) {
    text = both(text,
                TRY(prefixed(spec.service_account_selector, service_account_label_prefix, "serviceAccountSelector")));
    text = replaced(std::move(text), "all()", has(service_account_label));
  }
  return Selector::parse(text);
}

Result<Peer> peer_of(const api::EntityRule& side, std::string_view policy_namespace) {
  std::string accounts;
  if (side.service_accounts) accounts = TRY(service_accounts_part(*side.service_accounts));
  const std::string endpoints = both(accounts, TRY(checked(side.selector, "selector")));
  const std::string unwanted = TRY(checked(side.not_selector, "notSelector"));

  std::string wanted = endpoints;
  if (!endpoints.empty() || !unwanted.empty() || !side.namespace_selector.empty()) {
    wanted = both(TRY(namespace_part(side, policy_namespace)), endpoints);
  }
  Peer peer;
  if (!wanted.empty() && !unwanted.empty())
    peer.matches = TRY(Selector::parse(fmt::format("({}) && (!({}))", wanted, unwanted)));
  else if (!wanted.empty())
    peer.matches = TRY(Selector::parse(wanted));
  else if (!unwanted.empty())
    peer.not_matches = TRY(Selector::parse(unwanted));
  return peer;
}

net::Protocol named_port_protocol(const std::optional<api::Protocol>& protocol) {
  return protocol && (protocol->value == net::udp || protocol->value == net::sctp) ? protocol->value : net::tcp;
}

std::string named_port_set_id(const Selector& selector, net::Protocol protocol, std::string_view port) {
  return id_of("n", fmt::format("{},{},{}", selector.id(), to_lower(net::to_string(protocol)), port));
}

std::string service_set_id(std::string_view namespace_, std::string_view name, bool with_ports) {
  return id_of(with_ports ? "svc" : "svcnoport", fmt::format("{}/{}", namespace_, name));
}

}  // namespace weft::policy
