// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/restore_source.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "engine/apply/backups.h"
#include "engine/apply/converge.h"
#include "engine/apply/run_command.h"

namespace dbaas {
namespace {

constexpr char kSource[] = "restore.source_cluster_id";

/// What can be asked for is what its backups reach.
Result<void> CheckTarget(const RestoreSpec& restore, const BackupCatalogue& catalogue,
                         TimePoint now) {
  const std::string source = restore.source.ToText();
  if (catalogue.backups.empty()) {
    return Invalid(kSource, "cluster " + source + " has no backup yet",
                   "`dbaas backup " + restore.source.cluster + "` takes one.");
  }
  if (!restore.backup_id.empty()) {
    const auto is_it = [&](const Backup& backup) { return backup.id == restore.backup_id; };
    if (std::any_of(catalogue.backups.begin(), catalogue.backups.end(), is_it)) return Ok();
    return Invalid("restore.backup_id",
                   fmt::format("cluster {} has no backup {}", source, restore.backup_id),
                   "`dbaas backups " + restore.source.cluster + "` lists those that there are.");
  }
  const bool arrives = catalogue.archiving_problem.empty();
  const TimePoint latest = arrives ? std::max(now, *catalogue.latest) : *catalogue.latest;
  if (!restore.time || (restore.time >= catalogue.earliest && restore.time <= latest)) return Ok();
  return Invalid(
      "restore.time",
      fmt::format("the backups of {} do not reach {}", source, ToText(*restore.time)),
      fmt::format("Any moment from {} to {} can be restored{}{}.", ToText(*catalogue.earliest),
                  ToText(latest), arrives ? "" : ": ", catalogue.archiving_problem));
}

/// Whether an unfinished creation goes on as it began.
bool IsSame(const ClusterRecord& before, const ClusterRecord& record) {
  return before.cluster_spec().restore == record.cluster_spec().restore;
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

/// What nobody leads has committed nothing that is not on its way.
Result<void> CompleteLog(Driver& driver, Clock& clock, const Dbms& dbms,
                         const ClusterRecord& source) {
  const auto primary = FindPrimary(driver, clock, source);
  if (!primary) return Ok();
  TRY_IN(RunCommand(driver, dbms.CompleteLog(source, *primary)),
         "having " + source.cluster + " archive its log up to now");
  return Ok();
}

Result<void> TakeSource(Driver& driver, Clock& clock, Moment moment, const RestoreSpec& restore,
                        ClusterRecord& record) {
  const std::string id = restore.source.ToText();
  if (restore.source.host != driver.Host()) {
    return Invalid(kSource, fmt::format("cluster {} is not on host {}", id, driver.Host()),
                   "A cluster is restored on the host that its source lives on.");
  }
  if (restore.source.cluster == record.cluster) {
    return Invalid(kSource, "a cluster cannot be made from itself",
                   "Name the cluster whose backups it is to begin with.");
  }
  const auto source = TRY(driver.ReadRecord(restore.source.cluster));
  if (!source || !source->has_cluster_part()) {
    return Invalid(kSource, "there is no cluster " + id);
  }
  if (auto has_policy = CheckHasPolicy(*source, id); !has_policy) {
    return std::move(has_policy).error().On(kSource);
  }
  const ClusterSpec& next = record.cluster_spec();
  if (source->cluster_spec().engine != next.engine) {
    return Invalid("engine", fmt::format("the backups of {} are of {} and cannot become {}", id,
                                         source->cluster_spec().engine, next.engine));
  }
  const Dbms* dbms = TRY(DbmsOf(*source));
  for (auto& [name, secret] : TRY(dbms->RestoreSecrets(*source, next))) {
    record.secrets.insert_or_assign(kRestorePrefix + name, std::move(secret));
  }
  const auto catalogue = ListBackups(driver, clock, *source);
  if (!catalogue) {
    spdlog::debug("cannot look how far the backups of {} reach: {}", id,
                  catalogue.error().ToLine());
    return Ok();
  }
  TRY(CheckTarget(restore, *catalogue, clock.Now()));
  if (moment == Moment::kPlan || !restore.backup_id.empty()) return Ok();
  return CompleteLog(driver, clock, *dbms, *source);
}

}  // namespace

Result<void> TakeRestoreSource(Driver& driver, Clock& clock, Moment moment,
                               const std::optional<ClusterRecord>& before, ClusterRecord& record) {
  const bool goes_on =
      before && before->has_cluster_part() && !before->deleting && record.settled == 0;
  if (goes_on && !IsSame(*before, record)) TRY(CheckNotBegun(driver, record));
  if (record.restoring() == nullptr) return Ok();
  const RestoreSpec restore = *record.restoring();
  auto taken = TakeSource(driver, clock, moment, restore, record);
  // What an attempt before this one was given may be enough, whatever became of the source.
  if (!taken && goes_on && IsSame(*before, record)) {
    spdlog::debug("goes on without {}: {}", restore.source.ToText(), taken.error().ToLine());
    return Ok();
  }
  return taken;
}

}  // namespace dbaas
