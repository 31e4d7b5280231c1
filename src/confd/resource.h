#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weft::confd {

/// A template resource: one file of conf.d.
struct Resource {
  std::string name;               // of the file, for messages
  std::string source;             // path of the template
  std::string destination;        // path of the file it makes
  std::string prefix;             // taken off keys; starts with a slash
  std::vector<std::string> keys;  // full keys; everything at and below each is read
  std::optional<unsigned> mode;   // permission bits; nullopt: those of the file there, or 0644
  std::optional<unsigned> uid, gid;
  std::string check_cmd;    // a template that knows {{.src}}, the staged file
  std::string reload_cmd;   // after the file changed
  std::string reload_bird;  // Weft's own: BIRD's control socket, told to reconfigure after the file changed

  bool operator==(const Resource&) const = default;
};

struct ResourceOptions {
  std::string confdir;    // has conf.d and templates
  std::string prefix;     // instead of that of the resource, when not empty
  std::string node_name;  // replaces "/NODENAME" in keys, when not empty
};

/// @param name  of the file, for messages; errors name it and the member
Result<Resource> parse_resource(std::string_view text, const std::string& name, const ResourceOptions& options);

struct Resources {
  std::vector<Resource> good;  // in order of their files' names
  std::vector<Error> bad;      // files that cannot be used
};
/// Reads conf.d/*.toml. @return  an error when there is no such folder
Result<Resources> load_resources(const ResourceOptions& options);

/// Whether a key is `root` or lies below it.
bool is_below(std::string_view root, std::string_view key);

}  // namespace weft::confd
