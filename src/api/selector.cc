#include "api/selector.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/sha.h"

namespace weft::api {

/// One step of a compiled selector. The machine has one register, the truth of what was evaluated last; a chain of
/// && or || leaves early by a jump. So evaluation needs no stack, however deep the parentheses.
struct Step {
  enum Op : std::uint8_t {
    always,
    present,
    equal,
    differ,
    in,
    not_in,
    contains,
    starts_with,
    ends_with,
    negate,
    jump_if_false,
    jump_if_true
  };
  Op op = always;
  std::uint32_t target = 0;  // of a jump
  std::string label;
  std::vector<std::string> values;  // sorted; one of them but for in and not_in
};

struct Selector::Tree {
  std::vector<Step> steps;
  std::string text;
  std::vector<std::size_t> labels;  // where label names stand in `text`, ascending
  std::string id;
  Restrictions restrictions;
  std::string source;  // that was parsed; empty: it came about otherwise

  struct Parsed;
  ~Tree();
};

namespace {

using Restrictions = Selector::Restrictions;

constexpr std::size_t max_label = 512;

struct Operator {
  std::string_view text;  // canonical
  Step::Op op;
};
constexpr Operator operators[] = {
    {"==", Step::equal},           {"!=", Step::differ},         {"in", Step::in},
    {"not in", Step::not_in},      {"contains", Step::contains}, {"starts with", Step::starts_with},
    {"ends with", Step::ends_with}};
constexpr std::string_view expected_operator = "expected ==, !=, in, not in, contains, starts with or ends with";

bool is_label_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
         c == '/' || c == '-';
}

std::string quoted(const std::string& value) {
  const char quote = value.find('"') == std::string::npos ? '"' : '\'';
  return quote + value + quote;
}

bool holds(const Step& step, const std::string* value) {
  const auto listed = [&] { return std::ranges::binary_search(step.values, *value); };
  switch (step.op) {
    case Step::present: return value != nullptr;
    case Step::equal: return value && *value == step.values.front();
    case Step::differ: return !value || *value != step.values.front();
    case Step::in: return value && listed();
    case Step::not_in: return !value || !listed();
    case Step::contains: return value && value->find(step.values.front()) != std::string::npos;
    case Step::starts_with: return value && value->starts_with(step.values.front());
    case Step::ends_with: return value && value->ends_with(step.values.front());
    default: return true;
  }
}

template <class Lookup>
bool run(const std::vector<Step>& steps, Lookup&& lookup) {
  bool truth = true;
  for (std::size_t at = 0; at < steps.size();) {
    const Step& step = steps[at++];
    switch (step.op) {
      case Step::always: truth = true; break;
      case Step::negate: truth = !truth; break;
      case Step::jump_if_false:
        if (!truth) at = step.target;
        break;
      case Step::jump_if_true:
        if (truth) at = step.target;
        break;
      default: truth = holds(step, lookup(step.label));
    }
  }
  return truth;
}

/// Both must hold: a label is restricted when either side restricts it. The smaller map moves into the larger.
void intersect(Restrictions& mine, Restrictions theirs) {
  if (mine.size() < theirs.size()) std::swap(mine, theirs);
  for (auto& [label, other] : theirs) {
    const auto [it, added] = mine.try_emplace(label, other);
    if (added || !other.values) continue;
    auto& values = it->second.values;
    if (!values)
      values = std::move(other.values);
    else
      std::erase_if(*values, [&](const std::string& value) { return !other.values->contains(value); });
  }
}

/// Either may hold: a label is restricted only when both sides restrict it.
void unite(Restrictions& mine, Restrictions theirs) {
  if (mine.size() > theirs.size()) std::swap(mine, theirs);
  for (auto it = mine.begin(); it != mine.end();) {
    const auto other = theirs.find(it->first);
    if (other == theirs.end()) {
      it = mine.erase(it);
      continue;
    }
    auto& values = it->second.values;
    if (!values || !other->second.values) {
      values.reset();
    } else {
      if (values->size() < other->second.values->size()) std::swap(*values, *other->second.values);
      values->merge(*other->second.values);
    }
    ++it;
  }
}

/// Reads a selector from left to right and writes steps and canonical text as it goes. Open parentheses are frames on
/// a stack of its own, so that nesting costs memory and never the call stack.
class Parser {
 public:
  explicit Parser(std::string_view in) : in_(in) {}

  Result<> parse() {
    blanks();
    if (at_end()) {
      leaf({});
      return finish();
    }
    open(0, false);
    while (true) {
      TRY(operand());
      while (frames_.size() > 1 && peek(")")) close();
      if (accept("&&"))
        next_and();
      else if (accept("||"))
        next_or();
      else if (!at_end())
        return expected("expected && or ||");
      else if (frames_.size() > 1)
        return expected(fmt::format("expected ) for the ( of column {}", frames_.back().column));
      else
        break;
    }
    end_and();
    end_or();
    return finish();
  }

  std::vector<Step> steps;
  std::string text;
  std::vector<std::size_t> labels;
  Restrictions restrictions;  // of the operand read last, in the end of the whole

 private:
  struct Chain {
    std::size_t start = 0;  // in `text`
    std::vector<std::size_t> jumps;
    std::optional<Restrictions> restrictions;  // of the operands before the last
  };
  struct Frame {
    std::size_t column = 0;
    bool negate = false;
    Chain ors;
    Chain ands;
  };

  // The input.
  bool at_end() const { return at_ == in_.size(); }
  void blanks() {
    while (!at_end() && (in_[at_] == ' ' || in_[at_] == '\t')) ++at_;
  }
  bool peek(std::string_view word) const { return in_.substr(at_).starts_with(word); }
  bool accept(std::string_view word) {
    if (!peek(word)) return false;
    at_ += word.size();
    return true;
  }
  /// A word that no label character follows.
  bool accept_word(std::string_view word) {
    if (!peek(word) || (at_ + word.size() < in_.size() && is_label_char(in_[at_ + word.size()]))) return false;
    at_ += word.size();
    return true;
  }
  std::unexpected<Error> expected(std::string_view what) const {
    return fail(Code::invalid, fmt::format("column {}: {}", at_ + 1, what));
  }

  Result<std::string> label() {
    const std::size_t start = at_;
    while (!at_end() && is_label_char(in_[at_])) ++at_;
    const std::size_t size = at_ - start;
    if (size > 0 && size <= max_label) return std::string(in_.substr(start, size));
    at_ = start;
    return expected(size == 0 ? "expected a label" : "a label has at most 512 characters");
  }
  Result<std::string> string() {
    if (at_end() || (in_[at_] != '"' && in_[at_] != '\'')) return expected("expected a quoted string");
    const auto end = in_.find(in_[at_], at_ + 1);
    if (end == std::string_view::npos) return expected("this string has no end");
    std::string value(in_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }
  Result<std::vector<std::string>> set() {
    std::vector<std::string> values;
    if (!accept("{")) return expected("expected {");
    for (blanks(); !accept("}"); blanks()) {
      values.push_back(TRY(string()));
      blanks();
      if (!accept(",") && !peek("}")) return expected("expected , or }");
    }
    std::ranges::sort(values);
    const auto repeated = std::ranges::unique(values);
    values.erase(repeated.begin(), repeated.end());
    return values;
  }

  // The grammar.
  Result<> operand() {
    bool negate = false;
    for (blanks(); accept("!"); blanks()) negate = !negate;
    while (peek("(")) {
      const std::size_t column = at_++ + 1;
      open(column, negate);
      negate = false;
      for (blanks(); accept("!"); blanks()) negate = !negate;
    }
    if (negate) text += '!';
    TRY(primary());
    if (negate) negated();
    blanks();
    return {};
  }

  Result<> primary() {
    if (accept("all(")) return call("all()", {});
    if (accept("global(")) return call("global()", {});
    Step step;
    if (accept("has(")) {
      blanks();
      step.op = Step::present;
      step.label = TRY(label());
      const std::string canonical = "has(" + step.label + ')';
      return call(canonical, std::move(step));
    }
    if (at_end() || !is_label_char(in_[at_])) return expected("expected a label, has(…), all(), global(), ! or (");
    step.label = TRY(label());
    blanks();
    const auto* found = std::ranges::find_if(operators, [&](const Operator& o) { return accept_operator(o); });
    if (found == std::end(operators)) return expected(expected_operator);
    step.op = found->op;
    blanks();
    labels.push_back(text.size());
    if (step.op == Step::in || step.op == Step::not_in) {
      step.values = TRY(set());
      text += fmt::format("{} {} {{", step.label, found->text);
      for (const auto& value : step.values) text += (&value == &step.values.front() ? "" : ", ") + quoted(value);
      text += '}';
    } else {
      step.values.push_back(TRY(string()));
      text += fmt::format("{} {} {}", step.label, found->text, quoted(step.values.front()));
    }
    leaf(std::move(step));
    return {};
  }

  /// Words may stand apart or together; a symbol needs no boundary after it, a word does.
  bool accept_operator(const Operator& o) {
    const std::size_t start = at_;
    const auto gap = o.text.find(' ');
    if (gap != std::string_view::npos) {
      if (!accept(o.text.substr(0, gap))) return false;
      blanks();
    }
    const auto last = gap == std::string_view::npos ? o.text : o.text.substr(gap + 1);
    if (is_label_char(last.front()) ? accept_word(last) : accept(last)) return true;
    at_ = start;
    return false;
  }

  Result<> call(std::string_view canonical, Step step) {
    blanks();
    if (!accept(")")) return expected("expected )");
    if (step.op == Step::present) labels.push_back(text.size() + 4);
    text += canonical;
    leaf(std::move(step));
    return {};
  }

  // What is written.
  void leaf(Step step) {
    restrictions.clear();
    if (step.op == Step::equal || step.op == Step::in)
      restrictions[step.label].values.emplace(step.values.begin(), step.values.end());
    else if (step.op != Step::always && step.op != Step::differ && step.op != Step::not_in)
      restrictions[step.label];
    steps.push_back(std::move(step));
  }
  void negated() {
    steps.push_back({.op = Step::negate, .label = {}, .values = {}});
    restrictions.clear();
  }
  void open(std::size_t column, bool negate) {
    if (negate) text += '!';
    frames_.push_back({column, negate, {text.size(), {}, {}}, {text.size(), {}, {}}});
  }
  void close() {
    end_and();
    end_or();
    const bool negate = frames_.back().negate;
    frames_.pop_back();
    if (negate) negated();
    ++at_;  // the )
    blanks();
  }
  void next_and() {
    Chain& chain = frames_.back().ands;
    add(chain, intersect);
    jump(chain, Step::jump_if_false);
    text += " && ";
  }
  void next_or() {
    end_and();
    Chain& chain = frames_.back().ors;
    add(chain, unite);
    jump(chain, Step::jump_if_true);
    text += " || ";
    frames_.back().ands = {text.size(), {}, {}};
  }
  void end_and() { end(frames_.back().ands, intersect); }
  void end_or() { end(frames_.back().ors, unite); }

  template <class Combine>
  void add(Chain& chain, Combine combine) {
    if (chain.restrictions)
      combine(*chain.restrictions, std::move(restrictions));
    else
      chain.restrictions = std::move(restrictions);
  }
  void jump(Chain& chain, Step::Op op) {
    chain.jumps.push_back(steps.size());
    steps.push_back({.op = op, .label = {}, .values = {}});
  }
  template <class Combine>
  void end(Chain& chain, Combine combine) {
    if (chain.jumps.empty()) return;  // a chain of one has no parentheses
    for (const auto from : chain.jumps) steps[from].target = static_cast<std::uint32_t>(steps.size());
    add(chain, combine);
    restrictions = std::move(*chain.restrictions);
    opens_.push_back(chain.start);
    text += ')';
  }

  /// Puts the opening parentheses in, now that it is known where they are needed.
  Result<> finish() {
    if (text.empty()) text = "all()";
    std::ranges::sort(opens_);
    std::string whole;
    whole.reserve(text.size() + opens_.size());
    auto label = labels.begin();
    std::size_t from = 0;
    for (std::size_t i = 0; i <= opens_.size(); ++i) {
      const std::size_t to = i < opens_.size() ? opens_[i] : text.size();
      for (; label != labels.end() && *label < to; ++label) *label += i;
      whole.append(text, from, to - from);
      if (i < opens_.size()) whole += '(';
      from = to;
    }
    text = std::move(whole);
    return {};
  }

  std::string_view in_;
  std::size_t at_ = 0;
  std::vector<Frame> frames_;
  std::vector<std::size_t> opens_;  // where a ( goes, in `text` without them
};

std::string id_of(std::string_view text) {
  const std::string kind = "s:";
  return kind + to_base64url(sha224(kind + std::string(text)));
}

}  // namespace

/// What was parsed and is still held by somebody, by its text: a cluster says the same again and again.
struct Selector::Tree::Parsed {
  std::mutex mutex;
  std::unordered_map<std::string_view, std::weak_ptr<const Tree>> trees;  // the texts are the trees' own

  static Parsed& all() {
    static auto* parsed = new Parsed;  // never destroyed: selectors may be held while the process ends
    return *parsed;
  }
};

Selector::Tree::~Tree() {
  if (source.empty()) return;
  auto& parsed = Parsed::all();
  const std::lock_guard lock(parsed.mutex);
  const auto it = parsed.trees.find(source);
  // Somebody may have parsed the same text since the last holder left.
  if (it != parsed.trees.end() && it->first.data() == source.data()) parsed.trees.erase(it);
}

Result<Selector> Selector::parse(std::string_view text) {
  auto& parsed = Tree::Parsed::all();
  {
    const std::lock_guard lock(parsed.mutex);
    if (const auto it = parsed.trees.find(text); it != parsed.trees.end()) {
      if (auto tree = it->second.lock()) return Selector(std::move(tree));
      parsed.trees.erase(it);  // its last holder is about to take it out
    }
  }
  Parser parser(text);
  TRY(parser.parse());
  auto tree = std::make_shared<Tree>();
  tree->steps = std::move(parser.steps);
  tree->steps.shrink_to_fit();
  tree->text = std::move(parser.text);
  tree->labels = std::move(parser.labels);
  tree->restrictions = std::move(parser.restrictions);
  tree->id = id_of(tree->text);
  if (!text.empty()) {
    tree->source = text;
    const std::lock_guard lock(parsed.mutex);
    const auto [it, fresh] = parsed.trees.try_emplace(tree->source, tree);
    if (!fresh) tree->source.clear();  // another thread was faster
  }
  return Selector(std::move(tree));
}

const Selector& Selector::all() {
  static const Selector selector = parse("").value();
  return selector;
}

Selector::Selector() : tree_(all().tree_) {}

const std::string& Selector::text() const { return tree_->text; }
const std::string& Selector::id() const { return tree_->id; }
const Restrictions& Selector::restrictions() const { return tree_->restrictions; }

bool Selector::matches(const std::map<std::string, std::string>& labels) const {
  return run(tree_->steps, [&](const std::string& name) {
    const auto it = labels.find(name);
    return it == labels.end() ? nullptr : &it->second;
  });
}

bool Selector::matches(const LabelLookup& labels) const { return run(tree_->steps, labels); }

Selector Selector::prefixed(std::string_view prefix) const {
  auto tree = std::make_shared<Tree>();
  tree->steps = tree_->steps;
  for (auto& step : tree->steps) {
    if (!step.label.empty()) step.label.insert(0, prefix);
  }
  std::size_t from = 0;
  for (const auto label : tree_->labels) {
    tree->text.append(tree_->text, from, label - from);
    tree->labels.push_back(tree->text.size());
    tree->text += prefix;
    from = label;
  }
  tree->text.append(tree_->text, from);
  tree->id = id_of(tree->text);
  for (const auto& [label, restriction] : tree_->restrictions)
    tree->restrictions.emplace(std::string(prefix) + label, restriction);
  return Selector(std::move(tree));
}

}  // namespace weft::api
