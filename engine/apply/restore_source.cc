// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/restore_source.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "engine/apply/backups.h"
#include "engine/apply/converge.h"
#include "engine/apply/desired.h"
#include "engine/apply/run_command.h"

namespace dbaas {
namespace {

// Attributes of a creation from backups.
constexpr char kRestore[] = "restore.";
constexpr char kSource[] = "restore.source_cluster_id";
constexpr char kEncryptionKey[] = "restore.encryption_key_wo";

/// What can be asked for is what its backups reach. On the attributes of a target by themselves.
Result<void> CheckTarget(const RestoreSpec& restore, const BackupCatalogue& catalogue,
                         TimePoint now) {
  const std::string source = restore.source.ToText();
  if (auto known = CheckIsKnown(catalogue, source); !known) {
    return std::move(known).error().On("source_cluster_id");
  }
  if (catalogue.backups.empty()) {
    return Invalid("source_cluster_id", "cluster " + source + " has no backup yet",
                   "`dbaas backup " + restore.source.cluster + "` takes one.");
  }
  if (!restore.backup_id.empty()) {
    if (catalogue.Find(restore.backup_id) != nullptr) return Ok();
    if (catalogue.FindMarked(restore.backup_id) != nullptr) return Ok();
    return Invalid("backup_id",
                   fmt::format("cluster {} has no backup {}", source, restore.backup_id),
                   "`dbaas backups " + restore.source.cluster + "` lists those that there are.");
  }
  if (!restore.time) return Ok();
  if (!catalogue.earliest) {
    return Invalid("time", "none of the backups of " + source + " is followed by its log",
                   "backup_id brings back the moment at which one of them ended.");
  }
  const bool arrives = catalogue.archiving_problem.empty();
  const TimePoint latest = arrives ? std::max(now, *catalogue.latest) : *catalogue.latest;
  if (restore.time >= catalogue.earliest && restore.time <= latest) return Ok();
  return Invalid(
      "time", fmt::format("the backups of {} do not reach {}", source, ToText(*restore.time)),
      fmt::format("Any moment from {} to {} can be restored{}{}.", ToText(*catalogue.earliest),
                  ToText(latest), arrives ? "" : ": ", catalogue.archiving_problem));
}

Result<void> TakeSecrets(const RestoreSpec& restore, const ClusterRecord& source,
                         ClusterRecord& record) {
  const Dbms* dbms = TRY(DbmsOf(source));
  for (auto& [name, secret] : TRY(dbms->RestoreSecrets(restore, source, record.cluster_spec()))) {
    record.secrets.insert_or_assign(kRestorePrefix + name, std::move(secret));
  }
  return Ok();
}

/// Data that is there would be taken for what was asked for.
Result<void> CheckNotBegun(Driver& driver, const ClusterRecord& record) {
  const Observation observed = TRY(driver.Observe(record.cluster));
  const bool restores = record.restoring() != nullptr;
  const bool has_begun = std::any_of(
      observed.objects.begin(), observed.objects.end(), [&](const ObservedObject& object) {
        return !object.member.empty() && (!restores || object.id.kind == ObjectKind::kInstance);
      });
  if (!has_begun) return Ok();
  return Invalid("restore",
                 fmt::format("the creation of {} has begun from something else", record.cluster),
                 "Destroy it first, or set restore back to what it was.");
}

/// From then on there may be rows that only a backup of their own keeps.
Result<void> CheckNotMade(const ClusterRecord& record) {
  if (!record.in_place || !record.in_place->is_made) return Ok();
  return Conflict("what was restored of " + record.cluster + " is served, or about to be",
                  "Apply first, which ends the restoration. `dbaas backups` shows the backup that "
                  "was taken before it; `dbaas restore --backup-id` goes back to that.");
}

Result<ClusterRecord> FindSource(Driver& driver, const RestoreSpec& restore,
                                 const ClusterRecord& record) {
  const std::string id = restore.source.ToText();
  if (restore.source.host != driver.Host()) {
    return Invalid(kSource, fmt::format("cluster {} is not on host {}", id, driver.Host()),
                   "A cluster is restored on the host that its source lives on.");
  }
  if (restore.source.cluster == record.cluster) {
    return Invalid(kSource, "a cluster cannot be made from itself",
                   "`dbaas restore` brings a cluster back in its own place.");
  }
  auto source = TRY(driver.ReadRecord(restore.source.cluster));
  if (!source || !source->has_cluster_part()) {
    return Invalid(kSource, "there is no cluster " + id);
  }
  // As it is now it can be had from itself.
  const auto has_policy = CheckHasPolicy(*source, id);
  if (!has_policy && restore.names_moment()) return Error(has_policy.error()).On(kSource);
  if (const std::string& engine = source->cluster_spec().engine;
      engine != record.cluster_spec().engine) {
    return Invalid("engine", fmt::format("the backups of {} are of {} and cannot become {}", id,
                                         engine, record.cluster_spec().engine));
  }
  return *std::move(source);
}

/// A bucket is only asked from within an instance, so whether it has what is wanted the restoration
/// itself says. What the source was like, it does not matter: its backups know.
Result<void> TakeBucket(const RestoreSpec& restore, ClusterRecord& record) {
  const std::string of_source = kRestorePrefix;
  if (!record.secrets.contains(of_source + kRepositoryPassphrase)) {
    return Invalid(
        kEncryptionKey,
        "the backups of " + restore.source.cluster + " are encrypted, and their key is not given",
        "It is encryption_key_wo of the policy that they were taken by.");
  }
  ClusterRecord source;
  source.cluster = restore.source.cluster;
  source.parts.emplace(kClusterPart, record.cluster_spec());
  source.parts.emplace(kBackupPolicyPart, BackupPolicySpec{.s3 = restore.s3});
  for (const char* name : {kStorageAccessKey, kStorageSecretKey, kRepositoryPassphrase}) {
    const auto key = record.secrets.find(of_source + name);
    source.secrets[name] = key == record.secrets.end() ? Secret<std::string>() : key->second;
  }
  return TakeSecrets(restore, source, record);
}

Result<void> TakeSource(Driver& driver, Clock& clock, Moment moment, const RestoreSpec& restore,
                        ClusterRecord& record) {
  if (restore.s3) return TakeBucket(restore, record);
  const ClusterRecord source = TRY(FindSource(driver, restore, record));
  TRY(TakeSecrets(restore, source, record));
  if (source.backup_policy() == nullptr) return Ok();
  // What nobody leads has committed nothing that is not on its way.
  const auto primary = FindPrimary(driver, clock, source);
  const auto catalogue = primary ? ListBackupsAt(driver, source, *primary) : primary.error();
  if (!catalogue) {
    spdlog::debug("cannot look how far the backups of {} reach: {}", restore.source.ToText(),
                  catalogue.error().ToLine());
    return Ok();
  }
  if (auto reached = CheckTarget(restore, *catalogue, clock.Now()); !reached) {
    std::string field = kRestore + reached.error().field;
    return std::move(reached).error().On(std::move(field));
  }
  if (moment == Moment::kApply && restore.backup_id.empty()) {
    TRY(CompleteLog(driver, source, *primary));
  }
  return Ok();
}

}  // namespace

Result<std::string> CompleteLog(Driver& driver, const ClusterRecord& source,
                                const std::string& primary) {
  const Dbms* dbms = TRY(DbmsOf(source));
  return TRY_IN(RunCommand(driver, dbms->CompleteLog(source, primary)),
                "having " + source.cluster + " archive its log up to now");
}

Result<void> TakeRestoreSource(Driver& driver, Clock& clock, Moment moment,
                               const std::optional<ClusterRecord>& before, ClusterRecord& record) {
  if (record.settled != 0 || record.in_place) return Ok();
  const bool goes_on = before && before->has_cluster_part() && !before->deleting;
  // Whether what an attempt before this one was given may be enough, whatever became of the source.
  const bool is_same = goes_on && before->cluster_spec().restore == record.cluster_spec().restore;
  if (goes_on && !is_same) TRY(CheckNotBegun(driver, record));
  if (record.restoring() == nullptr) return Ok();
  const RestoreSpec restore = *record.restoring();
  auto taken = TakeSource(driver, clock, moment, restore, record);
  if (taken || !is_same) return taken;
  spdlog::debug("goes on without {}: {}", restore.source.ToText(), taken.error().ToLine());
  return Ok();
}

namespace {

/// Looks at the backups of a cluster that nobody leads, from any member: each reaches the
/// repository. How far the log reaches only the restoration itself can tell. The branch that was
/// written to.
Result<std::string> CheckWithoutPrimary(Driver& driver, Clock& clock, const RestoreSpec& to,
                                        const ClusterRecord& record) {
  const auto members = TRY(driver.Observe(record.cluster)).RunningMembers();
  if (members.empty()) {
    return Unavailable("no member of " + record.cluster + " is running",
                       "One has to be, whatever its database does: its backups are reached from "
                       "there. `dbaas apply` starts what is stopped.");
  }
  BackupCatalogue catalogue = TRY(ListBackupsAt(driver, record, members.front()));
  catalogue.archiving_problem.clear();
  TRY(CheckTarget(to, catalogue, clock.Now()));
  return catalogue.branch;
}

/// The name of the branch that is left, when it is complete or nobody can complete it.
Result<std::string> LeaveBranch(Driver& driver, Clock& clock, Moment moment, const RestoreSpec& to,
                                bool force, const Result<std::string>& primary,
                                const ClusterRecord& record) {
  if (primary && moment == Moment::kPlan) return std::string();
  if (primary) return CompleteLog(driver, record, *primary);
  if (force) return CheckWithoutPrimary(driver, clock, to, record);
  Error error = primary.error();
  error.detail =
      "Before a cluster is restored in place its log has to be complete. If nobody will lead it "
      "again, --force goes without that: what is not archived yet is lost. A new cluster can be "
      "made from its backups, too.";
  return error;
}

}  // namespace

Result<void> BeginInPlace(Driver& driver, Clock& clock, Moment moment, const RestoreSpec& to,
                          bool force, ClusterRecord& record) {
  TRY(CheckHasPolicy(record, to.source.ToText()));
  TRY(CheckNotMade(record));
  if (!to.names_moment()) {
    return Invalid("time", "no moment is named to go back to");
  }
  const auto primary = FindPrimary(driver, clock, record);
  if (primary) {
    TRY(CheckTarget(to, TRY(ListBackupsAt(driver, record, *primary)), clock.Now()));
  }
  if (!record.in_place) {
    std::string branch = TRY(LeaveBranch(driver, clock, moment, to, force, primary, record));
    record.left_branches.push_back({.name = std::move(branch), .until = clock.Now()});
    record.in_place.emplace().left_data_set = record.data_set;
  }
  record.in_place->to = to;
  ++record.data_set;
  return TakeSecrets(to, record, record);
}

Result<void> UndoInPlace(const Dbms& dbms, const Observation& observed, ClusterRecord& record) {
  if (!record.in_place) {
    return Invalid("", "cluster " + record.cluster + " is not being restored");
  }
  TRY(CheckNotMade(record));
  ClusterRecord left = record;
  left.data_set = record.in_place->left_data_set;
  left.left_branches.pop_back();
  left.in_place.reset();
  const DesiredState desired = TRY(Desire(dbms, left));
  for (const auto& object : desired.objects) {
    if (!object.holds_data || observed.Find(object.id) != nullptr) continue;
    return Conflict(object.id.ToText() + ", which the cluster ran on, is gone",
                    "Apply goes on with the restoration.");
  }
  record = std::move(left);
  return Ok();
}

}  // namespace dbaas
