#pragma once

// Clusters for tests, written as resources.

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "api/described.h"
#include "policy/cluster.h"
#include "schema/document.h"
#include "schema/value.h"

namespace weft::policy::testing {

/// A resource as a user writes it. What users may not write any more but may be stored is taken as it is.
inline api::Object object_of(schema::Value document) {
  std::vector<schema::Problem> problems;
  auto object = api::read_document(std::move(document), problems);
  if (!object) throw std::runtime_error(object.error().message);
  if (!problems.empty()) throw std::runtime_error(schema::to_error(problems).message);
  api::set_defaults(*object);
  return *std::move(object);
}

inline Cluster cluster_of(const std::vector<schema::Value>& documents) {
  Cluster cluster;
  for (const auto& document : documents) {
    if (!document.is_null()) cluster.put(object_of(document));
  }
  return cluster;
}

/// Adds the resources of a YAML text.
inline void put(Cluster& cluster, std::string_view yaml) {
  const auto documents = schema::parse_yaml(yaml);
  if (!documents) throw std::runtime_error(documents.error().message);
  for (const auto& document : *documents) {
    if (!document.is_null()) cluster.put(object_of(document));
  }
}
inline Cluster cluster_of(std::string_view yaml) {
  Cluster cluster;
  put(cluster, yaml);
  return cluster;
}

/// Everything as documents, from which cluster_of() makes the same.
inline std::vector<schema::Value> documents_of(const Cluster& cluster) {
  std::vector<schema::Value> out;
  Cluster::each(cluster, [&]<class Resource>(const std::map<table::KeyOf<Resource>, Resource>& table) {
    const auto* kind = api::find_kind(schema::schema_of<Resource>().kind);
    for (const auto& [key, row] : table) out.push_back(api::Object{kind, std::make_shared<Resource>(row)}.value());
  });
  return out;
}

}  // namespace weft::policy::testing
