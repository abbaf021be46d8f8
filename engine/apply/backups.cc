// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/backups.h"

#include "engine/apply/converge.h"
#include "engine/apply/intent.h"
#include "engine/apply/run_command.h"
#include "engine/dbms/dbms.h"

namespace dbaas {

Result<void> CheckHasPolicy(const ClusterRecord& record, const std::string& cluster) {
  if (record.backup_policy() != nullptr) return Ok();
  return Invalid("cluster_id", "cluster " + cluster + " has no backup policy",
                 "A dbaas_backup_policy says where its backups go.");
}

Result<BackupCatalogue> ListBackups(Driver& driver, Clock& clock, const ClusterRecord& record) {
  TRY(CheckHasPolicy(record, record.cluster));
  return ListBackupsAt(driver, record, TRY(FindPrimary(driver, clock, record)));
}

Result<BackupCatalogue> ListBackupsAt(Driver& driver, const ClusterRecord& record,
                                      const std::string& primary) {
  const Dbms* dbms = TRY(DbmsOf(record));
  return dbms->ReadBackups(TRY_IN(RunCommand(driver, dbms->ListBackups(record, primary)),
                                  "listing the backups of " + record.cluster));
}

}  // namespace dbaas
