#include "api/metadata.h"

#include "api/described.h"

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
          .field("labels", &Metadata::labels, "What selectors look at.")
          .field("annotations", &Metadata::annotations, "Notes of programs; selectors do not see them.")
          .extra(&Metadata::extra, {"generation", "deletionTimestamp", "deletionGracePeriodSeconds", "ownerReferences",
                                    "finalizers", "managedFields", "selfLink"})
          .check([](const Metadata& metadata, const Report& report) {
            std::size_t bytes = 0;
            for (const auto& [name, value] : metadata.annotations) bytes += name.size() + value.size();
            if (bytes > 256 * 1024) report("annotations", {}, "may have at most 256 KiB together");
          });
  return schema;
}

}  // namespace weft::schema
