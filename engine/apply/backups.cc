// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/backups.h"

#include <fmt/format.h>

#include "engine/apply/converge.h"
#include "engine/apply/intent.h"
#include "engine/apply/run_command.h"
#include "engine/model/maintenance.h"

namespace dbaas {
namespace {

bool IsOfBackup(const HistoryEntry& entry) {
  for (const BackupKind kind :
       {BackupKind::kFull, BackupKind::kDifferential, BackupKind::kIncremental}) {
    // A name may follow.
    if (entry.what.starts_with(
            Maintenance{.kind = Maintenance::Kind::kBackup, .backup = kind}.ToText())) {
      return true;
    }
  }
  return false;
}

/// What the repository does not know.
void AddFromRecord(const ClusterRecord& record, BackupCatalogue& catalogue) {
  for (const auto& entry : record.history) {
    // One that was cut has no outcome.
    if (!IsOfBackup(entry) || entry.outcome.empty() || entry.outcome == "ok") continue;
    catalogue.last_failure_at = ToTimePoint(entry.at);
    catalogue.last_failure = entry.outcome;
  }
  const Verifications& known = record.verifications;
  catalogue.last_verified = known.sound;
  catalogue.verification_problem = known.problem;
  for (auto& backup : catalogue.backups) {
    const auto found = known.backups.find(backup.id);
    if (found != known.backups.end()) backup.verified = found->second;
  }
  for (const auto& [key, kept] : record.kept_backups) {
    const auto part = record.parts.find(key);
    if (part == record.parts.end()) continue;
    const auto& spec = std::get<BackupSpec>(part->second);
    for (auto& backup : catalogue.backups) {
      if (backup.mark != kept.mark) continue;
      backup.kept_by = spec.name;
      backup.kept_until = spec.keep_until;
    }
  }
}

}  // namespace

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
  BackupCatalogue catalogue =
      TRY(dbms->ReadBackups(TRY_IN(RunCommand(driver, dbms->ListBackups(record, primary)),
                                   "listing the backups of " + record.cluster)));
  AddFromRecord(record, catalogue);
  return catalogue;
}

Result<Archiving> LookAtArchiving(Driver& driver, Clock& clock, const ClusterRecord& record) {
  TRY(CheckHasPolicy(record, record.cluster));
  const Dbms* dbms = TRY(DbmsOf(record));
  const std::string primary = TRY(FindPrimary(driver, clock, record));
  return dbms->ReadArchiving(TRY_IN(RunCommand(driver, dbms->LookAtArchiving(record, primary)),
                                    "looking how " + record.cluster + " archives its log"));
}

Result<Command> RemovalOfOldBackups(Driver& driver, Clock& clock, const ClusterRecord& record,
                                    const std::string& primary) {
  const BackupPolicySpec* policy = record.backup_policy();
  if (policy == nullptr || !policy->has_retention()) return Command{};
  const BackupCatalogue catalogue = TRY(ListBackupsAt(driver, record, primary));
  TRY(CheckIsKnown(catalogue, record.cluster));
  const Retention retention = ApplyRetention(*policy, catalogue, clock.Now());
  const Dbms* dbms = TRY(DbmsOf(record));
  return dbms->RemoveBackups(record, retention, primary);
}

Result<void> CheckIsKnown(const BackupCatalogue& catalogue, const std::string& cluster) {
  if (catalogue.is_known) return Ok();
  return Conflict(
      fmt::format("what backups {} has cannot be seen: {}", cluster, catalogue.repository_problem));
}

}  // namespace dbaas
