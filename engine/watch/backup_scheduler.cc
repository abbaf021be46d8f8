// SPDX-License-Identifier: MPL-2.0
#include "engine/watch/backup_scheduler.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "engine/apply/backups.h"
#include "engine/model/cron.h"

namespace dbaas {
namespace {

// Nothing is scheduled; but the policy may change, which is noticed by itself.
constexpr Milliseconds kNever = std::chrono::hours(24 * 365);

}  // namespace

DueBackup FindDue(const BackupPolicySpec& policy, const BackupCatalogue& catalogue, TimePoint now) {
  if (!policy.has_schedule()) return {.kind = std::nullopt, .at = now + kNever};
  // Whatever the schedule: nothing else can be built on nothing.
  if (catalogue.Last(BackupKind::kFull) == nullptr) return {.kind = BackupKind::kFull, .at = now};
  // A full one begins anew beside what lies ahead, unless a full one does; then others build on it.
  const bool full_is_ahead = IsAhead(catalogue.Last(BackupKind::kFull)->began, now);
  if (IsAhead(catalogue.backups.back().began, now)) {
    return {.kind = full_is_ahead ? BackupKind::kIncremental : BackupKind::kFull, .at = now};
  }
  DueBackup due{.kind = std::nullopt, .at = now + kNever};
  if (full_is_ahead && !policy.full.empty()) due = {.kind = BackupKind::kFull, .at = now};
  for (const auto& [kind, schedule] : {std::pair(BackupKind::kFull, policy.full),
                                       std::pair(BackupKind::kDifferential, policy.differential),
                                       std::pair(BackupKind::kIncremental, policy.incremental)}) {
    const TimePoint began = catalogue.Last(kind)->began;
    if (kind == BackupKind::kFull && full_is_ahead) continue;
    const auto next = NextTime(schedule, began);
    if (!next) continue;
    if (IsAhead(began, now)) return {.kind = kind, .at = now};
    if (*next <= now) return {.kind = kind, .at = *next};
    if (!due.kind) due.at = std::min(due.at, *next);
  }
  return due;
}

void BackupScheduler::Look() {
  std::map<std::string, Cluster> found;
  const auto look = [&](const ClusterRecord& record) {
    const BackupPolicySpec* policy = record.backup_policy();
    if (policy == nullptr || !policy->has_schedule()) return;
    Cluster& cluster = found[record.cluster] = std::move(clusters_[record.cluster]);
    if (cluster.policy != *policy) cluster = {.policy = *policy};
    // An apply is at work, or was cut: what it did not finish, a backup might not survive.
    if (record.settled < record.generation) return;
    const TimePoint now = rounds_.converge.clock.Now();
    if (!cluster.pause.Lasts(now) && !cluster.setback.pause.Lasts(now)) LookAt(record, cluster);
  };
  // What is gone is forgotten: made anew under the same name, it is another cluster.
  if (rounds_.Each("which backups are due", look)) clusters_ = std::move(found);
}

void BackupScheduler::LookAt(const ClusterRecord& record, Cluster& cluster) {
  const ConvergeContext& converge = rounds_.converge;
  const auto catalogue = ListBackups(converge.driver, converge.clock, record);
  if (!catalogue) {
    return Fail(record.cluster, catalogue.error(), BackupKind::kIncremental, cluster);
  }
  // To one that only cannot be seen, no first backup is due.
  if (const auto known = CheckIsKnown(*catalogue, record.cluster); !known) {
    return Fail(record.cluster, known.error(), BackupKind::kIncremental, cluster);
  }
  const TimePoint now = converge.clock.Now();
  const DueBackup due = FindDue(cluster.policy, *catalogue, now);
  if (!due.kind) {
    cluster.pause = {now, due.at};
    return;
  }
  const Maintenance wanted{.kind = Maintenance::Kind::kBackup,
                           .id = {converge.driver.Host(), record.cluster},
                           .member = "",
                           .members = {},
                           .backup = *due.kind,
                           .who = "dbaas watch"};
  if (auto taken = Maintain(converge, wanted); !taken) {
    return Fail(record.cluster, taken.error(), *due.kind, cluster);
  }
  // A full one that fails again after this has been told.
  if (*due.kind <= cluster.failed) cluster = {.policy = cluster.policy};
  rounds_.Tell(WatchReport::Kind::kBackedUp, record.cluster,
               fmt::format("{}, due at {}", wanted.ToText(), ToText(due.at)),
               converge.clock.Now() - now);
}

void BackupScheduler::Fail(const std::string& name, const Error& error, BackupKind kind,
                           Cluster& cluster) {
  cluster.failed = kind;
  rounds_.PutOff(WatchReport::Kind::kNoBackup, name, error, cluster.setback);
}

}  // namespace dbaas
