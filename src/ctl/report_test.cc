#include "ctl/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weft::ctl {
namespace {

using testing::StartsWith;

Outcome outcome(const char* kind, const std::string& where = "f", Result<> result = {}) {
  const auto* known = api::find_kind(kind);
  return {where, {known, known->make()}, std::move(result)};
}
Result<> error(Code code, const std::string& message) { return fail(code, message); }

TEST(ReportTest, CountsWhatWasDone) {
  EXPECT_EQ(report(Voice::weft, Verb::apply, {outcome("tier"), outcome("tier")}).out,
            "Successfully applied 2 'Tier' resource(s)\n");
  EXPECT_EQ(report(Voice::weft, Verb::remove, {outcome("tier"), outcome("node")}).out,
            "Successfully deleted 2 resource(s)\n");
  EXPECT_EQ(report(Voice::calicoctl, Verb::patch, {outcome("tier")}).out, "Successfully patched 1 'Tier' resource\n");
  EXPECT_EQ(report(Voice::weft, Verb::create, {}).out, "No resources specified\n");
}

TEST(ReportTest, NamesEachThatFailed) {
  const std::vector<Outcome> outcomes = {
      outcome("tier", "f, document 1"),
      outcome("tier", "f, document 2", error(Code::exists, "resource already exists: Tier(a)")),
      outcome("tier", "f, document 3", error(Code::invalid, "Tier(b): spec.order: must be a number"))};

  const auto ours = report(Voice::weft, Verb::create, outcomes);
  EXPECT_EQ(ours.status, 1);
  EXPECT_EQ(ours.out, "Partial success: created 1 out of 3 'Tier' resources\n");
  EXPECT_EQ(ours.err,
            "f, document 2: resource already exists: Tier(a)\nf, document 3: Tier(b): spec.order: must be a number\n");

  const auto theirs = report(Voice::calicoctl, Verb::create, outcomes);
  EXPECT_EQ(theirs.status, 1);
  EXPECT_EQ(theirs.out, "Partial success: created 1 out of 3 'Tier' resources:\n");
  EXPECT_EQ(theirs.err,
            "hit error: [resource already exists: Tier(a) with error: <nil> "
            "error with field Tier(b): spec.order: must be a number]\n");
}

TEST(ReportTest, SaysWhenNothingWasDone) {
  const auto failed = outcome("tier", "f", error(Code::conflict, "update conflict: Tier(a)"));
  EXPECT_EQ(report(Voice::calicoctl, Verb::replace, {failed}).err,
            "failed to replace 'Tier' resource: [update conflict: Tier(a)]\n");
  EXPECT_EQ(report(Voice::calicoctl, Verb::apply, {failed, failed}).err,
            "failed to apply any 'Tier' resources: [update conflict: Tier(a) update conflict: Tier(a)]\n");
  EXPECT_EQ(report(Voice::calicoctl, Verb::remove, {failed}).err,
            "Failed to delete 'Tier' resource: update conflict: Tier(a)\n");
  for (const auto voice : {Voice::weft, Voice::calicoctl}) EXPECT_EQ(report(voice, Verb::apply, {failed}).out, "");
  EXPECT_EQ(report(Voice::calicoctl, Verb::patch, {failed}).err, "hit error: update conflict: Tier(a)\n");
  const auto misspelt = outcome("tier", "", error(Code::invalid, "spec.ordre: is not known"));
  EXPECT_EQ(report(Voice::calicoctl, Verb::patch, {misspelt}).err,
            "field in document is not recognized or is in the wrong location: spec.ordre: is not known\n");
}

TEST(ReportTest, KeepsSentencesThatAreNoRules) {
  EXPECT_EQ(as_calicoctl({Code::invalid, "Node is not namespaced"}), "Node is not namespaced");
  EXPECT_EQ(as_calicoctl({Code::invalid, "IPPool(p): spec.cidr: a; spec.blockSize: b"}),
            "error with the following fields: IPPool(p): spec.cidr: a; spec.blockSize: b");
  EXPECT_EQ(as_calicoctl({Code::denied, "operation delete is not supported on Tier(t): x"}),
            "operation delete is not supported on Tier(t): x");
}

TEST(ReportTest, NamesFilesAsGo) {
  EXPECT_EQ(as_calicoctl({Code::denied, "a: /b c: Permission denied"}), "a: open /b c: permission denied");
}

TEST(ReportTest, SaysWhatCannotBeRead) {
  const auto said = [](Voice voice, Code code, const std::string& message) {
    return report_unreadable(voice, {{code, message}}).err;
  };
  const std::string field = "f: Tier(a): spec.ordr: is not known; did you mean \"order\"?";
  EXPECT_EQ(said(Voice::weft, Code::invalid, field), field + "\n");
  EXPECT_EQ(said(Voice::calicoctl, Code::invalid, field),
            "field in document is not recognized or is in the wrong location: " + field + "\n");
  EXPECT_EQ(said(Voice::calicoctl, Code::invalid, "f: kind: \"Teir\" is not known"),
            "failed to execute command: unknown resource type (Teir) and/or version (projectcalico.org/v3): "
            "f: kind: \"Teir\" is not known\n");
  EXPECT_THAT(
      said(Voice::calicoctl, Code::invalid,
           "f (1): Tier(a): apiVersion: must be projectcalico.org/v3 (is \"projectcalico.org/v1\")"),
      StartsWith("failed to execute command: unknown resource type (Tier) and/or version (projectcalico.org/v1): "));
  EXPECT_THAT(said(Voice::calicoctl, Code::invalid, "f: Tier(a): apiVersion: is required"),
              StartsWith("failed to execute command: unknown resource type (Tier) and/or version (): "));
  EXPECT_EQ(said(Voice::calicoctl, Code::not_found, "f: No such file or directory"),
            "failed to execute command: open f: no such file or directory\n");
  EXPECT_EQ(said(Voice::weft, Code::not_found, "f: No such file or directory"), "f: No such file or directory\n");
  EXPECT_EQ(said(Voice::calicoctl, Code::invalid, "no resources specified in file f"),
            "no resources specified in file f\n");
  EXPECT_EQ(report_unreadable(Voice::weft, {{Code::invalid, field}}).status, 1);
}

}  // namespace
}  // namespace weft::ctl
