#include "bench/agent/pods.h"

#include <fmt/core.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "api/workload_endpoint.h"
#include "base/process.h"

namespace weft::bench {

namespace {

std::string name_of(std::size_t pod) { return fmt::format("added-{}", pod); }

double since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

}  // namespace

Pods::Pods(std::string plugin, std::size_t count) : plugin_(std::move(plugin)) {
  for (std::size_t i = 0; i < count; ++i) pods_.push_back(kernel::Netns::create().value());
}

void Pods::call(const std::string& verb, std::size_t pod) const {
  static const std::string config =
      R"({"cniVersion":"1.0.0","name":"k8s-pod-network","type":"calico","nodename":"n1","mtu":1450,)"
      R"("ipam":{"type":"calico-ipam"},"policy":{"type":"k8s"},)"
      R"("args":{"cni":{"labels":[{"key":"app","value":"app-0"}]}}})";
  const auto finished =
      weft::run({.argv = {plugin_},
                 .env = std::vector<std::string>{"CNI_COMMAND=" + verb, fmt::format("CNI_CONTAINERID=c{:063x}", pod),
                                                 fmt::format("CNI_NETNS=/proc/{}/fd/{}", ::getpid(), pods_[pod].fd()),
                                                 "CNI_IFNAME=eth0", "CNI_PATH=/opt/cni/bin",
                                                 "CNI_ARGS=K8S_POD_NAMESPACE=ns-0;K8S_POD_NAME=" + name_of(pod)}},
                {.input = config});
  if (!finished) throw std::runtime_error(finished.error().message);
  if (!finished->ok()) throw std::runtime_error(verb + ": " + finished->out);
}

Pods::Serial Pods::one_by_one(Observer& observer) {
  Serial out;
  for (std::size_t i = 0; i < pods_.size(); ++i) {
    observer.forget();
    const auto interface = api::interface_name_of_pod("cali", "ns-0", name_of(i));
    const auto start = Clock::now();
    call("ADD", i);
    const auto returned = Clock::now();
    out.add.add(since(start));
    // What is in force by now has its event in the socket already.
    bool route = false;
    int elements = 0;
    const auto complete = observer.until([&](const Observer::Event& event) {
      route = route || (event.route && event.type == RTM_NEWROUTE);
      if (!event.route && event.type == NFT_MSG_NEWSETELEM && event.says(interface)) ++elements;
      return route && elements >= 3;  // the address, the map of what it sends, that of what it gets
    });
    if (!complete) throw std::runtime_error("ADD returned and its policy never came");
    const double late = std::chrono::duration<double, std::milli>(*complete - returned).count();
    out.in_force.add(late < 0.5 ? 0 : late);  // half a millisecond: to read the events that were there
  }
  for (std::size_t i = 0; i < pods_.size(); ++i) {
    const auto start = Clock::now();
    call("DEL", i);
    out.del.add(since(start));
  }
  return out;
}

double Pods::eight_at_once() {
  std::atomic<std::size_t> next = 0;
  std::exception_ptr failed;
  std::mutex mutex;
  const auto start = Clock::now();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        try {
          for (std::size_t pod = 0; (pod = next++) < pods_.size();) call("ADD", pod);
        } catch (...) {
          const std::lock_guard lock(mutex);
          failed = std::current_exception();
        }
      });
    }
  }
  if (failed) std::rethrow_exception(failed);
  return static_cast<double>(pods_.size()) * 1000 / since(start);
}

void Pods::remove_all() {
  for (std::size_t i = 0; i < pods_.size(); ++i) call("DEL", i);
}

}  // namespace weft::bench
