#include "api/ip_reservation.h"

#include "api/described.h"
#include "base/strings.h"

namespace weft::schema {

using api::IpReservation, api::IpReservationSpec;

template <>
const Schema& schema_of<IpReservationSpec>() {
  static const Schema schema = describe<IpReservationSpec>("IPReservationSpec", "The addresses.")
                                   .field("reservedCIDRs", &IpReservationSpec::reserved_cidrs,
                                          "Prefixes that no address is given out of.", Format{api::loose_cidr})
                                   .extra(&IpReservationSpec::extra);
  return schema;
}

template <>
const Schema& schema_of<IpReservation>() {
  static const Schema schema =
      describe<IpReservation>("IPReservation", "Addresses of pools that are given out only when asked for by address.")
          .resource("ipreservations", {"reservation", "reservations"})
          .example(R"(metadata:
  name: by-hand
spec:
  reservedCIDRs:
    - 10.65.0.0/28
)")
          .field("metadata", &IpReservation::metadata, "Name and labels.", always)
          .field("spec", &IpReservation::spec, "The addresses.", always)
          .extra(&IpReservation::extra)
          .check(api::check_name<IpReservation>(api::dns_subdomain, false))
          .column("NAME", Show::always, api::name_column)
          .column("CIDRS", Show::wide,
                  [](const auto& r, const Facts&) { return api::shortened(join(r.spec.reserved_cidrs, ",")); });
  return schema;
}

}  // namespace weft::schema
