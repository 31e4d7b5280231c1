#include "api/metadata.h"

#include "api/described.h"

#include "base/strings.h"

namespace weft::api {

void check_label_names(const Labels& labels, std::string_view path, const schema::Report& report) {
  for (const auto& [name, value] : labels) {
    if (auto broken = qualified_name(name)) report(path, name, *broken);
  }
}

void check_annotations(const Labels& annotations, std::string_view path, const schema::Report& report) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : annotations) {
    if (auto broken = qualified_name(to_lower(name))) report(path, name, *broken);
    bytes += name.size() + value.size();
  }
  constexpr std::size_t most = 256 * 1024;
  if (bytes > most)
    report(path, "…", "total size of annotations is too large by " + std::to_string(bytes - most) + " bytes");
}

}  // namespace weft::api

namespace weft::schema {

template <>
const Schema& schema_of<api::Metadata>() {
  using api::Metadata;
  static const Schema schema =
      describe<Metadata>("Metadata", "Name, labels and bookkeeping of an object.")
          .field("name", &Metadata::name, "Unique within the kind, and within the namespace where the kind has them.",
                 immutable)
          .field("generateName", &Metadata::generate_name,
                 "Prefix that the name was made from; not for creating objects.")
          .field("namespace", &Metadata::namespace_, "Namespace; absent for kinds of the whole cluster.", immutable)
          .field("uid", &Metadata::uid, "Given when the object is created.")
          .field("resourceVersion", &Metadata::resource_version, "Revision of the object in the store.", not_stored)
          .field("creationTimestamp", &Metadata::creation_timestamp, "When it was created.")
          .field("labels", &Metadata::labels, "What selectors look at.", Format{api::label_value})
          .field("annotations", &Metadata::annotations, "Notes of programs; selectors do not see them.")
          .extra(&Metadata::extra, {"generation", "deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences",
                                    "finalizers", "managedFields", "selfLink"})
          .check([](const Metadata& m, const Report& report) { api::check_label_names(m.labels, "labels", report); },
                 {{"labels", "must have names of labels"}})
          .check([](const Metadata& m,
                    const Report& report) { api::check_annotations(m.annotations, "annotations", report); },
                 {{"annotations", "must have names of annotations, and at most 256 KiB together"}});
  return schema;
}

}  // namespace weft::schema
