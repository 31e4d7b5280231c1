#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <string>

#include "base/fd.h"
#include "test/folder.h"

namespace weft::test {

/// A file system of a few kilobytes that only the calling thread (and what it starts) sees; gone at the end. Needs
/// root.
class SmallDisk {
 public:
  explicit SmallDisk(int kilobytes = 64) : before_(::open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC)) {
    const std::string size = "size=" + std::to_string(kilobytes) + "k";
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", path().c_str(), "tmpfs", 0, size.c_str()) != 0)
      throw std::runtime_error("small disk: needs root");
  }
  ~SmallDisk() {
    ::umount2(path().c_str(), MNT_DETACH);
    ::setns(before_.get(), CLONE_NEWNS);
  }

  const std::string& path() const { return folder_.path(); }
  /// Not a byte is left.
  void fill() const {
    const Fd file(::open(ballast().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    const std::string block(4096, 'x');
    while (::write(file.get(), block.data(), block.size()) > 0) {
    }
    if (errno != ENOSPC) throw std::runtime_error(ballast());
  }
  void make_room() const { ::unlink(ballast().c_str()); }

 private:
  std::string ballast() const { return path() + "/ballast"; }

  Folder folder_;
  Fd before_;
};

}  // namespace weft::test
