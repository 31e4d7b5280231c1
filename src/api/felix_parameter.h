#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/felix_configuration.h"
#include "base/result.h"

/// Parameters of the agents: one table for the environment (FELIX_<name>), the file and the FelixConfiguration resource
/// (datamodel 8).
namespace weft::api {

struct FelixParameter {
  enum class Type {
    boolean,  // true, false
    integer,
    text,
    path,
    choice,   // one of `choices`, any case
    seconds,  // decimal seconds; a Go duration in the resource
    milliseconds,
    ipv4,
    ipv6,
    cidrs,  // comma list from here on
    texts,
    pairs,           // key=value
    durations,       // name=duration
    protocol_ports,  // tcp:22, tcp:10.0.0.0/8:22; "none": empty
    port_list,       // 30000:32767
    ranges,          // 1-250
    ports,           // one port or range
    range,           // one min-max
    mask,            // 0xffff0000
    dscp,            // 0..63 or a name such as EF
  };
  std::string_view name;
  std::string_view field;  // of FelixConfiguration's spec; empty: not settable there
  Type type;
  std::string_view choices;  // blanks between them
  std::int64_t low;
  std::int64_t high;
  std::string_view fallback;  // the default, as text; empty: none
  std::string_view doc;       // a sentence
};

std::span<const FelixParameter> felix_parameters();
/// By name, any case; nullptr when there is none.
const FelixParameter* find_felix_parameter(std::string_view name);
const FelixParameter* find_felix_field(std::string_view field);

/// Values as text by parameter name as spelled in the table: what one source says.
using FelixValues = std::map<std::string, std::string, std::less<>>;

/// The canonical text of a value as environment, file or the store have it: true/false, decimal seconds, the choice as
/// spelled in the table, "none" as empty for lists and paths. An error says what it must be.
Result<std::string> felix_value(const FelixParameter& parameter, std::string_view text);

/// The same of a member of a FelixConfiguration's spec.
Result<std::string> felix_member_value(const FelixParameter& parameter, const schema::Value& value);

/// The default as a FelixConfiguration has it; empty: none.
std::string felix_default(const FelixParameter& parameter);

/// What a resource says: the members of its spec as text, overridden by annotations config.projectcalico.org/<name>.
/// Members that are unknown or of the wrong type are left out; each is a sentence in `problems`.
FelixValues felix_values(const FelixConfiguration& configuration, std::vector<std::string>* problems = nullptr);

/// What FELIX_<name> variables say, of all variables as NAME=value lines.
FelixValues felix_values(std::span<const std::string> environment);

/// What a file as felix.cfg says: lines "Name = value" in section [global].
Result<FelixValues> felix_values_of_file(std::string_view text);

}  // namespace weft::api
