#include "api/selector.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace weft::api {
namespace {

using Labels = std::map<std::string, std::string>;
using Meaning = std::function<bool(const Labels&)>;

std::string a_label() { return *rc::gen::element<std::string>("a", "b", "in", "x/y.z-0"); }
std::string a_value() { return *rc::gen::element<std::string>("", "u", "v", "uv", "\"q\""); }
std::string blank() { return *rc::gen::element<std::string>("", " ", "\t ", "  "); }
std::string quote(const std::string& value) {
  const char mark = value.find('"') != std::string::npos || *rc::gen::arbitrary<bool>() ? '\'' : '"';
  return mark + value + mark;
}

/// A selector's text and what it means, built side by side: the meaning by plain recursion over labels.
std::pair<std::string, Meaning> generate(int depth) {
  const int pick = *rc::gen::inRange(0, depth > 0 ? 13 : 9);
  const std::string k = a_label();
  const std::string v = a_value();
  const auto with = [k](auto test) -> Meaning {
    return [k, test](const Labels& labels) {
      const auto it = labels.find(k);
      return test(it == labels.end() ? nullptr : &it->second);
    };
  };
  using Value = const std::string*;
  switch (pick) {
    case 0: return {k + blank() + "==" + blank() + quote(v), with([v](Value x) { return x && *x == v; })};
    case 1: return {k + blank() + "!=" + blank() + quote(v), with([v](Value x) { return !x || *x != v; })};
    case 2:
      return {k + " contains" + blank() + quote(v),
              with([v](Value x) { return x && x->find(v) != std::string::npos; })};
    case 3:
      return {k + " starts" + blank() + "with" + blank() + quote(v),
              with([v](Value x) { return x && x->starts_with(v); })};
    case 4:
      return {k + " ends" + blank() + "with" + blank() + quote(v), with([v](Value x) { return x && x->ends_with(v); })};
    case 5:
    case 6: {
      std::set<std::string> values;
      std::string text;
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
        const std::string value = a_value();
        values.insert(value);
        text += blank() + quote(value) + blank() + ',';
      }
      if (!text.empty() && *rc::gen::arbitrary<bool>()) text.pop_back();
      text = '{' + text + blank() + '}';
      if (pick == 5) return {k + " in" + blank() + text, with([values](Value x) { return x && values.contains(*x); })};
      return {k + " not" + blank() + "in" + blank() + text,
              with([values](Value x) { return !x || !values.contains(*x); })};
    }
    case 7: return {"has(" + blank() + k + blank() + ')', with([](Value x) { return x != nullptr; })};
    case 8: return {*rc::gen::element<std::string>("all()", "global( )"), [](const Labels&) { return true; }};
    case 9: {
      const auto [text, meaning] = generate(depth - 1);
      return {'!' + blank() + '(' + text + ')', [meaning](const Labels& labels) { return !meaning(labels); }};
    }
    case 10: {
      const auto [text, meaning] = generate(depth - 1);
      return {'(' + blank() + text + blank() + ')', meaning};
    }
    default: {
      std::vector<Meaning> meanings;
      std::string text;
      for (int i = *rc::gen::inRange(2, 4); i > 0; --i) {
        const auto [part, meaning] = generate(depth - 1);
        if (!text.empty()) text += blank() + (pick == 11 ? "&&" : "||") + blank();
        text += '(' + part + ')';
        meanings.push_back(meaning);
      }
      return {text, [meanings, is_and = pick == 11](const Labels& labels) {
                for (const auto& meaning : meanings) {
                  if (meaning(labels) != is_and) return !is_and;
                }
                return is_and;
              }};
    }
  }
}

Labels random_labels() {
  Labels labels;
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) labels[a_label()] = a_value();
  return labels;
}

RC_GTEST_PROP(Selector, MeansWhatItsPartsMean, ()) {
  const auto [text, meaning] = generate(4);
  const auto selector = Selector::parse(text);
  RC_ASSERT(selector.has_value());
  for (int i = 0; i < 5; ++i) {
    const auto labels = random_labels();
    RC_ASSERT(selector->matches(labels) == meaning(labels));
  }
}

// `!(!(a))` prints as `!!a`, which reads as `a`: after one more round it is stable too.
RC_GTEST_PROP(Selector, KeepsItsCanonicalForm, ()) {
  const auto first = Selector::parse(generate(4).first).value();
  const auto second = Selector::parse(first.text()).value();
  if (first.text().find("!!") == std::string::npos) {
    RC_ASSERT(second == first);
    RC_ASSERT(second.id() == first.id());
  }
  const auto labels = random_labels();
  RC_ASSERT(first.matches(labels) == second.matches(labels));
  RC_ASSERT(first.prefixed("") == first);
}

RC_GTEST_PROP(Selector, MatchesNothingOutsideItsRestrictions, ()) {
  const auto selector = Selector::parse(generate(4).first).value();
  const auto labels = random_labels();
  if (!selector.matches(labels)) return;
  for (const auto& [label, restriction] : selector.restrictions()) {
    RC_ASSERT(labels.contains(label));
    RC_ASSERT((!restriction.values || restriction.values->contains(labels.at(label))));
  }
}

RC_GTEST_PROP(Selector, MatchesPrefixedLabelsWhenPrefixed, ()) {
  const auto selector = Selector::parse(generate(4).first).value();
  const auto prefixed = selector.prefixed("pcns.");
  const auto labels = random_labels();
  Labels renamed;
  for (const auto& [label, value] : labels) renamed["pcns." + label] = value;
  RC_ASSERT(prefixed.matches(renamed) == selector.matches(labels));
  RC_ASSERT(Selector::parse(prefixed.text())->matches(renamed) == selector.matches(labels));
}

}  // namespace
}  // namespace weft::api
