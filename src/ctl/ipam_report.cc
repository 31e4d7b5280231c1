// The file that `ipam check -o` writes and `ipam release --from-report` reads: calicoctl's format.

#include <charconv>

#include <fmt/core.h>

#include "ctl/arguments.h"
#include "ctl/ipam.h"
#include "ipam/owner.h"

namespace weft::ctl {
namespace {

using ipam::text_of, schema::Object;

Object allocation(const ipam::Allocation& each) {
  Object object{{"ip", net::to_string(each.ip)}};
  const auto set = [&](const std::string& name, const std::string& text) {
    if (!text.empty()) object.set(name, text);
  };
  set("handle", each.handle);
  object.set("sequenceNumber", each.sequence);
  for (const std::string name : {"pod", "namespace"}) set(name, text_of(each.attributes, name));
  const std::string affinity = each.affinity.value_or("");
  const std::string host = affinity.starts_with("host:") ? affinity.substr(5) : "";
  const std::string node = text_of(each.attributes, "node").empty() ? host : text_of(each.attributes, "node");
  set("node", node);
  set("type", text_of(each.attributes, "type"));
  set("creationTimestamp", text_of(each.attributes, "timestamp"));
  object.set("inUse", !each.users.empty());
  if (node != host) object.set("borrowed", true);
  if (each.released_at) object.set("coolingDown", true);
  schema::Array owners;
  for (const auto& user : each.users) owners.emplace_back(user);
  object.set("owners", owners.empty() ? schema::Value() : schema::Value(std::move(owners)));
  return object;
}

Result<store::Revision> revision_of(const Arguments& members, std::string_view name) {
  const std::string text = TRY(members.text(name));
  store::Revision revision = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), revision);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
    return fail(Code::invalid, fmt::format("{}: \"{}\" is no revision", name, text));
  return revision;
}

Result<> read_allocation(const schema::Value& value, ipam::Leaks& leaks) {
  const auto* object = value.as_object();
  if (object == nullptr) return fail(Code::invalid, "must be an object");
  const Arguments members(*object);
  if (TRY(members.flag("inUse")) || TRY(members.flag("coolingDown"))) return {};
  const net::Ip ip = TRY(members.ip("ip"));
  const std::string handle = TRY(members.text("handle"));
  leaks.addresses[ip] = {.ip = ip,
                         .handle = handle.empty() ? std::nullopt : std::optional(handle),
                         .sequence = TRY(members.sequence("sequenceNumber"))};
  return {};
}

}  // namespace

std::string to_json(const ipam::CheckReport& report) {
  std::map<std::string, const ipam::Allocation*> sorted;
  for (const auto& each : report.allocations) sorted.emplace(net::to_string(each.ip), &each);
  Object allocations;
  for (const auto& [ip, each] : sorted) allocations.set(ip, schema::Array{allocation(*each)});
  schema::Array handles;
  for (const auto& handle : report.leaked_handles)
    handles.emplace_back(Object{{"ID", handle.id}, {"UID", nullptr}, {"Revision", std::to_string(handle.revision)}});
  Object all{{"version", WEFT_VERSION},
             {"clusterGUID", report.cluster.guid},
             {"datastoreLocked", report.cluster.locked},
             {"clusterInformationRevision", std::to_string(report.cluster.revision)},
             {"clusterType", report.cluster.type},
             {"allocations", std::move(allocations)}};
  if (!handles.empty()) all.set("leakedHandles", std::move(handles));
  return schema::to_json(all, 2);
}

Result<LeakReport> parse_report(std::string_view json) {
  const auto value = TRY(schema::parse_json(json));
  const auto* object = value.as_object();
  if (object == nullptr) return fail(Code::invalid, "not a JSON object");
  const Arguments members(*object);
  LeakReport report{.version = TRY(members.text("version")),
                    .guid = TRY(members.text("clusterGUID")),
                    .revision = TRY(revision_of(members, "clusterInformationRevision")),
                    .leaks = {}};
  if (const auto* allocations = TRY(members.object("allocations"))) {
    for (const auto& [ip, list] : *allocations) {
      const auto* elements = list.as_array();
      if (elements == nullptr) return fail(Code::invalid, fmt::format("allocations: {}: must be a list", ip));
      for (const auto& each : *elements) TRY(within(read_allocation(each, report.leaks), "allocations: " + ip));
    }
  }
  for (const auto& each : TRY(members.list("leakedHandles"))) {
    const auto* handle = each.as_object();
    if (handle == nullptr) return fail(Code::invalid, "leakedHandles: must be a list of objects");
    const Arguments of(*handle);
    report.leaks.handles[TRY(of.text("ID"))] = TRY(within(revision_of(of, "Revision"), "leakedHandles"));
  }
  return report;
}

}  // namespace weft::ctl
