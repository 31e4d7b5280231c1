#include <fmt/core.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <optional>
#include <sstream>

#include "schema/yaml_scalar.h"

namespace weft::schema {

namespace {

/// Aliases of aliases can make a short text huge; nobody's manifest has this many values.
constexpr std::size_t max_values = 1'000'000;
constexpr std::size_t max_depth = 256;

struct Refused {
  YAML::Mark mark;
  std::string reason;
};

std::size_t count_values(const Value& value) {
  std::size_t count = 1;
  if (const Array* array = value.as_array()) {
    for (const Value& element : *array) count += count_values(element);
  } else if (const Object* object = value.as_object()) {
    for (const auto& [name, member] : *object) count += count_values(member);
  }
  return count;
}

/// Builds Values from the parser's events, one per document.
class Builder : public YAML::EventHandler {
 public:
  std::vector<Value> documents;

  void OnDocumentStart(const YAML::Mark&) override {
    anchors_.clear();
    found_.reset();
  }
  void OnDocumentEnd() override { documents.push_back(found_ ? std::move(*found_) : Value()); }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { add(mark, anchor, Value()); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override {
    if (tag == "!" || tag == "tag:yaml.org,2002:str" || is_name()) {
      add(mark, anchor, Value(text), tag != "!");
      return;
    }
    if (tag != "?" && !tag.empty() && !tag.starts_with("tag:yaml.org,2002:"))
      refuse(mark, "tag " + tag + " has no meaning here");
    auto value = yaml_scalar(text);
    if (!value) refuse(mark, value.error().message);
    add(mark, anchor, std::move(*value));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) refuse(mark, "unknown alias");
    count_ += count_values(found->second);
    add(mark, 0, Value(found->second));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, false);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, true);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    YAML::Mark mark;
    YAML::anchor_t anchor;
    bool is_map;
    Array elements;
    std::vector<Member> members;
    std::map<std::string, std::size_t, std::less<>> names;
    std::optional<std::string> name;  // of the member whose value comes next
    bool merge = false;               // that member is a plain <<
    std::vector<Value> merged;
  };

  [[noreturn]] static void refuse(const YAML::Mark& mark, std::string reason) {
    throw Refused{mark, std::move(reason)};
  }

  bool is_name() const { return !open_.empty() && open_.back().is_map && !open_.back().name; }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, bool is_map) {
    if (is_name()) refuse(mark, "a name must be a scalar");
    if (open_.size() >= max_depth) refuse(mark, "nested too deep");
    open_.push_back(Open{mark, anchor, is_map, {}, {}, {}, {}, false, {}});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    if (!done.is_map) {
      add(done.mark, done.anchor, Value(std::move(done.elements)));
      return;
    }
    for (const Value& merged : done.merged) {  // what the map says itself wins, then what is merged first
      for (const auto& [name, value] : *merged.as_object()) {
        if (done.names.emplace(name, 0).second) done.members.emplace_back(name, value);
      }
    }
    add(done.mark, done.anchor, Value(Object(std::move(done.members))));
  }

  void add(const YAML::Mark& mark, YAML::anchor_t anchor, Value value, bool plain = false) {
    if (++count_ > max_values) refuse(mark, "too many values");
    if (anchor != 0) {
      anchors_[anchor] = value;
      count_ += count_values(value);
      if (count_ > max_values) refuse(mark, "too many values");
    }
    if (open_.empty()) {
      found_ = std::move(value);
      return;
    }
    Open& top = open_.back();
    if (!top.is_map) {
      top.elements.push_back(std::move(value));
    } else if (!top.name) {
      set_name(mark, top, std::move(value), plain);
    } else if (top.merge) {
      merge(mark, top, std::move(value));
    } else {
      top.members.emplace_back(std::move(*top.name), std::move(value));
      top.name.reset();
    }
  }

  static void set_name(const YAML::Mark& mark, Open& top, Value value, bool plain) {
    if (value.is_null()) value = Value("null");
    if (!value.as_string()) refuse(mark, "a name must be a scalar");
    top.name = *value.as_string();
    top.merge = plain && *top.name == "<<";
    if (!top.merge && !top.names.emplace(*top.name, 0).second)
      refuse(mark, fmt::format("\"{}\" is given twice", *top.name));
  }

  static void merge(const YAML::Mark& mark, Open& top, Value value) {
    if (value.as_object()) {
      top.merged.push_back(std::move(value));
    } else if (Array* list = value.as_array()) {
      for (Value& element : *list) {
        if (!element.as_object()) refuse(mark, "<< takes a map or a list of maps");
        top.merged.push_back(std::move(element));
      }
    } else {
      refuse(mark, "<< takes a map or a list of maps");
    }
    top.name.reset();
    top.merge = false;
  }

  std::vector<Open> open_;
  std::map<YAML::anchor_t, Value> anchors_;
  std::optional<Value> found_;
  std::size_t count_ = 0;
};

std::unexpected<Error> fail_at(const YAML::Mark& mark, std::string_view reason) {
  return fail(Code::invalid, fmt::format("line {}, column {}: {}", mark.line + 1, mark.column + 1, reason));
}

}  // namespace

Result<std::vector<Value>> parse_yaml(std::string_view text) {
  Builder builder;
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& refused) {
    return fail_at(refused.mark, refused.reason);
  } catch (const YAML::Exception& error) {
    return fail_at(error.mark, error.msg);
  }
  return std::move(builder.documents);
}

}  // namespace weft::schema
