#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "cni/protocol.h"

/// Errors as the CNI specification has them: a number, a sentence, details.
namespace weft::cni {

enum ErrorCode : int {
  incompatible_version = 1,
  unsupported_field = 2,
  unknown_container = 3,
  invalid_environment = 4,
  io_failure = 5,
  decoding_failure = 6,
  invalid_configuration = 7,
  try_again_later = 11,
  not_available = 50,  // STATUS: ADD would fail
  own_error = 999,     // the plug-in's own
};

/// {"cniVersion":"1.0.0","code":11,"msg":"…","details":"…"}
std::string error_json(std::string_view version, int code, std::string_view message, std::string_view details = {});
Answer error_answer(std::string_view version, int code, std::string_view message, std::string_view details = {});
/// The CNI code for an error of ours: what may pass by itself is try_again_later.
int code_for(const Error& error);
Answer error_answer(std::string_view version, const Error& error);

}  // namespace weft::cni
