// SPDX-License-Identifier: MPL-2.0
#include "engine/watch/verification_scheduler.h"

#include <fmt/format.h>

#include "engine/apply/verify.h"
#include "engine/model/cron.h"

namespace dbaas {

std::optional<TimePoint> FindDueVerification(const BackupPolicySpec& policy,
                                             const Verifications& verifications, TimePoint now) {
  if (policy.verify_schedule.empty()) return std::nullopt;
  if (!verifications.last || IsAhead(*verifications.last, now)) return now;
  return NextTime(policy.verify_schedule, *verifications.last);
}

void VerificationScheduler::Look() {
  rounds_.Each("which backups are to be verified", [&](const ClusterRecord& record) {
    const BackupPolicySpec* policy = record.backup_policy();
    if (policy == nullptr) return;
    const TimePoint now = rounds_.converge.clock.Now();
    const auto due = FindDueVerification(*policy, record.verifications, now);
    const auto put_off = setbacks_.find(record.cluster);
    if (!due || *due > now || (put_off != setbacks_.end() && put_off->second.pause.Lasts(now)))
      return;
    // Those before it may have taken hours.
    const auto fresh = rounds_.converge.driver.ReadRecord(record.cluster);
    if (!fresh || !*fresh || (*fresh)->generation != record.generation) return;
    Verify(record.cluster, *due);
  });
}

void VerificationScheduler::Verify(const std::string& cluster, TimePoint due) {
  const ConvergeContext& converge = rounds_.converge;
  const ClusterId id{converge.driver.Host(), cluster};
  const auto verified = VerifyBackups(converge, id, "dbaas watch");
  if (!verified) return PutOff(cluster, verified.error());
  // Should the record not tell, not again at once.
  const TimePoint now = converge.clock.Now();
  setbacks_[cluster] = {.pause = {now, now + kAfterFailure.first_delay}};
  if (verified->problem.empty()) {
    rounds_.Tell(WatchReport::Kind::kVerified, cluster,
                 fmt::format("backup {}, due at {}", verified->backup_id, ToText(due)),
                 verified->took);
  } else {
    rounds_.Tell(WatchReport::Kind::kNotVerified, cluster, verified->problem, verified->took);
  }
}

/// Before its first backup a cluster has nothing to verify; who verifies by hand, or applies, has
/// the turn.
void VerificationScheduler::PutOff(const std::string& cluster, const Error& error) {
  Setback& setback = setbacks_[cluster];
  if (error.kind == ErrorKind::kNotFound || error.kind == ErrorKind::kConflict) {
    const ConvergeContext& converge = rounds_.converge;
    const TimePoint now = converge.clock.Now();
    setback.pause = {now, now + RetryDelay(kAfterFailure, 0, converge.random)};
    return;
  }
  rounds_.PutOff(WatchReport::Kind::kNotVerified, cluster, error, setback);
}

}  // namespace dbaas
