#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "schema/member_count.h"
#include "schema/type.h"

namespace weft::schema {

/// Builds the description of a struct:
///
///     template <> const Schema& schema::schema_of<Tier>() {
///       static const Schema schema = describe<Tier>("Tier", "A group of policies evaluated together.")
///           .resource("tiers")
///           .field("metadata", &Tier::metadata, "Name and labels.", always)
///           .field("spec", &Tier::spec, "What it does.", always)
///           .extra(&Tier::extra)
///           .check([](const Tier& tier, const Report& report) { … })
///           .column("NAME", Show::always, [](const Tier& tier, const Facts&) { return tier.metadata.name; });
///       return schema;
///     }
///
/// Every member of the struct must be mentioned; a forgotten one stops the program at the first use of the description.
template <class T>
class Describe {
 public:
  Describe(std::string_view kind, std::string_view doc) {
    schema_.kind = kind;
    schema_.doc = doc;
    schema_.members = member_count<T>();
    schema_.make = []() -> std::shared_ptr<void> { return std::make_shared<T>(); };
  }

  /// Has kind and apiVersion in its JSON. `plural` as in keys; `aliases` are other names on the command line, lower
  /// case.
  Describe& resource(std::string_view plural = {}, std::vector<std::string_view> aliases = {}) {
    schema_.is_resource = true;
    schema_.plural = plural;
    schema_.aliases = std::move(aliases);
    return *this;
  }
  /// Users may not write it.
  Describe& is_protected() {
    schema_.is_protected = true;
    return *this;
  }
  /// A kind that calicoctl does not know.
  Describe& internal() {
    schema_.is_internal = true;
    return *this;
  }

  /// Kubernetes has objects of its own that are this.
  Describe& kubernetes_own() {
    schema_.is_kubernetes_own = true;
    return *this;
  }
  /// metadata and spec of a valid document, YAML, for the reference.
  Describe& example(std::string_view yaml) {
    schema_.example = yaml;
    return *this;
  }

  /// A member and its name in JSON. Options: see rules.h.
  template <class M, class... Options>
  Describe& field(std::string_view name, M T::* member, std::string_view doc, Options... options) {
    return add(name, offset_of(member), type_of<M>(), doc, std::move(options)...);
  }
  /// A text member that holds JSON as it was found; for what we carry but do not read.
  template <class... Options>
  Describe& json_field(std::string_view name, std::string T::* member, std::string_view doc, Options... options) {
    return add(name, offset_of(member), json_text_type(), doc, std::move(options)...);
  }

  /// Where members go that have no field. `passed` are those among them that users may write.
  Describe& extra(Extra T::* member, std::vector<std::string_view> passed = {}) {
    schema_.extra_offset = static_cast<std::ptrdiff_t>(offset_of(member));
    schema_.passed = std::move(passed);
    return *this;
  }

  /// A rule across fields: bool(const T&) says whether it is broken; `rule` is what it demands of the field at `path`.
  template <class F>
  Describe& rule(std::string_view path, std::string_view rule, F is_broken) {
    return check(
        [=](const T& object, const Report& report) {
          if (is_broken(object)) report(path, {}, std::string(rule));
        },
        {{path, rule, true}});
  }
  /// Rules across fields that need code of their own: void(const T&, const Report&). `rules` are what it demands, for
  /// the reference.
  template <class F>
  Describe& check(F function, std::vector<RuleText> rules = {}) {
    schema_.rule_texts.insert(schema_.rule_texts.end(), rules.begin(), rules.end());
    schema_.checks.push_back(
        [function](const void* object, const Report& report) { function(*static_cast<const T*>(object), report); });
    return *this;
  }

  /// A default that depends on other fields: void(T&, bool reading).
  template <class F>
  Describe& fill(F function) {
    schema_.fills.push_back([function](void* object, bool reading) { function(*static_cast<T*>(object), reading); });
    return *this;
  }

  /// A column of the table that `get` prints: std::string(const T&, const Facts&).
  template <class F>
  Describe& column(std::string_view heading, Show show, F text) {
    schema_.columns.push_back({heading, show, [text](const void* object, const Facts& facts) {
                                 return std::string(text(*static_cast<const T*>(object), facts));
                               }});
    return *this;
  }

  operator Schema() {
    CHECK(schema_.fields.size() + (schema_.extra_offset >= 0 ? 1 : 0) == schema_.members);
    return std::move(schema_);
  }

 private:
  template <class M>
  static std::size_t offset_of(M T::* member) {
    static const T sample{};
    return static_cast<std::size_t>(reinterpret_cast<const char*>(&(sample.*member)) -
                                    reinterpret_cast<const char*>(&sample));
  }

  template <class... Options>
  Describe& add(std::string_view name, std::size_t offset, const Type& type, std::string_view doc, Options... options) {
    Field field{name, doc, offset, &type, {}};
    (field.rules.add(std::move(options)), ...);
    schema_.fields.push_back(std::move(field));
    return *this;
  }

  Schema schema_;
};

template <class T>
Describe<T> describe(std::string_view kind, std::string_view doc) {
  return Describe<T>(kind, doc);
}

}  // namespace weft::schema
