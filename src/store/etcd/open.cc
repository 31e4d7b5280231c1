#include "store/etcd/open.h"

#include <fmt/core.h>

#include "base/file.h"
#include "base/strings.h"

namespace weft::store {

namespace {

/// The inline form, or what the file holds.
Result<std::string> pem(const Setting& text, const Setting& file) {
  const Setting& given = text.is_set() ? text : file;
  if (!given.is_set()) return std::string();
  std::string content = text.is_set() ? text.value : TRY(within(read_file(file.value), file.from));
  if (content.find("-----BEGIN ") == content.npos) return fail(Code::invalid, fmt::format("{}: not PEM", given.from));
  return content;
}

}  // namespace

Result<EtcdOptions> etcd_options(const Settings& settings) {
  const std::string type = to_lower(settings.datastore_type.value);
  if (type == "kubernetes") {
    return fail(Code::unsupported,
                fmt::format("{}: kubernetes is not supported yet; etcdv3 is", settings.datastore_type.from));
  }
  if (!type.empty() && type != "etcdv3") {
    return fail(Code::invalid, fmt::format("{}: \"{}\" is no datastore type; etcdv3 is", settings.datastore_type.from,
                                           settings.datastore_type.value));
  }
  if (settings.etcd_discovery_srv.is_set()) {
    return fail(Code::unsupported, fmt::format("{}: finding etcd by DNS is not supported yet; set ETCD_ENDPOINTS",
                                               settings.etcd_discovery_srv.from));
  }
  EtcdOptions options;
  for (const auto& part : split(settings.etcd_endpoints.value, ',')) {
    if (trim(part).empty()) continue;
    options.endpoints.push_back(TRY(within(parse_endpoint(part), settings.etcd_endpoints.from)));
  }
  if (options.endpoints.empty()) {
    return fail(Code::not_found, fmt::format("no store is configured: set ETCD_ENDPOINTS, or spec.etcdEndpoints in {}",
                                             default_settings_file));
  }
  options.ca = TRY(pem(settings.etcd_ca_cert, settings.etcd_ca_cert_file));
  options.cert = TRY(pem(settings.etcd_cert, settings.etcd_cert_file));
  options.key = TRY(pem(settings.etcd_key, settings.etcd_key_file));
  const Setting& cert = settings.etcd_cert.is_set() ? settings.etcd_cert : settings.etcd_cert_file;
  const Setting& key = settings.etcd_key.is_set() ? settings.etcd_key : settings.etcd_key_file;
  if (cert.is_set() && !key.is_set()) return fail(Code::invalid, cert.from + ": its key is not set");
  if (key.is_set() && !cert.is_set()) return fail(Code::invalid, key.from + ": its certificate is not set");
  if (settings.etcd_password.is_set() && !settings.etcd_username.is_set()) {
    return fail(Code::invalid, settings.etcd_password.from + ": the user name is not set");
  }
  options.username = settings.etcd_username.value;
  options.password = settings.etcd_password.value;
  return options;
}

Result<std::unique_ptr<Store>> open(const Settings& settings) { return open_etcd(TRY(etcd_options(settings))); }

}  // namespace weft::store
