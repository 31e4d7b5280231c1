#pragma once

#include <string>
#include <vector>

#include "api/kinds.h"
#include "schema/description.h"
#include "templates/value.h"

/// -o go-template: objects as templates written for calicoctl see them: structs of Go with the names of Calico's types.
namespace weft::ctl {

/// "natOutgoing" -> "NATOutgoing": the name of the field of a Go struct that is called so in JSON.
std::string go_name(std::string_view json_name);

/// {{.Name}}, {{.ObjectMeta.Labels}}, {{.Spec.CIDR}}; what is not set has its zero, or nil where Calico has a pointer.
templates::Value template_value(const api::Object& object);
/// {{range .Items}}
templates::Value template_list(const api::Kind& kind, const std::vector<api::Object>& objects,
                               const std::string& revision);

/// With the functions join, joinAndTruncate and config ("asnumber", of the facts).
Result<std::string> execute_template(const std::string& text, const templates::Value& data, const schema::Facts& facts);

}  // namespace weft::ctl
