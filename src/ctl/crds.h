#pragma once

#include <string>
#include <vector>

#include "api/kinds.h"
#include "cli/command.h"

/// What other programs want to know of the kinds: custom resource definitions for Kubernetes, JSON Schema for editors.
namespace weft::ctl {

/// What is a custom resource where the store is Kubernetes.
struct CustomKind {
  std::string name;    // "IPPool"
  std::string plural;  // "ippools"
  bool namespaced = false;
  schema::Object schema;  // of an object
};

/// The kinds that Kubernetes has no objects of its own for, and what IPAM keeps.
std::vector<CustomKind> custom_kinds();
schema::Value custom_resource_definition(const CustomKind& kind);
/// Of a document of the kind.
schema::Value json_schema_of(const api::Kind& kind);

void add_crds(cli::Command& root);

}  // namespace weft::ctl
