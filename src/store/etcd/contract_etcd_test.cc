#include <fmt/core.h>

#include "store/etcd/etcd.h"
#include "test/etcd.h"
#include "test/store_contract.h"

namespace weft::store {
namespace {

/// One server for all tests of this program.
test::Etcd& server() {
  static test::Etcd etcd;
  return etcd;
}

void compact(Store&, Revision revision) {
  const auto done = run_ok({"etcdctl", "--endpoints=" + server().endpoint(), "compact", std::to_string(revision)});
  ASSERT_TRUE(done) << done.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    Plain, StoreContract,
    testing::Values(Implementation{
        .name = "etcd",
        .make =
            [] { return std::shared_ptr(open_etcd({.endpoints = {*parse_endpoint(server().endpoint())}}).value()); },
        .compact = compact,
    }),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace weft::store
