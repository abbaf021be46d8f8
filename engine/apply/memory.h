// SPDX-License-Identifier: MPL-2.0
//
// Whether a host has what one member is to have. Called by converge and by the engine. Thread-safe.
#pragma once

#include <optional>

#include "engine/base/result.h"
#include "engine/drivers/driver.h"
#include "engine/model/part_change.h"
#include "engine/model/record.h"

namespace dbaas {

/// kInvalid, on `instance_class` or `resources.memory`, when a member of the changed part is to
/// have more memory than the whole host has. Only what is more than `before` is looked at: a
/// cluster that is there can always be changed otherwise. That all members together have more is up
/// to who declares them.
Result<void> CheckMemory(Driver& driver, const std::optional<ClusterRecord>& before,
                         const PartChange& change);

}  // namespace dbaas
