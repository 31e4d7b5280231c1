#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace weft {

/// What callers branch on. The sentence for people is in Error::message.
enum class Code {
  invalid,      // bad input: a name, a value, a document
  not_found,    // the object is not there
  exists,       // the object is there already
  conflict,     // somebody changed it between
  unavailable,  // the other side is not reachable or not ready: try again
  timeout,      // no answer in time
  denied,       // not allowed: credentials, permissions
  unsupported,  // this kernel, server or version cannot do it
  exhausted,    // nothing left to give: addresses, blocks, space
  compacted,    // the revision asked for is gone from the store's history
  canceled,     // we were asked to stop
  internal,     // anything else
};

std::string_view to_string(Code code);

/// A code and a sentence. Messages build outside-in: "pools.json: blockSize: out of range".
struct Error {
  Code code = Code::internal;
  std::string message;

  /// Adds what we were doing, in front.
  Error within(std::string_view doing) && {
    std::string text(doing);
    text += ": ";
    text += message;
    message = std::move(text);
    return std::move(*this);
  }

  bool operator==(const Error&) const = default;
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Code code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

/// An errno as an Error: "doing: No such file or directory".
Error errno_error(int number, std::string_view doing);
inline std::unexpected<Error> fail_errno(int number, std::string_view doing) {
  return std::unexpected(errno_error(number, doing));
}

/// Adds `doing` in front of the message of a failed result; an rvalue good one passes through.
template <class T>
Result<T> within(Result<T> result, std::string_view doing) {
  if (!result) return std::unexpected(std::move(result.error()).within(doing));
  return result;
}

[[noreturn]] void check_failed(const char* expression, const char* file, int line);

}  // namespace weft

/// Value of a Result, or return its error from the enclosing function.
#define TRY(...)                                                                          \
  __extension__({                                                                         \
    auto&& try_result_ = (__VA_ARGS__);                                                   \
    if (!try_result_.has_value()) return std::unexpected(std::move(try_result_).error()); \
    *std::move(try_result_);                                                              \
  })

/// Stops the program on a bug. Restart is cheap and repairs everything.
#define CHECK(...)                                            \
  do {                                                        \
    if (!(__VA_ARGS__)) [[unlikely]]                          \
      ::weft::check_failed(#__VA_ARGS__, __FILE__, __LINE__); \
  } while (false)
