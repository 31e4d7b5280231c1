#include "cni/result.h"

namespace weft::cni {

namespace {

bool is_old(std::string_view version) { return version == "0.1.0" || version == "0.2.0"; }

Result<std::optional<net::Ip>> parse_gateway(std::string_view text) {
  if (text.empty()) return std::optional<net::Ip>{};
  return TRY(within(net::Ip::parse(text), "gateway"));
}

Result<> parse_routes(const schema::Value* value, std::vector<AddResult::Route>& routes) {
  if (value == nullptr || value->is_null()) return {};
  const schema::Array* list = value->as_array();
  if (list == nullptr) return fail(Code::invalid, "routes: must be a list");
  for (const schema::Value& each : *list) {
    AddResult::Route route;
    route.dst = TRY(within(net::Cidr::parse_loose(each.text("dst")), "routes: dst"));
    route.gateway = TRY(within(parse_gateway(each.text("gw")), "routes"));
    routes.push_back(std::move(route));
  }
  return {};
}

Result<AddResult::Address> parse_address(std::string_view address, std::string_view gateway) {
  AddResult::Address result;
  result.address = TRY(net::Address::parse(address));
  result.gateway = TRY(parse_gateway(gateway));
  return result;
}

Result<> parse_interfaces(const schema::Value* value, std::vector<AddResult::Interface>& interfaces) {
  if (value == nullptr || value->is_null()) return {};
  const schema::Array* list = value->as_array();
  if (list == nullptr) return fail(Code::invalid, "interfaces: must be a list");
  for (const schema::Value& each : *list) {
    if (each.text("name").empty()) return fail(Code::invalid, "interfaces: name: required");
    interfaces.push_back(
        {std::string(each.text("name")), std::string(each.text("mac")), std::string(each.text("sandbox"))});
  }
  return {};
}

schema::Array routes_json(const std::vector<AddResult::Route>& routes, std::optional<net::Family> family) {
  schema::Array list;
  for (const auto& route : routes) {
    if (family && route.dst.family() != *family) continue;
    schema::Object object{{"dst", to_string(route.dst)}};
    if (route.gateway) object.set("gw", to_string(*route.gateway));
    list.emplace_back(std::move(object));
  }
  return list;
}

/// "ip4" and "ip6" of the first specifications.
void set_old_addresses(schema::Object& object, const AddResult& result) {
  for (const net::Family family : {net::Family::v4, net::Family::v6}) {
    for (const auto& each : result.addresses) {
      if (each.address.ip.family() != family) continue;
      schema::Object entry{{"ip", to_string(each.address)}};
      if (each.gateway) entry.set("gateway", to_string(*each.gateway));
      schema::Array routes = routes_json(result.routes, family);
      if (!routes.empty()) entry.set("routes", std::move(routes));
      object.set(family == net::Family::v4 ? "ip4" : "ip6", std::move(entry));
      break;
    }
  }
}

void set_addresses(schema::Object& object, const AddResult& result, bool with_version) {
  schema::Array interfaces;
  for (const auto& each : result.interfaces) {
    schema::Object entry{{"name", each.name}};
    if (!each.mac.empty()) entry.set("mac", each.mac);
    if (!each.sandbox.empty()) entry.set("sandbox", each.sandbox);
    interfaces.emplace_back(std::move(entry));
  }
  if (!interfaces.empty()) object.set("interfaces", std::move(interfaces));

  schema::Array addresses;
  for (const auto& each : result.addresses) {
    schema::Object entry;
    if (with_version) entry.set("version", each.address.ip.is_v4() ? "4" : "6");
    if (each.interface) entry.set("interface", *each.interface);
    entry.set("address", to_string(each.address));
    if (each.gateway) entry.set("gateway", to_string(*each.gateway));
    addresses.emplace_back(std::move(entry));
  }
  if (!addresses.empty()) object.set("ips", std::move(addresses));
  schema::Array routes = routes_json(result.routes, std::nullopt);
  if (!routes.empty()) object.set("routes", std::move(routes));
}

}  // namespace

Result<AddResult> AddResult::parse(const schema::Value& value) {
  if (value.as_object() == nullptr) return fail(Code::invalid, "must be an object");
  AddResult result;
  for (const char* name : {"ip4", "ip6"}) {
    const schema::Value* old = value.at(name);
    if (old == nullptr || old->is_null()) continue;
    result.addresses.push_back(TRY(within(parse_address(old->text("ip"), old->text("gateway")), name)));
    TRY(within(parse_routes(old->at("routes"), result.routes), name));
  }
  TRY(parse_interfaces(value.at("interfaces"), result.interfaces));
  if (const schema::Value* ips = value.at("ips"); ips != nullptr && !ips->is_null()) {
    if (ips->as_array() == nullptr) return fail(Code::invalid, "ips: must be a list");
    for (const schema::Value& each : *ips->as_array()) {
      auto address = TRY(within(parse_address(each.text("address"), each.text("gateway")), "ips"));
      if (const schema::Value* index = each.at("interface"); index != nullptr && !index->is_null()) {
        const std::int64_t* number = index->as_int();
        if (number == nullptr || *number < 0 || *number > 1000)
          return fail(Code::invalid, "ips: interface: must be an index");
        address.interface = static_cast<int>(*number);
      }
      result.addresses.push_back(std::move(address));
    }
  }
  TRY(parse_routes(value.at("routes"), result.routes));
  if (const schema::Value* dns = value.at("dns"); dns != nullptr && dns->as_object() != nullptr)
    result.dns = *dns->as_object();
  return result;
}

std::string to_json(const AddResult& result, std::string_view version) {
  schema::Object object{{"cniVersion", version}};
  if (is_old(version))
    set_old_addresses(object, result);
  else
    set_addresses(object, result, version.starts_with("0."));
  object.set("dns", result.dns);
  return schema::to_json(std::move(object));
}

}  // namespace weft::cni
