// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/backups.h"

#include "engine/apply/converge.h"
#include "engine/apply/intent.h"
#include "engine/apply/run_command.h"
#include "engine/dbms/dbms.h"

namespace dbaas {

Result<BackupCatalogue> ListBackups(Driver& driver, Clock& clock, const ClusterRecord& record) {
  if (record.backup_policy() == nullptr) {
    return Invalid("cluster_id", "cluster " + record.cluster + " has no backup policy",
                   "A dbaas_backup_policy says where its backups go.");
  }
  const Dbms* dbms = TRY(DbmsOf(record));
  const auto facts = Probe(driver, clock, record, TRY(driver.Observe(record.cluster)));
  const MemberFacts* primary = facts ? facts->Primary() : nullptr;
  if (primary == nullptr) {
    return Unavailable("cluster " + record.cluster + " has no primary right now",
                       "`dbaas show` says how its members are.");
  }
  return dbms->ReadBackups(TRY_IN(RunCommand(driver, dbms->ListBackups(record, primary->name)),
                                  "listing the backups of " + record.cluster));
}

}  // namespace dbaas
