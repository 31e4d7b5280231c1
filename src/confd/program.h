#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "confd/backend.h"
#include "confd/flags.h"
#include "loop/loop.h"

namespace weft::confd {

/// confd running: keeps the files of all resources as they should be, once, at intervals or as keys change.
///
/// A resource that fails holds back no other. In watch mode it is tried again after one second, then after twice as
/// long each time up to a minute; at intervals, at the next one. Owner: one; everything happens on the loop's thread.
class Program {
 public:
  Program(loop::Loop& loop, Backend& backend, Settings settings, std::vector<Resource> resources);
  ~Program();

  /// All resources now. @return how many failed; each has been logged
  int process_all();
  /// Follows changes (with -watch) or looks at intervals until the loop stops. Starts with all.
  void start();

  int errors() const { return errors_; }    // since the start
  int changes() const { return changes_; }  // files replaced

 private:
  struct Task;
  bool process(Task& task);
  void schedule(Task& task, std::chrono::milliseconds delay);

  loop::Loop& loop_;
  Backend& backend_;
  Settings settings_;
  Renderer renderer_;
  std::vector<std::unique_ptr<Task>> tasks_;
  loop::SourcePtr timer_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // what was posted before our end finds us gone
  int errors_ = 0;
  int changes_ = 0;
};

/// Where Weft's own templates are: beside the program when it was not installed, else /usr/share/weft/confd.
std::string own_confdir();

/// `weft confd` with arguments from argv[1] on. @return the exit status
int main(int argc, char** argv);

}  // namespace weft::confd
