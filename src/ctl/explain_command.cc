// `weft explain`: what policy means for one packet.

#include <cstdio>

#include <fmt/core.h>

#include "ctl/access.h"
#include "ctl/documents.h"
#include "ctl/explain.h"

namespace weft::ctl {
namespace {

struct Words {
  Access access;
  std::string file, output;
  Question question;
};

/// 0: allowed, 3: denied.
Result<int> explain(const Words& words) {
  if (!words.output.empty() && words.output != "json" && words.output != "text")
    return fail(Code::invalid, fmt::format("-o {}: text or json", words.output));
  Documents documents;
  if (!words.file.empty()) documents = TRY(read_documents(words.file, {.namespace_ = words.question.namespace_}));
  for (const auto& error : documents.problems()) fmt::print(stderr, "{}\n", error.message);
  if (!documents.problems().empty()) return 1;

  std::vector<Error> undecodable;
  auto cluster = TRY(load_cluster(*TRY(open_store(words.access)), undecodable));
  for (const auto& error : undecodable) fmt::print(stderr, "left out: {}\n", error.message);
  for (const auto& document : documents.good) cluster.put(document.object);
  const policy::Oracle oracle(cluster);
  const auto flows = TRY(explain(oracle, words.question));
  fmt::print("{}", words.output == "json" ? explain_json(flows) : explain_text(flows));
  return allowed(flows) ? 0 : 3;
}

}  // namespace

void add_explain(cli::Command& root) {
  static Words w;
  auto explain_ = root.sub(
      "explain",
      "Tell whether a packet may pass, and which rule of which policy decides, at both ends.\n\n"
      "  weft explain shop/web shop/db tcp/5432\n  weft explain shop/web 192.0.2.1 icmp/8\n"
      "  weft explain -f change.yaml 192.0.2.1 shop/web tcp/https\n\n"
      "FROM and TO are NAMESPACE/POD (or NAMESPACE/POD/ENDPOINT), a node, or an address. It is the first packet of a "
      "connection. Exit status: 0 allowed, 3 denied, 1 when it cannot be told, 2 for words that are not understood.");
  explain_.positional("FROM", w.question.from, "who sends");
  explain_.positional("TO", w.question.to, "who receives");
  explain_.positional("WHAT", w.question.what,
                      "tcp/80, udp/53, sctp/NAME, icmp/8/0, icmpv6/128, or a protocol's number");
  explain_.option("-f,--filename", w.file, "as if these resources were applied");
  explain_.option("-o,--output", w.output, "text or json");
  explain_.option("-n,--namespace", w.question.namespace_, "namespace of pods that are given without one");
  explain_.option("--source-port", w.question.source_port, "port that the sender uses (50000)");
  add_access(explain_, w.access);
  explain_.offers("-o", {"text", "json"});
  explain_.run([] {
    const auto status = explain(w);
    return status ? *status : complain(status.error());
  });
}

}  // namespace weft::ctl
