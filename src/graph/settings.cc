#include "graph/settings.h"

#include <fmt/core.h>

#include <optional>
#include <utility>

#include "api/felix_parameter.h"
#include "api/selector.h"
#include "base/strings.h"
#include "graph/parameters.h"

namespace weft::graph {
namespace {

/// Whether a named configuration's nodeSelector matches this node.
bool is_for(const api::FelixConfiguration& configuration, const api::Labels& labels) {
  const schema::Value* text = configuration.spec.find("nodeSelector");
  if (!text || !text->as_string() || text->as_string()->empty()) return false;
  const auto selector = api::Selector::parse(*text->as_string());
  return selector && selector->matches(labels);
}

}  // namespace

Settings::Settings(std::string node, const std::map<std::string, std::string>& overrides)
    : node_(std::move(node)), overrides_{"the environment", {}} {
  for (const auto& [name, value] : overrides) {
    if (const auto* parameter = api::find_felix_parameter(name)) overrides_.values.emplace(parameter->name, value);
  }
}

void Settings::on(const table::Delta<api::FelixConfiguration>& configurations) {
  table::apply(configurations_, configurations, [&](const auto&, const auto*, const auto*) { stale_ = true; });
}

void Settings::on(const table::Delta<api::Node>& nodes) {
  const auto it = nodes.rows.find(node_);
  if (it == nodes.rows.end() && !nodes.whole) return;
  api::Labels labels = it != nodes.rows.end() && it->second ? it->second->metadata.labels : api::Labels();
  stale_ = stale_ || labels != labels_;
  labels_ = std::move(labels);
}

std::vector<Settings::Source> Settings::sources() {
  std::vector<Source> list{overrides_};
  const auto append = [&](const std::string& name) {
    const auto it = configurations_.find(name);
    if (it == configurations_.end()) return;
    const std::string object = "FelixConfiguration " + name;
    std::vector<std::string> problems;
    list.push_back({object, api::felix_values(it->second, &problems)});
    report(object, join(problems, "; "));
  };
  append("node." + node_);
  for (const auto& [name, configuration] : configurations_) {
    if (name != "default" && !name.starts_with("node.") && is_for(configuration, labels_)) append(name);
  }
  append("default");
  return list;
}

void Settings::report(std::string object, std::string reason) {
  if (reason.empty())
    unsupported_.drop(object);
  else
    unsupported_.put({std::move(object), std::move(reason)});
}

const plan::Settings& Settings::settle() {
  if (std::exchange(stale_, false)) resolve();
  return settings_;
}

void Settings::resolve() {
  const auto known = unsupported_.rows();
  for (const auto& [object, row] : known) unsupported_.drop(object);

  const auto list = sources();
  plan::Settings settings;
  /// The canonical value in force; nullopt when what is built in applies.
  const auto value_of = [&](std::string_view name) -> std::optional<std::string> {
    const api::FelixParameter& parameter = *api::find_felix_parameter(name);
    for (const auto& source : list) {
      const auto it = source.values.find(name);
      if (it == source.values.end()) continue;
      auto value = api::felix_value(parameter, it->second);
      if (value) return *std::move(value);
      report(fmt::format("parameter {}", name), fmt::format("\"{}\" in {}: {}; the built-in default applies",
                                                            it->second, source.name, value.error().message));
      return std::nullopt;
    }
    return std::nullopt;
  };
  for (const auto& parameter : parameters()) {
    const auto value = value_of(parameter.name);
    if (!value || parameter.set(settings, *value)) continue;
    parameter.set(settings, api::find_felix_parameter(parameter.name)->fallback);
    report(fmt::format("parameter {}", parameter.name),
           fmt::format("\"{}\" does not fit; the built-in default applies", *value));
  }
  for (const auto& parameter : unsupported_parameters()) {
    if (value_of(parameter.name) == parameter.value)
      report(fmt::format("parameter {}", parameter.name), std::string(parameter.reason));
  }
  settings_ = std::move(settings);
}

}  // namespace weft::graph
