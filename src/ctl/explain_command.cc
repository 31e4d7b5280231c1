// `weft explain`: what policy means for one packet.

#include <cstdio>

#include <fmt/core.h>

#include "cli/command.h"
#include "client/objects.h"
#include "client/resources.h"
#include "ctl/access.h"
#include "ctl/documents.h"
#include "ctl/explain.h"
#include "ctl/staged_store.h"

namespace weft::ctl {
namespace {

constexpr int misunderstood = 2;

struct Words {
  Access access;
  std::string file, output;
  Question question;
};

/// 0: allowed, 3: denied.
Result<int> explain(const Words& words) {
  if (!words.output.empty() && words.output != "json" && words.output != "text") {
    fmt::print(stderr, "-o {}: text or json\n", words.output);
    return misunderstood;
  }
  if (const auto understood = check_words(words.question); !understood) {
    fmt::print(stderr, "{}\n", understood.error().message);
    return misunderstood;
  }
  Documents documents;
  if (!words.file.empty()) documents = TRY(read_documents(words.file, {.namespace_ = words.question.namespace_}));
  auto problems = documents.problems();

  const auto store = TRY(open_store(words.access));
  StagedStore staged(*store);
  staged.may_flush(false);
  if (problems.empty() && !words.file.empty()) {
    TRY(client::ensure_initialized(staged));
    for (const auto& document : documents.good) {
      const auto applied = client::apply(staged, document.object);
      if (!applied) problems.push_back(Error(applied.error()).within(document.where));
    }
  }
  for (const auto& problem : problems) fmt::print(stderr, "{}\n", problem.message);
  if (!problems.empty()) return 1;

  std::vector<Error> undecodable;
  const auto cluster = TRY(load_cluster(staged, undecodable));
  for (const auto& error : undecodable) fmt::print(stderr, "left out: {}\n", error.message);
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
