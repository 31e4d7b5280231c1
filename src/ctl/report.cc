#include "ctl/report.h"

#include <algorithm>
#include <cstdio>

#include <fmt/core.h>

#include "base/strings.h"

namespace weft::ctl {
namespace {

constexpr std::string_view unknown_field = "field in document is not recognized or is in the wrong location: ";

struct Words {
  std::string_view now, past;
};

Words words_of(Verb verb) {
  switch (verb) {
    case Verb::create: return {"create", "created"};
    case Verb::apply: return {"apply", "applied"};
    case Verb::replace: return {"replace", "replaced"};
    case Verb::remove: return {"delete", "deleted"};
    case Verb::validate: return {"validate", "validated"};
    case Verb::patch: return {"patch", "patched"};
  }
  return {};
}

/// "'Tier' " when all are of that kind, with the blank behind it.
std::string single_kind(const std::vector<Outcome>& outcomes) {
  if (outcomes.empty()) return {};
  for (const auto& outcome : outcomes) {
    if (outcome.object.kind != outcomes.front().object.kind) return {};
  }
  return fmt::format("'{}' ", outcomes.front().object.kind->name);
}

std::string list_of(const std::vector<const Outcome*>& failed) {
  std::vector<std::string> sentences;
  for (const auto* outcome : failed) sentences.push_back(as_calicoctl(outcome->result.error()));
  return '[' + join(sentences, " ") + ']';
}

}  // namespace

int Report::say() const {
  fmt::print("{}", out);
  std::fflush(stdout);
  fmt::print(stderr, "{}", err);
  return status;
}

std::string as_calicoctl(const Error& error) {
  const std::string& text = error.message;
  for (const std::string_view known : {"resource already exists: ", "resource does not exist: "}) {
    // Go prints the error that there was not, and scripts have the line as it is.
    if (text.starts_with(known)) return text + " with error: <nil>";
  }
  // "IPPool(p): spec.cidr: must be …": a rule is broken, or several.
  const bool of_rules = error.code == Code::invalid && text.find("): ") < text.find(' ');
  if (!of_rules) return text;
  return (text.find("; ") == std::string::npos ? "error with field " : "error with the following fields: ") + text;
}

Report report(Voice voice, Verb verb, const std::vector<Outcome>& outcomes) {
  const auto [now, past] = words_of(verb);
  const std::string kind = single_kind(outcomes);
  std::vector<const Outcome*> failed;
  for (const auto& outcome : outcomes) {
    if (!outcome.result) failed.push_back(&outcome);
  }
  const std::size_t done = outcomes.size() - failed.size();
  Report report{.status = failed.empty() ? 0 : 1};
  if (outcomes.empty()) return {.out = "No resources specified\n"};
  if (failed.empty()) {
    report.out = fmt::format("Successfully {} {} {}resource{}\n", past, done, kind, verb == Verb::patch ? "" : "(s)");
    return report;
  }
  if (done > 0 && verb == Verb::remove && voice == Voice::calicoctl) {
    report.out = fmt::format("Successfully deleted {} {}resource(s)\n", done, kind);
  } else if (done > 0) {
    report.out = fmt::format("Partial success: {} {} out of {} {}resources{}\n", past, done, outcomes.size(), kind,
                             voice == Voice::weft ? "" : ":");
  }
  if (voice == Voice::weft) {
    for (const auto* outcome : failed) {
      report.err += (outcome->where.empty() ? "" : outcome->where + ": ") + outcome->result.error().message + '\n';
    }
  } else if (verb == Verb::remove) {
    for (const auto* outcome : failed)
      report.err += fmt::format("Failed to delete {}resource: {}\n", kind, as_calicoctl(outcome->result.error()));
  } else if (verb == Verb::patch) {
    const bool misplaced = failed[0]->result.error().message.find(": is not known") != std::string::npos;
    report.err =
        (misplaced ? std::string(unknown_field) : "hit error: ") + as_calicoctl(failed[0]->result.error()) + '\n';
  } else if (done > 0) {
    report.err = fmt::format("hit error: {}\n", list_of(failed));
  } else if (outcomes.size() == 1) {
    report.err = fmt::format("failed to {} {}resource: {}\n", now, kind, list_of(failed));
  } else {
    report.err = fmt::format("failed to {} any {}resources: {}\n", now, kind, list_of(failed));
  }
  return report;
}

Report report_unreadable(Voice voice, const std::vector<Error>& errors) {
  Report report{.status = 1};
  for (const auto& error : errors) {
    const std::string& text = error.message;
    if (voice == Voice::calicoctl && text.find(": is not known") != std::string::npos) {
      report.err += unknown_field;
    } else if (voice == Voice::calicoctl && (error.code != Code::invalid || text.find(": ") != std::string::npos)) {
      report.err += "failed to execute command: ";
      if (text.find("kind: \"") != std::string::npos || text.find("apiVersion: must") != std::string::npos)
        report.err += "unknown resource type and/or version: ";
    }
    report.err += text + '\n';
  }
  return report;
}

}  // namespace weft::ctl
