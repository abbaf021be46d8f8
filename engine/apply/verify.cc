// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/verify.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "engine/apply/annotate.h"
#include "engine/apply/backups.h"
#include "engine/apply/holder.h"
#include "engine/apply/lease_keeper.h"
#include "engine/apply/retry.h"
#include "engine/apply/run_command.h"

namespace dbaas {
namespace {

// Of a verification that is to be stopped: how soon its instance ends.
constexpr Milliseconds kStopInterval = std::chrono::seconds(1);
// An apply that is under way has its time.
constexpr Milliseconds kPutDownTimeout = std::chrono::hours(1);
constexpr Milliseconds kPutDownInterval = std::chrono::seconds(2);

/// No cluster has a dot in its name.
std::string LeaseOf(const std::string& cluster) { return cluster + ".verification"; }

Result<void> RemoveVerification(Driver& driver, const std::string& cluster) {
  const Observation observed = TRY(driver.Observe(cluster));
  for (const ObjectKind kind : {ObjectKind::kInstance, ObjectKind::kVolume}) {
    for (const auto& object : observed.objects) {
      if (object.part != kVerificationPart || object.id.kind != kind) continue;
      TRY(driver.Remove(object.id));
    }
  }
  return Ok();
}

/// One verification. Lives for one call of VerifyBackups.
class Run {
 public:
  Run(const ConvergeContext& context, const ClusterId& id, const std::string& who)
      : context_(context),
        driver_(context.driver),
        id_(id),
        holder_(ThisProcess(who, context.random)) {}

  Result<Verified> Verify() {
    const TimePoint began = context_.clock.Now();
    TRY(TakeLease());
    Result<Verified> verified = CarryOut();
    if (auto cleared = ClearUp(); !cleared) {
      spdlog::warn("what verified the backups of {} is left until the next time: {}", id_.ToText(),
                   cleared.error().ToLine());
    }
    if (!verified) return verified;
    verified->took = context_.clock.Now() - began;
    if (auto put_down = PutDown(*verified); !put_down) {
      if (put_down.error().kind == ErrorKind::kNotFound) return std::move(put_down).error();
      spdlog::warn("what was found of the backups of {} is not in its record: {}", id_.ToText(),
                   put_down.error().ToLine());
    }
    return verified;
  }

 private:
  template <typename Call>
  auto Patiently(Call call) {
    return Retry(kPatient, context_.clock, context_.random, context_.stop, call);
  }

  Result<void> TakeLease() {
    auto lease = LeaseKeeper::TryOnce(driver_, LeaseOf(id_.cluster), holder_, context_.clock,
                                      context_.threads);
    if (!lease && lease.error().kind == ErrorKind::kConflict) {
      return Conflict("the backups of " + id_.ToText() + " are being verified already",
                      lease.error().detail);
    }
    lease_ = TRY(std::move(lease));
    return Ok();
  }

  Result<void> ReadRecord() {
    auto record = TRY(Patiently([&] { return driver_.ReadRecord(id_.cluster); }));
    if (!record || !record->has_cluster_part() || record->deleting) {
      return NotFound("there is no cluster " + id_.ToText()).On("cluster_id");
    }
    if (record->settled < record->generation) {
      return Conflict("the last apply of " + id_.ToText() + " did not end", "Apply first.");
    }
    record_ = *std::move(record);
    return CheckHasPolicy(record_, id_.ToText());
  }

  /// As far as that can be known: a cluster that nobody leads is worth verifying more than ever.
  Result<void> CheckHasBackup() {
    const auto catalogue = ListBackups(driver_, context_.clock, record_);
    if (!catalogue || !catalogue->is_known || !catalogue->backups.empty()) return Ok();
    return NotFound("cluster " + id_.ToText() + " has no backup yet", "`dbaas backup` takes one.");
  }

  /// Under the cluster's lease: whoever removes the cluster finds what is made here, or is found to
  /// have begun.
  Result<void> Begin() {
    const auto lease =
        TRY(LeaseKeeper::Wait(driver_, id_.cluster, holder_, context_.clock, context_.random,
                              context_.progress, context_.threads, context_.stop, std::nullopt));
    TRY(ReadRecord());
    TRY(CheckHasBackup());
    verification_ = TRY(TRY(DbmsOf(record_))->Verify(record_));
    TRY(ClearUp());
    for (const Object* object : {&verification_.volume, &verification_.workbench}) {
      TRY(lease->Check());
      TRY(Patiently([&] { return driver_.Ensure(*object); }));
    }
    return Ok();
  }

  /// What an earlier one has left, and in the end our own: stopped or not, for it holds the keys of
  /// the repository.
  Result<void> ClearUp() {
    TRY(lease_->Check());
    return Retry(kPatient, context_.clock, context_.random, {},
                 [&] { return RemoveVerification(driver_, id_.cluster); });
  }

  Result<Verified> CarryOut() {
    TRY(Begin());
    // A command in it may take hours and hears nothing: it ends with the instance.
    const auto stopping = context_.threads.Repeat(kStopInterval, [&] {
      if (!context_.stop.stop_requested()) return;
      if (auto killed = driver_.Kill(verification_.workbench.id.name); !killed) {
        spdlog::debug("cannot end {}: {}", verification_.workbench.id.name,
                      killed.error().ToLine());
      }
    });
    Verified verified;
    for (const auto& check : verification_.checks) {
      TRY(CheckMayGoOn());
      context_.progress.Note(check.title);
      const Command& command = check.command;
      const ExecResult result = TRY(driver_.Exec(command.instance, command.argv, command.input));
      if (verified.backup_id.empty()) verified.backup_id = result.output;
      if (result.exit_code == 0) continue;
      verified.problem = fmt::format("{}: {}", check.title, ComplaintOf(result));
      TRY(CheckThatItLooked(result, verified));
      return verified;
    }
    return verified;
  }

  Result<void> CheckMayGoOn() {
    if (context_.stop.stop_requested()) {
      return Cancelled("stopped before the backups of " + id_.ToText() + " were verified");
    }
    return lease_->Check();
  }

  /// A command has found nothing that could not look, that failed with the instance it ran in, or
  /// from under which the backup was removed because there are newer ones.
  Result<void> CheckThatItLooked(const ExecResult& result, const Verified& verified) {
    TRY(CheckMayGoOn());
    if (result.exit_code == Verification::kCouldNotLook) return Unavailable(verified.problem);
    const auto catalogue = ListBackups(driver_, context_.clock, record_);
    if (catalogue && catalogue->is_known && !verified.backup_id.empty() &&
        catalogue->Find(verified.backup_id) == nullptr) {
      return Unavailable("backup " + verified.backup_id + " was removed while it was verified");
    }
    const Observation observed = TRY(Patiently([&] { return driver_.Observe(id_.cluster); }));
    const ObservedObject* workbench = observed.Find(verification_.workbench.id);
    if (workbench != nullptr && workbench->state == RunState::kRunning) return Ok();
    return Unavailable(
        verification_.workbench.id.ToText() + ", in which the backups were being verified, ended",
        workbench == nullptr ? "" : workbench->state_detail);
  }

  static HistoryEntry EntryOf(const Verified& verified, TimePoint now) {
    const bool is_sound = verified.problem.empty();
    const std::string restored =
        verified.backup_id.empty() ? "the newest backup" : "backup " + verified.backup_id;
    return {.at = ToText(now),
            .what = Maintenance{.kind = Maintenance::Kind::kVerify}.ToText(),
            .outcome = is_sound ? "ok" : verified.problem,
            .actions = {{.action = "restore " + restored,
                         .outcome = is_sound ? "ok" : "failed",
                         .milliseconds = verified.took.count()}}};
  }

  Result<void> PutDown(const Verified& verified) {
    const auto catalogue = ListBackups(driver_, context_.clock, record_);
    const TimePoint now = context_.clock.Now();
    const HistoryEntry entry = EntryOf(verified, now);
    bool is_there = false;
    const auto change = [&](ClusterRecord& record) -> Result<void> {
      TRY(CheckIsSame(record));
      Verifications& known = record.verifications;
      is_there = known.last == now;  // It was, and the answer was lost.
      if (is_there) return Cancelled("it has been put down");
      known.last = now;
      known.problem = verified.problem;
      if (verified.problem.empty()) {
        known.sound = now;
        known.backups[verified.backup_id] = now;
      }
      if (!catalogue || !catalogue->is_known) return Ok();
      std::erase_if(known.backups,
                    [&](const auto& backup) { return catalogue->Find(backup.first) == nullptr; });
      return Ok();
    };
    for (;;) {
      auto put_down = Patiently(
          [&] { return Annotate(driver_, context_.clock, holder_, id_.cluster, entry, change); });
      if (is_there) return Ok();
      const bool waits = !put_down && put_down.error().kind == ErrorKind::kConflict &&
                         context_.clock.Now() - now < kPutDownTimeout;
      if (!waits || !context_.clock.SleepFor(kPutDownInterval, context_.stop)) return put_down;
    }
  }

  /// What was found of another cluster, or of another repository, says nothing of this one.
  Result<void> CheckIsSame(const ClusterRecord& now) const {
    const BackupPolicySpec* policy = now.backup_policy();
    if (now.uid == record_.uid && policy != nullptr &&
        PlaceOf(*policy) == PlaceOf(*record_.backup_policy())) {
      return Ok();
    }
    return NotFound("cluster " + id_.ToText() +
                    " has other backups now than those that were verified");
  }

  const ConvergeContext& context_;
  Driver& driver_;
  const ClusterId& id_;
  const Holder holder_;
  std::unique_ptr<LeaseKeeper> lease_;
  ClusterRecord record_;  ///< As it was in the beginning.
  Verification verification_;
};

}  // namespace

Result<Verified> VerifyBackups(const ConvergeContext& context, const ClusterId& id,
                               const std::string& who) {
  return Run(context, id, who).Verify();
}

Result<void> RemoveLeftVerification(const ConvergeContext& context, const std::string& cluster,
                                    const Holder& holder) {
  const auto lease = LeaseKeeper::TryOnce(context.driver, LeaseOf(cluster), holder, context.clock,
                                          context.threads);
  if (lease) return RemoveVerification(context.driver, cluster);
  if (lease.error().kind == ErrorKind::kConflict) return Ok();
  return lease.error();
}

}  // namespace dbaas
