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

/// "f: No such file or directory" as Go says it: "open f: no such file or directory".
std::string as_go(std::string text) {
  for (const std::string_view end : {": No such file or directory", ": Permission denied"}) {
    if (!text.ends_with(end)) continue;
    const std::size_t reason = text.size() - end.size(), before = text.rfind(": ", reason - 1);
    text.replace(reason, end.size(), to_lower(end));
    text.insert(before == std::string::npos ? 0 : before + 2, "open ");
    break;
  }
  return text;
}

/// calicoctl's words for a document whose kind or version is not known; empty: the mistake is another.
std::string unknown_type(std::string_view text) {
  constexpr std::string_view of_kind = "kind: \"", of_version = "): apiVersion: ", of_value = "(is \"";
  const auto up_to = [&](std::size_t begin, char end) { return text.substr(begin, text.find(end, begin) - begin); };
  std::string_view kind, version = "projectcalico.org/v3";
  if (const auto at = text.find(of_kind); at != text.npos) {
    kind = up_to(at + of_kind.size(), '"');
  } else if (const auto after = text.find(of_version); after != text.npos) {
    const auto value = text.find(of_value, after);
    kind = up_to(text.rfind(' ', text.rfind('(', after)) + 1, '(');
    version = value == text.npos ? "" : up_to(value + of_value.size(), '"');
  } else {
    return {};
  }
  return fmt::format("unknown resource type ({}) and/or version ({})", kind, version);
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
  if (!of_rules) return as_go(text);
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
      const std::string type = unknown_type(text);
      report.err += "failed to execute command: " + (type.empty() ? "" : type + ": ");
    }
    report.err += (voice == Voice::weft ? text : as_go(text)) + '\n';
  }
  return report;
}

}  // namespace weft::ctl
