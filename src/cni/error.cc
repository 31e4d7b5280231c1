#include "cni/error.h"

#include "schema/value.h"

namespace weft::cni {

std::string error_json(std::string_view version, int code, std::string_view message, std::string_view details) {
  schema::Object object{
      {"cniVersion", version.empty() ? std::string_view("0.2.0") : version}, {"code", code}, {"msg", message}};
  if (!details.empty()) object.set("details", details);
  return schema::to_json(std::move(object));
}

Answer error_answer(std::string_view version, int code, std::string_view message, std::string_view details) {
  return {code, error_json(version, code, message, details)};
}

int code_for(const Error& error) {
  switch (error.code) {
    case Code::unavailable:
    case Code::timeout:
    case Code::conflict:
    case Code::compacted:
    case Code::canceled: return try_again_later;
    default: return own_error;
  }
}

Answer error_answer(std::string_view version, const Error& error) {
  return error_answer(version, code_for(error), error.message);
}

}  // namespace weft::cni
