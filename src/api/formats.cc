// Formats of names, labels and selectors.
#include <algorithm>

#include "api/formats.h"
#include "api/pattern.h"
#include "api/selector.h"
#include "base/strings.h"

namespace weft::api {

namespace {

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_lower_or_digit(char c) { return is_lower(c) || is_digit(c); }
bool is_alphanumeric(char c) { return is_lower_or_digit(c) || is_upper(c); }

bool is_label(std::string_view text, std::size_t most) {
  return !text.empty() && text.size() <= most && is_lower_or_digit(text.front()) && is_lower_or_digit(text.back()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

bool is_subdomain(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  const auto labels = split(text, '.');
  return std::all_of(labels.begin(), labels.end(), [](const std::string& label) { return is_label(label, 253); });
}

bool is_one_or_two_labels(std::string_view text) {
  const auto labels = split(text, '.');
  return !labels.empty() && labels.size() <= 2 &&
         std::all_of(labels.begin(), labels.end(), [](const std::string& l) { return is_label(l, 253); });
}

Broken when(bool broken, std::string_view sentence) { return broken ? Broken(sentence) : std::nullopt; }

constexpr std::string_view subdomain_rule =
    "must be lower-case letters, digits, '-' and '.', beginning and ending with a letter or digit, at most 253 "
    "characters";

namespace check {

Broken dns_subdomain(std::string_view text) { return when(!is_subdomain(text), subdomain_rule); }

Broken dns_label(std::string_view text) {
  return when(
      !is_label(text, 63),
      "must be lower-case letters, digits and '-', beginning and ending with a letter or digit, at most 63 characters");
}

Broken global_policy_name(std::string_view text);

Broken policy_name(std::string_view text) {
  for (const std::string_view prefix : {"knp.default.", "ossg.default."}) {
    if (text.starts_with(prefix)) return when(!is_subdomain(text.substr(prefix.size())), subdomain_rule);
  }
  return global_policy_name(text);
}

Broken global_policy_name(std::string_view text) {
  return when(!is_one_or_two_labels(text),
              "must be one or two names joined by '.', each of lower-case letters, digits and '-'");
}

Broken only_default(std::string_view text) { return when(text != "default", "must be default"); }
Broken any_name(std::string_view text) { return when(text.empty(), "is required"); }

Broken selector(std::string_view text) {
  auto parsed = Selector::parse(text);
  return parsed ? std::nullopt : Broken("is no selector: " + parsed.error().message);
}

/// Selectors hold global() only unquoted; strings are skipped.
bool mentions_global(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (text.substr(i).starts_with("global(")) {
      return true;
    }
  }
  return false;
}

Broken selector_without_global(std::string_view text) {
  if (auto broken = selector(text)) return broken;
  return when(mentions_global(text), "may not use global()");
}

Broken peer_namespace_selector(std::string_view text) {
  if (auto broken = selector(text)) return broken;
  return when(mentions_global(text) && Selector::parse(text)->text() != "global()",
              "may use global() only as the whole selector");
}

/// A label's or annotation's name: an optional DNS subdomain and '/', then at most 63 characters.
Broken qualified_name(std::string_view text) {
  const auto slash = text.find('/');
  const std::string_view name = slash == text.npos ? text : text.substr(slash + 1);
  const auto good_char = [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; };
  const bool good = !name.empty() && name.size() <= 63 && is_alphanumeric(name.front()) &&
                    is_alphanumeric(name.back()) && std::all_of(name.begin(), name.end(), good_char) &&
                    (slash == text.npos || is_subdomain(text.substr(0, slash)));
  return when(!good,
              "name part must consist of alphanumeric characters, '-', '_' or '.', at most 63, with an optional DNS "
              "subdomain and '/' in front");
}

Broken label_value(std::string_view text) {
  const auto good_char = [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; };
  const bool good = text.empty() || (text.size() <= 63 && is_alphanumeric(text.front()) &&
                                     is_alphanumeric(text.back()) && std::all_of(text.begin(), text.end(), good_char));
  return when(
      !good,
      "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', at most 63");
}

/// Of a port, as IANA's service names (RFC 6335).
Broken port_name(std::string_view text) {
  const bool good = !text.empty() && text.size() <= 15 && text.front() != '-' && text.back() != '-' &&
                    text.find("--") == text.npos && std::any_of(text.begin(), text.end(), is_lower) &&
                    std::all_of(text.begin(), text.end(), [](char c) { return is_lower_or_digit(c) || c == '-'; });
  return when(!good, "must be 1 to 15 lower-case letters, digits and single '-', with a letter");
}

Broken container_id(std::string_view text) {
  const bool good = !text.empty() && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
                    std::all_of(text.begin(), text.end(), [&](char c) { return is_alphanumeric(c) || c == '-'; });
  return when(!good, "must be letters, digits and '-', beginning and ending with a letter or digit");
}

Broken http_path(std::string_view text) {
  return when(!text.starts_with('/') || text.find_first_of("? #") != text.npos,
              "must start with `/` and not contain `?`, `#` or blanks");
}

Broken regular_expression(std::string_view text) {
  const auto parsed = Pattern::parse(text);
  if (parsed) return std::nullopt;
  return "is no regular expression: " + parsed.error().message;
}

Broken wireguard_key(std::string_view text) {
  const bool good = text.size() == 44 && text.ends_with('=') && std::all_of(text.begin(), text.end() - 1, [](char c) {
                      return is_alphanumeric(c) || c == '+' || c == '/';
                    });
  return when(!good, "must be a WireGuard key: 32 bytes in base64");
}

}  // namespace check
}  // namespace

const TextRule dns_subdomain{.doc = "a DNS subdomain",
                             .pattern = R"(^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$)",
                             .check = check::dns_subdomain};
const TextRule dns_label{
    .doc = "a DNS label", .pattern = "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$", .check = check::dns_label};
const TextRule policy_name{
    .doc = "one or two DNS labels joined by a dot; or knp.default. or ossg.default. and a DNS subdomain",
    .check = check::policy_name};
const TextRule global_policy_name{.doc = "one or two DNS labels joined by a dot",
                                  .pattern = R"(^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?$)",
                                  .check = check::global_policy_name};
const TextRule only_default{.doc = "default", .pattern = "^default$", .check = check::only_default};
const TextRule any_name{.doc = "a name", .check = check::any_name};
const TextRule qualified_name{.doc = "a name of labels, with an optional DNS subdomain and a slash in front",
                              .check = check::qualified_name};
const TextRule label_value{.doc = "a value of labels",
                           .pattern = "^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$",
                           .check = check::label_value};
const TextRule port_name{.doc = "the name of a port", .check = check::port_name};
const TextRule http_path{
    .doc = "a path of HTTP, without query and fragment", .pattern = "^/[^?# ]*$", .check = check::http_path};
const TextRule container_id{.doc = "the id of a container",
                            .pattern = "^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$",
                            .check = check::container_id};
const TextRule selector{.doc = "a selector", .check = check::selector};
const TextRule selector_without_global{.doc = "a selector without global()", .check = check::selector_without_global};
const TextRule peer_namespace_selector{.doc = "a selector, or global() alone", .check = check::peer_namespace_selector};
const TextRule regular_expression{.doc = "a regular expression", .check = check::regular_expression};
const TextRule wireguard_key{
    .doc = "a WireGuard key", .pattern = "^[A-Za-z0-9+/]{43}=$", .check = check::wireguard_key};

}  // namespace weft::api
