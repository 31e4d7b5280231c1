#pragma once

#include <string>
#include <vector>

#include "bench/agent/figures.h"
#include "bench/agent/machine.h"
#include "kernel/netns.h"

namespace weft::bench {

/// Pods that a runtime adds and deletes by running the plug-in, each in a network namespace of its own.
class Pods {
 public:
  Pods(std::string plugin, std::size_t count);

  struct Serial {
    Sample add, in_force, del;  // milliseconds; in_force: after ADD's return
  };
  /// One after another.
  Serial one_by_one(Observer& observer);
  /// ADD of all by eight at once. @return ADDs a second
  double eight_at_once();
  void remove_all();

 private:
  void call(const std::string& verb, std::size_t pod) const;
  std::string plugin_;
  std::vector<kernel::Netns> pods_;
};

}  // namespace weft::bench
