#include "confd/resource.h"

#include <dirent.h>
#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "base/file.h"
#include "confd/keys.h"
#include "confd/toml.h"

namespace weft::confd {
namespace {

/// Members of [template], with messages that name file and member.
class Reader {
 public:
  Reader(const schema::Object& table, const std::string& name) : table_(table), name_(name) {}

  std::unexpected<Error> bad(std::string_view member, std::string_view why) const {
    return fail(Code::invalid, fmt::format("{}: template.{}: {}", name_, member, why));
  }

  Result<std::string> text(std::string_view member) const {
    const auto* value = table_.find(member);
    if (!value) return std::string();
    if (const auto* text = value->as_string()) return *text;
    return bad(member, "must be a string");
  }
  Result<std::optional<unsigned>> number(std::string_view member) const {
    const auto* value = table_.find(member);
    if (!value) return std::optional<unsigned>();
    const auto* number = value->as_int();
    if (!number || *number < -1 || *number > 0xfffffffe) return bad(member, "must be a number of a user or group");
    return *number == -1 ? std::optional<unsigned>() : std::optional(static_cast<unsigned>(*number));  // -1: our own
  }
  /// "0644" is octal, "0o644" too; "420" is decimal, as confd reads it.
  Result<std::optional<unsigned>> mode() const {
    std::string_view text;
    const std::string written = TRY(this->text("mode"));
    if (written.empty()) return std::optional<unsigned>();
    text = written;
    int base = 10;
    if (text.starts_with("0o") || text.starts_with("0O"))
      base = 8, text.remove_prefix(2);
    else if (text.starts_with("0x") || text.starts_with("0X"))
      base = 16, text.remove_prefix(2);
    else if (text.starts_with("0b") || text.starts_with("0B"))
      base = 2, text.remove_prefix(2);
    else if (text.starts_with('0'))
      base = 8;
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size() || value > 07777)
      return bad("mode", fmt::format("\"{}\" are no permission bits", written));
    return std::optional(value);
  }
  Result<std::vector<std::string>> texts(std::string_view member) const {
    const auto* value = table_.find(member);
    std::vector<std::string> list;
    if (!value) return list;
    const auto* array = value->as_array();
    if (!array) return bad(member, "must be a list of strings");
    for (const auto& item : *array) {
      const auto* text = item.as_string();
      if (!text) return bad(member, "must be a list of strings");
      list.push_back(*text);
    }
    return list;
  }

 private:
  const schema::Object& table_;
  const std::string& name_;
};

std::string with_node_name(std::string key, const std::string& node) {
  constexpr std::string_view mark = "/NODENAME";
  const auto at = node.empty() ? std::string::npos : key.find(mark);
  if (at == std::string::npos) return key;
  const auto end = at + mark.size();
  if (end < key.size() && key[end] != '/') return key;
  return key.replace(at, mark.size(), "/" + node);
}

}  // namespace

bool is_below(std::string_view root, std::string_view key) {
  if (!key.starts_with(root)) return false;
  return key.size() == root.size() || root.ends_with('/') || key[root.size()] == '/';
}

Result<Resource> parse_resource(std::string_view text, const std::string& name, const ResourceOptions& options) {
  const schema::Value document = TRY(within(parse_toml(text), name));
  const auto* table = document.at("template");
  if (!table || !table->as_object()) return fail(Code::invalid, name + ": has no table [template]");
  const Reader reader(*table->as_object(), name);

  Resource resource;
  resource.name = name;
  const std::string source = TRY(reader.text("src"));
  if (source.empty()) return reader.bad("src", "is missing");
  resource.source = clean_path(options.confdir + "/templates/" + source);
  resource.destination = TRY(reader.text("dest"));
  if (resource.destination.empty()) return reader.bad("dest", "is missing");
  resource.prefix = options.prefix.empty() ? TRY(reader.text("prefix")) : options.prefix;
  if (!resource.prefix.starts_with('/')) resource.prefix.insert(0, "/");
  for (const auto& key : TRY(reader.texts("keys"))) {
    resource.keys.push_back(with_node_name(clean_path(resource.prefix + "/" + key), options.node_name));
  }
  if (resource.keys.empty()) return reader.bad("keys", "is missing");
  resource.mode = TRY(reader.mode());
  resource.uid = TRY(reader.number("uid"));
  resource.gid = TRY(reader.number("gid"));
  resource.check_cmd = TRY(reader.text("check_cmd"));
  resource.reload_cmd = TRY(reader.text("reload_cmd"));
  resource.reload_bird = TRY(reader.text("reload_bird"));
  return resource;
}

Result<Resources> load_resources(const ResourceOptions& options) {
  const std::string folder = options.confdir + "/conf.d";
  DIR* directory = opendir(folder.c_str());
  if (!directory) return fail_errno(errno, folder);
  std::vector<std::string> names;
  while (const dirent* entry = readdir(directory)) {
    if (std::string_view(entry->d_name).ends_with(".toml")) names.emplace_back(entry->d_name);
  }
  closedir(directory);
  std::sort(names.begin(), names.end());

  Resources resources;
  for (const auto& name : names) {
    const auto text = read_file(folder + "/" + name);
    auto resource =
        text ? parse_resource(*text, folder + "/" + name, options) : Result<Resource>(std::unexpected(text.error()));
    if (resource)
      resources.good.push_back(std::move(*resource));
    else
      resources.bad.push_back(std::move(resource.error()));
  }
  return resources;
}

}  // namespace weft::confd
