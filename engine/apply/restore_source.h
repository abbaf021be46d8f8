// SPDX-License-Identifier: MPL-2.0
//
// Where a cluster that is made from backups gets them from: looks at the source, says early whether
// what is asked for can be had, and takes what the cluster has to know of it. The source is another
// cluster, for a new one, or itself, when it is restored in place. Called by converge. Thread-safe.
#pragma once

#include <optional>

#include "engine/apply/intent.h"
#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/drivers/driver.h"
#include "engine/model/record.h"

namespace dbaas {

/// Fills in the secrets of a creation from backups; nothing to do for any other record. kInvalid,
/// on "restore" or an attribute of it, when the source is not there, has no backups, or none that
/// reach so far, and when the creation had begun from something else (`before` is what the host
/// has). At kApply the log of the source is completed, so that what is committed now can be
/// restored; a plan changes nothing. What can only be asked of a primary goes unchecked while the
/// source has none: then the restoration itself says it.
Result<void> TakeRestoreSource(Driver& driver, Clock& clock, Moment moment,
                               const std::optional<ClusterRecord>& before, ClusterRecord& record);

/// Ends when all that `source` has committed is in its repository. The branch of the log that it is
/// on.
Result<std::string> CompleteLog(Driver& driver, const ClusterRecord& source,
                                const std::string& primary);

/// Makes a record say that its cluster is to go back to what `to` names, on a new set of data; or
/// to that instead, when it is on its way back already. Errors as above, on the attributes of `to`
/// by themselves; kConflict once the data is made. kUnavailable when nobody leads who could
/// complete the log, unless `force` says that what is missing of it may be lost: then any member
/// that runs is asked for the catalogue. A plan completes nothing.
Result<void> BeginInPlace(Driver& driver, Clock& clock, Moment moment, const RestoreSpec& to,
                          bool force, ClusterRecord& record);

/// Makes it say again what it said before. kInvalid when the cluster is not on its way back;
/// kConflict once the data is made, or when volumes that it ran on are gone.
Result<void> UndoInPlace(const Dbms& dbms, const Observation& observed, ClusterRecord& record);

}  // namespace dbaas
