#pragma once

#include <string>
#include <utility>
#include <vector>

#include "api/kinds.h"
#include "cli/command.h"

/// What other programs want to know of the kinds: custom resource definitions for Kubernetes, JSON Schema for editors.
namespace weft::ctl {

/// Kinds that are custom resources where the store is Kubernetes.
std::vector<const api::Kind*> custom_kinds();
schema::Value custom_resource_definition(const api::Kind& kind);
/// Of a document of the kind.
schema::Value json_schema_of(const api::Kind& kind);

void add_crds(cli::Command& root);

}  // namespace weft::ctl
