#include "kernel/netns.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "base/file.h"

namespace weft::kernel {

namespace {

constexpr const char* own = "/proc/thread-self/ns/net";

/// unshare() acts on the calling thread only, so a thread that ends right after leaves nobody behind in the new one.
Result<> on_thread(const std::function<Result<>()>& work) {
  Result<> out;
  std::thread([&] { out = work(); }).join();
  return out;
}

}  // namespace

Result<Netns> Netns::open(const std::string& path) {
  Netns out(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!out.fd_) return fail_errno(errno, path);
  return out;
}

Result<Netns> Netns::current() { return open(own); }

Result<Netns> Netns::create() {
  Netns out(-1);
  TRY(on_thread([&]() -> Result<> {
    if (unshare(CLONE_NEWNET) != 0) return fail_errno(errno, "new network namespace");
    out = TRY(current());
    return {};
  }));
  return out;
}

Result<Netns> Netns::create(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash != std::string::npos && slash > 0) TRY(make_directories(path.substr(0, slash)));
  {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
    if (!file) return fail_errno(errno, path);
  }
  Netns out(-1);
  const auto made = on_thread([&]() -> Result<> {
    if (unshare(CLONE_NEWNET) != 0) return fail_errno(errno, "new network namespace");
    if (mount(own, path.c_str(), "none", MS_BIND, nullptr) != 0) return fail_errno(errno, path);
    out = TRY(current());
    return {};
  });
  if (!made) {
    unlink(path.c_str());
    return std::unexpected(made.error());
  }
  return out;
}

Result<> Netns::remove(const std::string& path) {
  // EINVAL: a plain file, as a crash between making and mounting leaves it.
  if (umount2(path.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) != 0 && errno != ENOENT && errno != EINVAL) {
    return fail_errno(errno, path);
  }
  return remove_file(path);
}

Result<> Netns::enter() const {
  if (setns(fd_.get(), CLONE_NEWNET) != 0) return fail_errno(errno, "enter network namespace");
  return {};
}

bool Netns::same_as(const Netns& other) const {
  struct stat a{};
  struct stat b{};
  return fstat(fd(), &a) == 0 && fstat(other.fd(), &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

Result<> run_in(const Netns& netns, const std::function<Result<>()>& work) {
  return on_thread([&]() -> Result<> {
    TRY(netns.enter());
    return work();
  });
}

}  // namespace weft::kernel
