// The command line as a user waits for it: the program as a process, against a private etcd. Each figure beside its
// limit; a figure above it fails the benchmark.

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/process.h"
#include "base/program.h"
#include "test/etcd.h"

namespace {

using namespace weft;

constexpr int objects = 10'000;

std::string policies() {
  std::string yaml;
  for (int i = 0; i < objects; ++i) {
    yaml += fmt::format(
        "---\napiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata:\n  name: p{}\n  namespace: ns{}\n"
        "  labels: {{team: t{}}}\nspec:\n  order: {}\n  selector: app == 'a{}'\n  types: [Ingress]\n  ingress:\n"
        "  - action: Allow\n    protocol: TCP\n    source:\n      selector: role == 'client'\n    destination:\n"
        "      ports: [80, 443]\n",
        i, i % 50, i % 7, i, i);
  }
  return yaml;
}

class Bench {
 public:
  Bench() {
    program_ = own_program();
    program_ = program_.substr(0, program_.rfind('/')) + "/../bin/weft";
  }

  bool run(const std::string& words) {
    const auto finished =
        weft::run({.argv = {"/bin/sh", "-c", "exec '" + program_ + "' " + words},
                   .env = std::vector<std::string>{"DATASTORE_TYPE=etcdv3", "ETCD_ENDPOINTS=" + etcd_.endpoint()}});
    if (finished && finished->ok()) return true;
    fmt::print(stderr, "weft {}: {}\n", words, finished ? finished->err : finished.error().message);
    return false;
  }

  /// The median of some runs, in milliseconds.
  void measure(const std::string& name, double limit, int times, const std::string& words,
               const std::function<void()>& before = {}) {
    std::vector<double> took;
    for (int i = 0; i < times; ++i) {
      if (before) before();
      const auto start = std::chrono::steady_clock::now();
      failed_ |= !run(words);
      took.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    std::nth_element(took.begin(), took.begin() + times / 2, took.end());
    const double median = took[static_cast<std::size_t>(times) / 2];
    fmt::print("{:<44} {:>9.1f} ms   limit {:>6.0f} ms{}\n", name, median, limit, median > limit ? "   ABOVE" : "");
    failed_ |= median > limit;
  }

  std::string folder() const { return etcd_.folder(); }
  bool failed() const { return failed_; }

 private:
  test::Etcd etcd_;
  std::string program_;
  bool failed_ = false;
};

}  // namespace

int main() {
  Bench bench;
  const std::string file = bench.folder() + "/many.yaml";
  if (!write_file_atomic(file, policies())) return 1;
  bench.measure("weft version: loading, nothing asked", 25, 21, "version");
  bench.measure("weft get nodes, nothing there", 25, 21, "get nodes");
  bench.measure("weft validate, 10 000 policies", 3000, 3, "validate -f " + file);
  bench.measure("weft apply, 10 000 policies, all new", 3000, 1, "apply -f " + file);
  bench.measure("weft apply, 10 000 policies, all there", 3000, 3, "apply -f " + file);
  bench.measure("weft get, 10 000 policies", 500, 5, "get networkpolicies -A");
  bench.measure("weft get -o yaml, 10 000 policies", 1000, 3, "get networkpolicies -A -o yaml");
  bench.measure("weft delete, 10 000 policies", 3000, 1, "delete -f " + file);
  return bench.failed() ? 1 : 0;
}
