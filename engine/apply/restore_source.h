// SPDX-License-Identifier: MPL-2.0
//
// Where a cluster that is made from backups gets them from: looks at the source, says early whether
// what is asked for can be had, and takes what the new cluster has to know of it. Called by
// converge. Thread-safe.
#pragma once

#include <optional>

#include "engine/apply/intent.h"
#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/drivers/driver.h"
#include "engine/model/record.h"

namespace dbaas {

/// Fills in the secrets of record.restoring(); nothing to do when that is null. kInvalid, on
/// "restore" or an attribute of it, when the source is not there, has no backups, or none that
/// reach so far, and when the creation had begun from something else (`before` is what the host
/// has). At kApply the log of the source is completed, so that what is committed now can be
/// restored; a plan changes nothing. What can only be asked of a primary goes unchecked while the
/// source has none: then the restoration itself says it.
Result<void> TakeRestoreSource(Driver& driver, Clock& clock, Moment moment,
                               const std::optional<ClusterRecord>& before, ClusterRecord& record);

}  // namespace dbaas
