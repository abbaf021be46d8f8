// SPDX-License-Identifier: MPL-2.0
//
// What there is of a cluster's backups: asked of its primary, for that is where the repository is
// reached from. Changes nothing. Called by the engine, the schedule (watch/backup_scheduler.h), the
// action runner and converge.
// Thread-safe.
#pragma once

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/dbms/dbms.h"
#include "engine/drivers/driver.h"
#include "engine/model/backup.h"
#include "engine/model/record.h"

namespace dbaas {

/// kInvalid, on "cluster_id", without a policy. `cluster` is what the error calls it.
Result<void> CheckHasPolicy(const ClusterRecord& record, const std::string& cluster);

/// Errors: as CheckHasPolicy; kUnavailable when nobody leads or the host is silent. When only the
/// repository is, the catalogue says so.
Result<BackupCatalogue> ListBackups(Driver& driver, Clock& clock, const ClusterRecord& record);
/// The same for who knows that `primary` leads.
Result<BackupCatalogue> ListBackupsAt(Driver& driver, const ClusterRecord& record,
                                      const std::string& primary);

/// What removes the backups that the policy keeps no longer, for who holds the cluster's lease.
/// Empty argv: it keeps everything. Errors: as ListBackups.
Result<Command> RemovalOfOldBackups(Driver& driver, Clock& clock, const ClusterRecord& record,
                                    const std::string& primary);

/// How the cluster's log gets to its repository. Errors: as ListBackups.
Result<Archiving> LookAtArchiving(Driver& driver, Clock& clock, const ClusterRecord& record);

/// For who decides by what there is: kConflict when the repository did not tell. The host did
/// answer, so nobody is to do without it.
Result<void> CheckIsKnown(const BackupCatalogue& catalogue, const std::string& cluster);

}  // namespace dbaas
