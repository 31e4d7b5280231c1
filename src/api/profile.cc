#include "api/profile.h"

#include "api/described.h"

namespace weft::schema {

using api::Profile, api::ProfileSpec;

template <>
const Schema& schema_of<ProfileSpec>() {
  static const Schema schema =
      describe<ProfileSpec>("ProfileSpec", "Labels and last-resort rules.")
          .field("ingress", &ProfileSpec::ingress, "Rules for traffic to the endpoint.", AtMost{1024})
          .field("egress", &ProfileSpec::egress, "Rules for traffic from the endpoint.", AtMost{1024})
          .field("labelsToApply", &ProfileSpec::labels_to_apply, "Labels of the endpoints that have the profile.",
                 Format{api::label_value})
          .extra(&ProfileSpec::extra)
          .check([](const ProfileSpec& s, const Report& report) { api::check_directions(s.ingress, s.egress, report); },
                 {{"ingress", "services not allowed in ingress rule destination"},
                  {"egress", "services not allowed in egress rule source"},
                  {"egress", "http not allowed in egress rules"}})
          .check([](const ProfileSpec& s,
                    const Report& report) { api::check_label_names(s.labels_to_apply, "labelsToApply", report); },
                 {{"labelsToApply", "must have names of labels"}});
  return schema;
}

template <>
const Schema& schema_of<Profile>() {
  static const Schema schema = describe<Profile>("Profile", "Labels and last-resort rules shared by endpoints.")
                                   .resource("profiles", {"pro", "pros"})
                                   .kubernetes_own()
                                   .example(R"(metadata:
  name: kns.shop
spec:
  ingress:
    - action: Allow
  egress:
    - action: Allow
  labelsToApply:
    pcns.stage: live
)")
                                   .field("metadata", &Profile::metadata, "Name and labels.", always)
                                   .field("spec", &Profile::spec, "Labels and rules.", always)
                                   .extra(&Profile::extra)
                                   .check(api::check_name<Profile>(api::dns_subdomain, false))
                                   .column("NAME", Show::always, api::name_column)
                                   .column("LABELS", Show::wide, [](const Profile& profile, const Facts&) {
                                     std::string text;
                                     for (const auto& [name, value] : profile.spec.labels_to_apply) {
                                       if (!text.empty()) text += ',';
                                       text += name + "=" + value;
                                     }
                                     return text;
                                   });
  return schema;
}

}  // namespace weft::schema
