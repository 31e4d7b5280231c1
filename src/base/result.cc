#include "base/result.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace weft {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::invalid: return "invalid";
    case Code::not_found: return "not found";
    case Code::exists: return "exists";
    case Code::conflict: return "conflict";
    case Code::unavailable: return "unavailable";
    case Code::timeout: return "timeout";
    case Code::denied: return "denied";
    case Code::unsupported: return "unsupported";
    case Code::exhausted: return "exhausted";
    case Code::compacted: return "compacted";
    case Code::canceled: return "canceled";
    case Code::internal: return "internal";
  }
  return "internal";
}

namespace {
Code code_of(int number) {
  switch (number) {
    case ENOENT:
    case ESRCH:
    case ENODEV:
    case ENXIO: return Code::not_found;
    case EEXIST: return Code::exists;
    case EPERM:
    case EACCES: return Code::denied;
    case EINVAL:
    case ERANGE: return Code::invalid;
    case EOPNOTSUPP:
    case ENOSYS:
    case EAFNOSUPPORT:
    case EPROTONOSUPPORT: return Code::unsupported;
    case ETIMEDOUT: return Code::timeout;
    case EAGAIN:
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case EBUSY:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTUNREACH: return Code::unavailable;
    case ENOSPC:
    case ENOMEM:
    case EMFILE:
    case ENFILE:
    case ENOBUFS: return Code::exhausted;
    case ECANCELED: return Code::canceled;
    default: return Code::internal;
  }
}
}  // namespace

Error errno_error(int number, std::string_view doing) {
  return Error{code_of(number), std::strerror(number)}.within(doing);
}

void check_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "CHECK failed: %s (%s:%d)\n", expression, file, line);
  std::abort();
}

}  // namespace weft
