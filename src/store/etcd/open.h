#pragma once

#include <memory>

#include "store/etcd/etcd.h"
#include "store/settings.h"
#include "store/store.h"

namespace weft::store {

/// What the settings ask for, with the files read.
/// @return  Code::unsupported for what is not supported yet, Code::not_found when no endpoint is set, else what is
/// wrong
///          with which setting
Result<EtcdOptions> etcd_options(const Settings& settings);

/// The store that the settings name. Nothing is connected yet.
Result<std::unique_ptr<Store>> open(const Settings& settings);

}  // namespace weft::store
