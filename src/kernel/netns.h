#pragma once

#include <functional>
#include <string>
#include <type_traits>

#include "base/fd.h"
#include "base/result.h"

namespace weft::kernel {

/// A network namespace, held open: it lives at least as long as this.
class Netns {
 public:
  /// The one behind a path: /proc/PID/ns/net, or a name that create() or ip-netns(8) left.
  static Result<Netns> open(const std::string& path);
  /// The one the calling thread is in.
  static Result<Netns> current();
  /// A new one without a name: gone with the last descriptor, process and mount that holds it.
  static Result<Netns> create();
  /// A new one that stays under a name: a file at `path` with the namespace mounted on it; folders are made.
  /// @return exists when something is at the path already
  static Result<Netns> create(const std::string& path);
  /// Takes the name away (unmounts and unlinks); one that is not there is fine.
  static Result<> remove(const std::string& path);

  int fd() const { return fd_.get(); }

  /// Moves the calling thread into it, for good.
  Result<> enter() const;

  /// Whether both are the same namespace.
  bool same_as(const Netns& other) const;

 private:
  explicit Netns(int fd) : fd_(fd) {}
  Fd fd_;
};

/// Runs `work` inside the namespace on a thread of its own and waits for it: the calling thread never leaves its own
/// namespace, whatever happens. Sockets opened by `work` stay in the namespace afterwards. Costs about 50 µs.
Result<> run_in(const Netns& netns, const std::function<Result<>()>& work);

/// The same for work that returns a value.
template <class Work>
  requires(!std::is_same_v<std::invoke_result_t<Work>, Result<>>)
std::invoke_result_t<Work> run_in(const Netns& netns, Work&& work) {
  std::invoke_result_t<Work> out = fail(Code::internal, "not run");
  TRY(run_in(netns, std::function<Result<>()>([&]() -> Result<> {
               out = work();
               return {};
             })));
  return out;
}

}  // namespace weft::kernel
