#include "graph/settings.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "api/selector.h"
#include "base/strings.h"
#include "graph/parameters.h"

namespace weft::graph {
namespace {

constexpr std::string_view annotation_prefix = "config.projectcalico.org/";

/// As the parameter's text form has it; nullopt for null and objects.
std::optional<std::string> text_of(const schema::Value& value) {
  if (const auto* text = value.as_string()) return *text;
  if (const auto* flag = value.as_bool()) return *flag ? "true" : "false";
  if (const auto* number = value.as_int()) return fmt::format("{}", *number);
  if (const auto* number = std::get_if<double>(&value.variant())) return fmt::format("{}", *number);
  if (const auto* list = value.as_array()) {
    std::vector<std::string> parts;
    for (const auto& element : *list) parts.push_back(text_of(element).value_or(""));
    return join(parts, ",");
  }
  return std::nullopt;
}

std::map<std::string, std::string> values_of(const api::FelixConfiguration& configuration) {
  std::map<std::string, std::string> fields;
  for (const auto& [field, value] : configuration.spec) {
    if (auto text = text_of(value)) fields[field] = *std::move(text);
  }
  std::map<std::string, std::string> values;
  const auto collect = [&](std::string_view name, std::string_view field) {
    const auto annotation = configuration.metadata.annotations.find(std::string(annotation_prefix) + std::string(name));
    const auto it = fields.find(std::string(field));
    if (annotation != configuration.metadata.annotations.end())
      values[to_lower(name)] = annotation->second;
    else if (it != fields.end())
      values[to_lower(name)] = it->second;
  };
  for (const auto& parameter : parameters()) collect(parameter.name, parameter.field);
  for (const auto& parameter : unsupported_parameters()) collect(parameter.name, parameter.field);
  return values;
}

bool is_for(const api::FelixConfiguration& configuration, const api::Labels& labels) {
  for (const auto& [field, value] : configuration.spec) {
    const auto* text = value.as_string();
    if (field != "nodeSelector" || !text || text->empty()) continue;
    const auto selector = api::Selector::parse(*text);
    return selector && selector->matches(labels);
  }
  return false;
}

}  // namespace

Settings::Settings(std::string node, std::map<std::string, std::string> overrides)
    : node_(std::move(node)),
      node_configuration_("node." + node_),
      overrides_{"the environment", std::move(overrides)} {}

void Settings::on(const table::Delta<api::FelixConfiguration>& configurations) {
  if (configurations.whole) configurations_.clear();
  stale_ = stale_ || !configurations.empty();
  for (const auto& [name, configuration] : configurations.rows) {
    if (configuration)
      configurations_.insert_or_assign(name, *configuration);
    else
      configurations_.erase(name);
  }
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
    if (const auto it = configurations_.find(name); it != configurations_.end())
      list.push_back({"FelixConfiguration " + name, values_of(it->second)});
  };
  append(node_configuration_);
  for (const auto& [name, configuration] : configurations_) {
    const std::string object = "FelixConfiguration " + name;
    if (name == "default" || name.starts_with("node.") || !is_for(configuration, labels_)) continue;
    list.push_back({object, values_of(configuration)});
  }
  append("default");
  return list;
}

const plan::Settings& Settings::settle() {
  if (std::exchange(stale_, false)) resolve();
  return settings_;
}

void Settings::resolve() {
  const auto list = sources();
  const auto find = [&](std::string_view name) -> std::pair<const Source*, const std::string*> {
    for (const auto& source : list) {
      if (const auto it = source.values.find(to_lower(name)); it != source.values.end()) return {&source, &it->second};
    }
    return {};
  };
  const auto report = [&](std::string_view name, std::string reason) {
    const std::string object = fmt::format("parameter {}", name);
    if (reason.empty())
      unsupported_.drop(object);
    else
      unsupported_.put({object, std::move(reason)});
  };
  plan::Settings settings;
  for (const auto& parameter : parameters()) {
    const auto [source, value] = find(parameter.name);
    const bool good = !value || parameter.set(settings, trim(*value));
    report(
        parameter.name,
        good ? "" : fmt::format("\"{}\" in {} is no value for it; the built-in default applies", *value, source->name));
  }
  for (const auto& parameter : unsupported_parameters()) {
    const auto [source, value] = find(parameter.name);
    report(parameter.name, std::string(value && to_lower(trim(*value)) == parameter.value ? parameter.reason : ""));
  }
  settings_ = std::move(settings);
}

}  // namespace weft::graph
