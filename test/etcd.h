#pragma once

#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/file.h"
#include "store/embedded.h"

namespace weft::test {

/// A real etcd for a test: starts at once, on free ports of loopback and in a temporary folder; gone at the end.
class Etcd {
 public:
  explicit Etcd(store::EmbeddedOptions options = {}) : options_(std::move(options)) {
    std::string folder = (std::filesystem::temp_directory_path() / "weft-etcd.XXXXXX").string();
    if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp " + folder);
    folder_ = folder;
    options_.data = folder_ + "/data";
    start();
  }
  ~Etcd() {
    if (etcd_) thaw();
    etcd_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Etcd(const Etcd&) = delete;
  Etcd& operator=(const Etcd&) = delete;

  /// "http://127.0.0.1:34567"; the same after stop() or kill() and start().
  const std::string& endpoint() const { return endpoint_; }
  /// "127.0.0.1:34567"
  std::string address() const { return endpoint_.substr(endpoint_.find("//") + 2); }

  void start() {
    auto etcd = store::Embedded::start(options_);
    if (!etcd) throw std::runtime_error(etcd.error().message);
    etcd_ = *std::move(etcd);
    endpoint_ = etcd_->endpoint();
    options_.port = static_cast<std::uint16_t>(std::stoi(endpoint_.substr(endpoint_.rfind(':') + 1)));
  }
  void stop() { etcd_.reset(); }
  /// As a crash would be.
  void kill() {
    etcd_->kill();
    etcd_.reset();
  }
  /// Only while it is stopped: the next start is with nothing in it.
  void erase() { std::filesystem::remove_all(options_.data); }
  /// Only while it is stopped: copies its data, or puts back what was copied.
  void save() {
    std::filesystem::remove_all(folder_ + "/saved");
    std::filesystem::copy(options_.data, folder_ + "/saved", std::filesystem::copy_options::recursive);
  }
  void restore() {
    erase();
    std::filesystem::copy(folder_ + "/saved", options_.data, std::filesystem::copy_options::recursive);
  }
  /// It hangs: connections stand, nothing is answered.
  void freeze() {
    ::kill(pid(), SIGSTOP);
    const auto all_stopped = [&] {
      for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid()) + "/task")) {
        const auto status = read_file(task.path().string() + "/status");
        if (status && status->find("State:\tT") == std::string::npos) return false;
      }
      return true;
    };
    while (!all_stopped()) ::usleep(1'000);
  }
  void thaw() { ::kill(pid(), SIGCONT); }

  pid_t pid() const { return etcd_ ? etcd_->pid() : 0; }
  /// A folder that goes when this goes.
  const std::string& folder() const { return folder_; }

 private:
  store::EmbeddedOptions options_;
  std::string folder_;
  std::string endpoint_;
  std::unique_ptr<store::Embedded> etcd_;
};

}  // namespace weft::test
