#include "api/endpoint_name.h"

#include <array>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/strings.h"

namespace weft::api {

namespace {

constexpr std::size_t parts = 4;

std::array<std::pair<const char*, const std::string*>, parts> parts_of(const EndpointName& name) {
  return {{{"node", &name.node},
           {"orchestrator", &name.orchestrator},
           {"workload", &name.workload},
           {"endpoint", &name.endpoint}}};
}

std::string doubled(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '-') out += c;
  }
  return out;
}

/// A dash in front separates nothing.
std::vector<std::string> split_name(std::string_view text) {
  std::vector<std::string> segments{std::string(text.substr(0, 1))};
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] != '-') {
      segments.back() += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '-') {
      segments.back() += '-';
      ++i;
    } else {
      segments.emplace_back();
    }
  }
  return segments;
}

Result<std::string> make(const EndpointName& name, bool prefix) {
  std::vector<std::string> segments;
  for (const auto& [what, text] : parts_of(name)) {
    if (text->empty() && prefix && !segments.empty()) return join(segments, "-") + "-";
    if (text->empty() || text->front() == '-' || text->back() == '-')
      return fail(Code::invalid, fmt::format("{} \"{}\" cannot be part of an endpoint's name", what, *text));
    segments.push_back(doubled(*text));
  }
  return join(segments, "-");
}

}  // namespace

EndpointName name_parts_of(const WorkloadEndpointSpec& spec) {
  EndpointName name{spec.node, spec.orchestrator, spec.workload, spec.endpoint};
  if (spec.orchestrator == "k8s") name.workload = spec.pod;
  if (spec.orchestrator == "cni") name.workload = spec.container_id;
  if (spec.orchestrator == "libnetwork") name.workload = "libnetwork";
  return name;
}

Result<std::string> name_of(const WorkloadEndpointSpec& spec) { return to_name(name_parts_of(spec)); }
Result<std::string> to_name(const EndpointName& name) { return make(name, false); }
Result<std::string> to_name_prefix(const EndpointName& name) { return make(name, true); }

Result<EndpointName> parse_endpoint_name(std::string_view text) {
  if (text.empty()) return fail(Code::invalid, "an endpoint's name cannot be empty");
  auto segments = split_name(text);
  if (segments.size() > parts) {
    return fail(Code::invalid,
                fmt::format("endpoint name \"{}\" has more than four parts between single dashes", text));
  }
  segments.resize(parts);
  return EndpointName{segments[0], segments[1], segments[2], segments[3]};
}

bool name_matches(const EndpointName& wanted, std::string_view text) {
  const auto segments = split_name(text);
  if (text.size() < 2 * parts - 1 || segments.size() != parts) return false;
  std::size_t i = 0;
  for (const auto& [what, part] : parts_of(wanted)) {
    const auto& segment = segments[i++];
    if (!part->empty() && *part != segment) return false;
  }
  return true;
}

}  // namespace weft::api
