// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/converge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "engine/apply/action_runner.h"
#include "engine/apply/backups.h"
#include "engine/apply/deadline.h"
#include "engine/apply/desired.h"
#include "engine/apply/executor.h"
#include "engine/apply/facts.h"
#include "engine/apply/holder.h"
#include "engine/apply/journal.h"
#include "engine/apply/lease_keeper.h"
#include "engine/apply/memory.h"
#include "engine/apply/restore_source.h"
#include "engine/apply/retry.h"
#include "engine/apply/run_command.h"
#include "engine/apply/verify.h"
#include "engine/plan/build_maintenance.h"
#include "engine/plan/build_plan.h"

namespace dbaas {
namespace {

// Enough for a cluster of nine to start at once; waits occupy a worker each.
constexpr int kWorkers = 24;
// The first round does the work, the second confirms it. More are for what only shows afterwards,
// such as a standby that could lower max_connections only once its primary had.
constexpr int kRounds = 6;

// Other clusters wait for their turn meanwhile.
constexpr Milliseconds kRepairTimeout = std::chrono::minutes(10);

// A last backup that is older is not what the cluster was in the end.
constexpr Milliseconds kStillTheEnd = std::chrono::minutes(10);

const std::string kManagement(kManagementCluster);

bool HoldsData(const Observation& observed) {
  return std::any_of(observed.objects.begin(), observed.objects.end(), [](const auto& object) {
    return object.id.kind == ObjectKind::kVolume && !object.member.empty();
  });
}

/// A deletion was cut and the cluster is wanted again. Without data it is a new incarnation: what
/// the shared services remember of the old one must not hold it up.
Result<void> StartOverIfEmpty(const Observation& left, ClusterRecord& record) {
  if (!HoldsData(left)) {
    record.uid.clear();
    record.settled = 0;
    record.data_set = 0;
    record.in_place.reset();
    record.left_branches.clear();
    record.verifications = {};
    std::erase_if(record.parts,
                  [](const auto& part) { return std::holds_alternative<BackupSpec>(part.second); });
    record.kept_backups.clear();
    return Ok();
  }
  if (!record.cluster_spec().restore && !record.in_place) return Ok();
  return Conflict("volumes of the cluster that was there before are still there",
                  "Destroy it to its end first: dbaas destroy, or terraform destroy.")
      .On(record.in_place ? "" : "restore");
}

std::set<ObjectId> IdsOf(const std::vector<Object>& objects) {
  std::set<ObjectId> ids;
  for (const auto& object : objects) ids.insert(object.id);
  return ids;
}

Plan PlanOf(const Dbms& dbms, const Intent& intent, const DesiredState& desired,
            const std::set<ObjectId>& before_objects, const Observation& observed,
            const std::optional<ClusterFacts>& facts) {
  Diff diff = ComputeDiff(desired.objects, observed, {intent.what, before_objects});
  if (facts) {
    AddSettings(desired.settings, *facts, dbms, intent.record.cluster_spec(), diff);
  }
  return BuildPlan(diff, {.desired = desired,
                          .observed = observed,
                          .facts = facts ? &*facts : nullptr,
                          .blocked = dbms.Blocked()});
}

/// A cluster whose creation did not end has nobody yet whom it could disturb, and who asks for a
/// restoration in place asks for what comes with it.
Result<void> CheckDisruption(const Disruption& disruption, const ClusterRecord& record) {
  const ClusterSpec& spec = record.cluster_spec();
  if (disruption.level <= spec.max_disruption || record.settled == 0 || record.in_place) {
    return Ok();
  }
  std::string steps;
  for (const auto& step : disruption.steps) {
    steps += fmt::format("{}{} {}", steps.empty() ? "" : ", ", step.member, ToString(step.kind));
  }
  return Denied(fmt::format("the change needs a {}, and max_disruption is {}",
                            ToString(disruption.level), ToString(spec.max_disruption)),
                fmt::format("It would be, in this order: {}. {}.", steps, disruption.Summary()))
      .On("max_disruption");
}

Action TakingOf(const BackupSpec& wanted, const ClusterRecord& record) {
  return {fmt::format("{} backup {}", ToString(wanted.kind), wanted.name),
          TakeBackup{wanted.kind, record.kept_backups.at(BackupPartKey(wanted.name)).mark},
          {},
          "asked for"};
}

/// The end of an apply that went well. Nothing is wrong when somebody else has written his intent
/// meanwhile: it builds on this one.
Result<void> WriteSettled(Driver& driver, Clock& clock, Random& random, const std::stop_token& stop,
                          const ClusterRecord& record) {
  auto written = Retry(kPatient, clock, random, stop,
                       [&] { return driver.WriteRecord(record, record.generation); });
  if (!written && written.error().kind == ErrorKind::kConflict) return Ok();
  return written;
}

NamesOf NamesOn(const Driver& driver) {
  return [&driver](const std::string& instance) {
    std::vector<std::string> names = {driver.Address(instance)};
    for (auto& name : driver.OtherNames(instance)) names.push_back(std::move(name));
    return names;
  };
}

/// One apply. Lives for one call of Converge.
class Convergence {
 public:
  Convergence(const ConvergeContext& context, const PartChange& change)
      : context_(context),
        change_(change),
        clock_(context.clock, change.timeout),
        driver_(context.driver),
        holder_(ThisProcess(change.who, context.random)),
        journal_(context.journal_folder, driver_.Host(), change.id.cluster, clock_) {}

  Result<Converged> Run() {
    auto converged = Attempt();
    if (!converged) converged = clock_.Explain(std::move(converged).error(), context_.stop);
    return Journaled(std::move(converged));
  }

  Result<void> RunMaintenance(const Maintenance& wanted) {
    return Journaled(AttemptMaintenance(wanted));
  }

  Result<std::vector<std::string>> RunRepair() { return Journaled(AttemptRepair()); }

 private:
  /// Has the journal say how it ended.
  template <typename T>
  Result<T> Journaled(Result<T> result) {
    if (result) {
      journal_.Done("ok", "");
    } else {
      const bool cancelled = result.error().kind == ErrorKind::kCancelled;
      journal_.Done(cancelled ? "cancelled" : "failed", result.error().ToLine());
    }
    return result;
  }

  Result<void> AttemptMaintenance(const Maintenance& wanted) {
    lease_ = TRY(WaitForLease(change_.id.cluster));
    TRY(FormMaintenance(wanted, Moment::kApply));
    if (wanted.kind == Maintenance::Kind::kRestore) {
      TRY(WriteIntent());
      return Concluded(ConvergeCluster());
    }
    const Plan plan = TRY(PlanMaintenance(wanted));
    if (plan.empty()) return Ok();
    TRY(WriteIntent());
    return Concluded(Carry(plan, *lease_));
  }

  Result<Converged> Attempt() {
    lease_ = TRY(WaitForLease(change_.id.cluster));
    TRY(FormIntent());
    if (intent_.removes_cluster) {
      TRY(RemoveCluster());
      return Converged{};
    }
    TRY(Concluded(ConvergeCluster()));
    return Converged{.record = intent_.record, .observed = std::move(observed_)};
  }

  Result<std::unique_ptr<LeaseKeeper>> WaitForLease(const std::string& name) {
    std::optional<LeaseQueue::Turn> turn;
    if (context_.queue != nullptr) {
      const std::string lease = driver_.Host() + "/" + name;
      turn.emplace(TRY(context_.queue->Wait(lease, clock_, context_.stop)));
    }
    auto lease =
        TRY(LeaseKeeper::Wait(driver_, name, holder_, clock_, context_.random, context_.progress,
                              context_.threads, context_.stop, std::move(turn)));
    if (context_.settlements != nullptr) context_.settlements->Finish(name);
    return lease;
  }

  template <typename Call>
  auto Patiently(Call call) {
    return Retry(kPatient, clock_, context_.random, context_.stop, call);
  }

  // ---- the intent -------------------------------------------------------------------------------

  Result<void> FormIntent() {
    before_ = TRY(Patiently([&] { return driver_.ReadRecord(change_.id.cluster); }));
    intent_ = TRY(MakeIntent(before_, change_, Moment::kApply));
    if (before_) before_objects_ = DesiredBefore();
    if (intent_.removes_cluster) return before_ ? WriteIntent() : Ok();
    dbms_ = TRY(DbmsOf(intent_.record));
    if (before_ && before_->deleting) {
      const auto left = TRY(Patiently([&] { return driver_.Observe(change_.id.cluster); }));
      TRY(StartOverIfEmpty(left, intent_.record));
    }
    TRY(FitToHost(driver_.Host(), driver_.Traits(), intent_.record));
    TRY(Patiently([&] { return CheckMemory(driver_, before_, change_); }));
    TRY(Patiently([&] {
      return TakeRestoreSource(driver_, clock_, Moment::kApply, before_, intent_.record);
    }));
    // Ports are handed out under the host's lease: two clusters must not get the same.
    std::unique_ptr<LeaseKeeper> host_lease;
    if (intent_.record.uid.empty() || NeedsPorts(*dbms_, intent_.record)) {
      host_lease = TRY(WaitForLease(kManagement));
    }
    std::shared_ptr<const TakenPorts> taken;
    if (NeedsPorts(*dbms_, intent_.record)) {
      taken = TRY(Patiently([&] { return PortsTakenOn(driver_); }));
    }
    TRY(Complete(*dbms_, NamesOn(driver_), taken.get(), Moment::kApply, context_.random,
                 intent_.record));
    desired_ = TRY(Desire(*dbms_, intent_.record));
    // A plan that disrupts more than allowed is refused before anything is written.
    if (before_ && intent_.record.cluster_spec().max_disruption < DisruptionLevel::kFailover) {
      TRY(CheckDisruption(PlanRound(TRY(Look())).disruption));
    }
    return WriteIntent(host_lease.get());
  }

  /// What was wanted before this change: tells "missing" from "new".
  std::set<ObjectId> DesiredBefore() const {
    const auto dbms = DbmsOf(*before_);
    if (!dbms) return {};
    const auto desired = Desire(**dbms, *before_);
    return desired ? IdsOf(desired->objects) : std::set<ObjectId>();
  }

  Result<void> WriteIntent(LeaseKeeper* host_lease = nullptr) {
    ClusterRecord& record = intent_.record;
    const std::int64_t expected = record.generation;
    record.generation = expected + 1;
    if (asks_for_nothing_) record.settled = record.generation;
    Append(record.history, {.generation = record.generation,
                            .at = ToText(clock_.Now()),
                            .who = holder_.name,
                            .what = intent_.what.empty() ? "repair" : intent_.what});
    journal_.Apply(record.generation, holder_.name, record.history.back().what);
    // A machine that was asleep meanwhile may have lost either: then somebody else has been given
    // the same ports.
    do {
      TRY(lease_->Check());
      if (host_lease != nullptr) TRY(host_lease->Check());
    } while (!lease_->IsFresh());
    return WriteRecord(expected);
  }

  Result<void> WriteRecord(std::int64_t expected_generation) {
    return Patiently([&] { return driver_.WriteRecord(intent_.record, expected_generation); });
  }

  /// Puts down how it ended. After a failure the generation stays unsettled, and so it does when
  /// there was something unfinished before that is still to be done: the next apply goes on.
  void Settle(const std::string& problem) {
    ClusterRecord& record = intent_.record;
    Close(record.history, problem.empty() ? "ok" : problem, done_);
    spdlog::info("history of {} ends with {}", record.cluster, record.history.back().hash);
    if (problem.empty() && !leaves_unfinished_) EndGeneration();
  }

  /// The cluster is what its record says.
  void EndGeneration() {
    intent_.record.settled = intent_.record.generation;
    intent_.record.expansion = FingerprintOf(desired_);
    EndRestoration();
  }

  /// Whatever its data was made from, it is a cluster like any other now.
  void EndRestoration() {
    ClusterRecord& record = intent_.record;
    std::erase_if(record.secrets,
                  [](const auto& secret) { return secret.first.starts_with(kRestorePrefix); });
    if (!record.in_place) return;
    // Its members have met under another name than those before them.
    ClusterRecord left = record;
    left.data_set = record.in_place->left_data_set;
    Forget(left);
    record.in_place.reset();
  }

  /// The end of whatever went well. The lease goes first: killed in between, the record is still
  /// unsettled and the next apply finds both. The other way round a lock could stay behind with
  /// nothing left to do for anyone.
  Result<void> Conclude() {
    Settle("");
    if (change_.settles_after_answer && context_.settlements != nullptr) {
      SettleLater(*context_.settlements);
      lease_.reset();
      return Ok();
    }
    lease_.reset();
    return WriteSettled(driver_, clock_, context_.random, context_.stop, intent_.record);
  }

  /// The end of what was done under the intent, well or not.
  Result<void> Concluded(Result<void> done) {
    if (done) return Conclude();
    NoteFailure(done.error());
    return done;
  }

  /// Put down before the lease goes, so that the next who gets it in this process finds it.
  void SettleLater(Settlements& settlements) const {
    settlements.Put(intent_.record.cluster, [&driver = driver_, &clock = context_.clock,
                                             &random = context_.random, record = intent_.record] {
      const auto written = WriteSettled(driver, clock, random, std::stop_token(), record);
      if (written) return;
      spdlog::warn("cannot note in the record of {} that its apply ended: {}", record.cluster,
                   written.error().ToLine());
    });
  }

  /// For the history only; the error itself is on its way to the user.
  void NoteFailure(const Error& error) {
    if (intent_.record.history.empty()) return;
    auto written = lease_->Check();
    if (written) {
      Settle(clock_.Explain(error, context_.stop).ToLine());
      written = WriteRecord(intent_.record.generation);
    }
    if (!written) {
      spdlog::warn("cannot note the failure in the record: {}", written.error().ToLine());
    }
  }

  // ---- maintenance ------------------------------------------------------------------------------

 public:
  /// Whether it may be done now, and what the record is to say meanwhile.
  Result<void> FormMaintenance(const Maintenance& wanted, Moment moment) {
    before_ = TRY(Patiently([&] { return driver_.ReadRecord(change_.id.cluster); }));
    if (!before_ || !before_->has_cluster_part()) {
      return NotFound("there is no cluster " + change_.id.ToText());
    }
    const bool is_unfinished = before_->settled < before_->generation;
    const bool restores = wanted.kind == Maintenance::Kind::kRestore;
    leaves_unfinished_ = is_unfinished && wanted.kind == Maintenance::Kind::kFailover;
    // Nobody can end the last apply of a cluster that nobody will lead again.
    const bool may_be_unfinished = restores && (IsOnItsWayBack() || wanted.force);
    if (is_unfinished && !leaves_unfinished_ && !may_be_unfinished) {
      return Conflict("the last apply of " + change_.id.ToText() + " did not end",
                      "Apply first; that brings the cluster in line.");
    }
    asks_for_nothing_ = wanted.kind == Maintenance::Kind::kBackup;
    if (asks_for_nothing_ || wanted.kind == Maintenance::Kind::kVerify) {
      TRY(CheckHasPolicy(*before_, change_.id.ToText()));
    }
    intent_.record = *before_;
    intent_.what = wanted.ToText();
    dbms_ = TRY(DbmsOf(*before_));
    desired_ = TRY(Desire(*dbms_, *before_));
    return restores ? FormInPlace(wanted, moment) : Ok();
  }

  /// REQUIRES: FormMaintenance.
  Result<Plan> PlanMaintenance(const Maintenance& wanted) {
    if (wanted.kind == Maintenance::Kind::kVerify) return Plan();  // It runs beside the cluster.
    const Sight sight = TRY(Look());
    if (wanted.kind == Maintenance::Kind::kRestore) return PlanRound(sight);
    return BuildMaintenance(wanted, {.desired = desired_,
                                     .observed = sight.observed,
                                     .facts = sight.facts ? &*sight.facts : nullptr,
                                     .blocked = dbms_->Blocked()});
  }

  /// REQUIRES: FormMaintenance has read the record.
  bool IsOnItsWayBack() const { return before_->in_place && !before_->deleting; }
  /// REQUIRES: the same.
  bool IsLed() { return FindPrimary(driver_, clock_, *before_).has_value(); }

 private:
  Result<void> FormInPlace(const Maintenance& wanted, Moment moment) {
    before_objects_ = IdsOf(desired_.objects);
    ClusterRecord& record = intent_.record;
    if (wanted.undo) {
      const auto observed = TRY(Patiently([&] { return driver_.Observe(record.cluster); }));
      TRY(UndoInPlace(*dbms_, observed, record));
    } else {
      RestoreSpec to = wanted.restore;
      to.source = change_.id;
      TRY(Patiently(
          [&] { return BeginInPlace(driver_, clock_, moment, to, wanted.force, record); }));
    }
    desired_ = TRY(Desire(*dbms_, record));
    return Ok();
  }

  // ---- repairs ----------------------------------------------------------------------------------

  Result<std::vector<std::string>> AttemptRepair() {
    lease_ =
        TRY(LeaseKeeper::TryOnce(driver_, change_.id.cluster, holder_, clock_, context_.threads));
    std::vector<std::string> wrong = TRY(LookForRepair());
    if (wrong.empty()) return wrong;
    intent_.what = fmt::format("repair: {}", fmt::join(wrong, ", "));
    TRY(WriteIntent());
    TRY(Concluded(ConvergeCluster()));
    return wrong;
  }

 public:
  /// What is wrong, a reason each. Fills in everything that converging needs.
  Result<std::vector<std::string>> LookForRepair() {
    before_ = TRY(driver_.ReadRecord(change_.id.cluster));
    if (!before_ || !before_->has_cluster_part() || before_->deleting) {
      return std::vector<std::string>();  // It is going, or gone.
    }
    if (before_->settled < before_->generation) {
      return Conflict("the last apply of " + change_.id.ToText() + " did not end");
    }
    intent_.record = *before_;
    asks_for_nothing_ = true;
    dbms_ = TRY(DbmsOf(*before_));
    desired_ = TRY(Desire(*dbms_, *before_));
    if (FingerprintOf(desired_) != before_->expansion) {
      return Denied("it was last applied by another version of dbaas");
    }
    // Whoever repairs may be the watcher: an apply replaces it, not itself.
    std::erase_if(desired_.shared, [](const auto& object) { return object.id == WatcherId(); });
    before_objects_ = IdsOf(desired_.objects);
    const Sight sight = TRY(Look());
    for (const auto& object : desired_.objects) {
      if (!object.holds_data || sight.observed.Find(object.id) != nullptr) continue;
      return Denied(object.id.ToText() +
                    " is gone, and an empty one in its place is nothing to do unasked");
    }
    const Plan plan = PlanRound(sight);
    TRY(CheckDisruption(plan.disruption));
    const Plan shared = TRY(PlanShared(TRY(ObserveShared())));
    std::vector<std::string> wrong;
    for (const Plan* part : {&shared, &plan}) {
      for (const auto& action : part->actions) {
        if (std::holds_alternative<WaitUntil>(action.operation)) continue;
        wrong.push_back(action.title + (action.reason.empty() ? "" : " " + action.reason));
      }
    }
    return wrong;
  }

  // ---- converging -------------------------------------------------------------------------------

 private:
  Result<void> ConvergeCluster() {
    TRY(EnsureShared());
    for (int round = 0; round < kRounds; ++round) {
      bool was_empty = false;
      TRY(RunRound(was_empty));
      if (!was_empty) continue;
      TRY(ProveRepository());
      return TakeBackupsToKeep();
    }
    return Timeout(
        fmt::format("cluster {} did not settle", change_.id.cluster),
        "Apply again; if it persists, `dbaas show " + change_.id.cluster + "` says what differs.");
  }

  /// A backup policy that was applied is one by which backups work.
  Result<void> ProveRepository() {
    if (change_.key != kBackupPolicyPart || intent_.record.backup_policy() == nullptr) return Ok();
    context_.progress.Note("proving that a backup would reach the repository");
    const Sight sight = TRY(Look());
    const std::string primary =
        TRY(PrimaryOf(sight.facts ? &*sight.facts : nullptr, change_.id.ToText()));
    TRY(lease_->Check());  // It makes the repository, and a machine may have slept meanwhile.
    const auto proven = RunCommand(driver_, dbms_->ProveRepository(intent_.record, primary));
    if (proven) return Ok();
    return Error(proven.error())
        .In("proving that a backup would reach the repository")
        .On("storage");
  }

  /// They are asked for once. One that fails is not waited for: the cluster is in line without it.
  Result<void> TakeBackupsToKeep() {
    for (const BackupSpec& wanted : intent_.record.backups_to_take()) {
      auto taken = TakeBackupToKeep(wanted);
      if (taken) continue;
      intent_.record.parts.erase(PartKey(wanted));
      intent_.record.kept_backups.erase(PartKey(wanted));
      EndGeneration();
      return std::move(taken).error().In("taking backup " + wanted.name);
    }
    return Ok();
  }

  Result<void> TakeBackupToKeep(const BackupSpec& wanted) {
    TRY(CheckHasPolicy(intent_.record, change_.id.ToText()));
    if (TRY(FindBackupToKeep(wanted))) return Ok();  // An apply before this one was cut behind it.
    const Plan plan{.actions = {TakingOf(wanted, intent_.record)}, .disruption = {}};
    const auto carried = Carry(plan, *lease_);
    const auto found = FindBackupToKeep(wanted);
    if (!found || !*found) {
      if (!carried) return carried;
      return found ? Internal("its repository does not list it") : found.error();
    }
    // It was taken, and what went wrong came after that.
    if (!carried) context_.progress.Note(carried.error().ToLine());
    return Ok();
  }

  /// Whether the repository has it; then it is put down in the record.
  Result<bool> FindBackupToKeep(const BackupSpec& wanted) {
    ClusterRecord& record = intent_.record;
    const BackupCatalogue catalogue = TRY(ListBackups(driver_, clock_, record));
    TRY(CheckIsKnown(catalogue, record.cluster));
    Backup& kept = record.kept_backups.at(PartKey(wanted));
    const Backup* found = catalogue.FindMarked(kept.mark);
    if (found == nullptr) return false;
    kept = *found;
    kept.place = PlaceOf(*record.backup_policy());
    return true;
  }

  /// The cluster as it is at one moment.
  struct Sight {
    Observation observed;
    std::optional<ClusterFacts> facts;
  };

  Result<Sight> Look() {
    Sight sight{.observed = TRY(Patiently([&] { return driver_.Observe(change_.id.cluster); }))};
    const auto members = sight.observed.RunningMembers();
    FactsSource source(driver_, *dbms_, intent_.record, members, clock_);
    // A lost answer must not pass for a cluster that nobody leads: its primary would be replaced
    // without handing over.
    auto facts = Patiently([&] { return source.Get(Milliseconds(0)); });
    if (facts) sight.facts = std::move(facts).value();
    return sight;
  }

  Plan PlanRound(const Sight& sight) const {
    return PlanOf(*dbms_, intent_, desired_, before_objects_, sight.observed, sight.facts);
  }

  /// Nothing that was asked for depends on it.
  void RemoveWhatVerificationLeft(const std::vector<ObservedObject>& objects) {
    const auto is_of_one = [](const auto& object) { return object.part == kVerificationPart; };
    if (std::none_of(objects.begin(), objects.end(), is_of_one)) return;
    const auto removed = RemoveLeftVerification(context_, change_.id.cluster, holder_);
    if (removed) return;
    spdlog::warn("what a verification of {} has left is still there: {}", change_.id.cluster,
                 removed.error().ToLine());
  }

  Result<void> RunRound(bool& was_empty) {
    const Sight sight = TRY(Look());
    if (sight.facts && !sight.facts->version.empty()) {
      intent_.record.version_actual = sight.facts->version;
    }
    const Plan plan = PlanRound(sight);
    // What the first look could not see, such as a member that waits for a restart since long.
    TRY(CheckDisruption(plan.disruption));
    was_empty = plan.empty();
    if (was_empty) {
      const auto& objects = sight.observed.objects;
      RemoveWhatVerificationLeft(objects);
      observed_.objects.insert(observed_.objects.end(), objects.begin(), objects.end());
    }
    if (intent_.record.in_place && plan.made > 0) return CarryRestoration(sight, plan);
    return Carry(plan, *lease_);
  }

  /// A restoration in place goes by rounds, each put down in the record before the next: who is
  /// left behind has ended, and until when he was at work; the data is made. So however long an
  /// attempt was cut, nobody's rows are left without a name or given up for what was there before.
  Result<void> CarryRestoration(const Sight& sight, Plan plan) {
    RestoreInPlace& in_place = *intent_.record.in_place;
    LeftBranch& left = intent_.record.left_branches.back();
    const MemberFacts* primary = sight.facts ? sight.facts->Primary() : nullptr;
    if (plan.ends > 0 && primary != nullptr && primary->running) {
      left.name =
          TRY(Patiently([&] { return CompleteLog(driver_, intent_.record, primary->name); }));
    }
    left.until = clock_.Now();
    TRY(NoteInRecord());
    plan.actions.resize(plan.ends > 0 ? plan.ends : plan.made);
    TRY(Carry(plan, *lease_));
    if (plan.ends > 0) return Ok();
    in_place.is_made = true;
    desired_.restoration->is_made = true;
    return NoteInRecord();
  }

  /// Under the generation that is being carried out.
  Result<void> NoteInRecord() {
    TRY(lease_->Check());
    return WriteRecord(intent_.record.generation);
  }

  Result<void> CheckDisruption(const Disruption& disruption) const {
    return dbaas::CheckDisruption(disruption, intent_.record);
  }

  /// Runs a plan under a lease.
  Result<void> Carry(const Plan& plan, LeaseKeeper& lease) {
    if (plan.empty()) return Ok();
    spdlog::debug("plan:\n{}", plan.ToText());
    FactsSource facts(driver_, *dbms_, intent_.record, desired_.members, clock_);
    ActionRunner actions({.driver = driver_,
                          .dbms = *dbms_,
                          .record = intent_.record,
                          .facts = facts,
                          .clock = clock_,
                          .random = context_.random,
                          .progress = context_.progress,
                          .stop = context_.stop,
                          .check_lease = [&lease] { return lease.Check(); },
                          .limiter = context_.limiter});
    const int capacity = std::min<int>(kWorkers, static_cast<int>(plan.actions.size()));
    const auto runner = context_.threads.MakeRunner(
        capacity, [&](const Action& action) { return actions.Perform(action); });
    ApplyReport report = Execute(plan, *runner, journal_, context_.progress, clock_, context_.stop);
    Remember(plan, report);
    if (!report.error) return Ok();
    const auto skipped =
        std::count(report.outcomes.begin(), report.outcomes.end(), Outcome::kSkipped);
    if (skipped > 0) {
      return std::move(*report.error)
          .And(fmt::format("{} of {} actions were not begun.", skipped, report.outcomes.size()));
    }
    return *std::move(report.error);
  }

  /// For the history. Waits are left out: they change nothing.
  void Remember(const Plan& plan, const ApplyReport& report) {
    for (std::size_t i = 0; i < plan.actions.size(); ++i) {
      if (std::holds_alternative<WaitUntil>(plan.actions[i].operation)) continue;
      done_.push_back({.action = plan.actions[i].title,
                       .outcome = ToString(report.outcomes[i]),
                       .milliseconds = report.elapsed[i].count()});
    }
  }

  /// What all clusters of the host share is looked at without, and changed under, the host's lease.
  Result<void> EnsureShared() {
    observed_ = TRY(ObserveShared());
    if (TRY(PlanShared(observed_)).empty()) return Ok();
    const auto host_lease = TRY(WaitForLease(kManagement));
    TRY(Carry(TRY(PlanShared(TRY(ObserveShared()))), *host_lease));
    observed_ = TRY(ObserveShared());
    return Ok();
  }

  /// By the other clusters of the host.
  bool IsWatcherNeeded(const std::vector<ClusterRecord>& records) const {
    return std::any_of(records.begin(), records.end(), [&](const auto& record) {
      return record.watcher && record.cluster != change_.id.cluster;
    });
  }

  /// It is there, and no cluster needs it any more.
  Result<bool> IsWatcherIdle(const Observation& observed) {
    if (intent_.record.watcher || observed.Find(WatcherId()) == nullptr) return false;
    return !IsWatcherNeeded(TRY(Patiently([&] { return driver_.ReadRecords(); })));
  }

  Result<Observation> ObserveShared() {
    return Patiently([&] { return driver_.Observe(kManagement); });
  }

  Result<Plan> PlanShared(const Observation& observed) {
    Diff diff = ComputeDiff(desired_.shared, observed, {intent_.what, {}});
    // Another engine's services may live there too; only what we want is ours to change.
    const bool is_watcher_idle = TRY(IsWatcherIdle(observed));
    std::erase_if(diff.changes, [&](const auto& change) {
      return change.kind == ChangeKind::kRemove && !(is_watcher_idle && change.id == WatcherId());
    });
    const DesiredState shared{
        .objects = desired_.shared, .shared = {}, .settings = {}, .members = {}};
    return BuildPlan(diff, {.desired = shared, .observed = observed});
  }

  // ---- removing ---------------------------------------------------------------------------------

  Result<void> RemoveCluster() {
    if (before_) {
      if (auto dbms = DbmsOf(*before_)) {
        dbms_ = *dbms;
        desired_.members.clear();
        if (auto removed = RemoveObjects(change_.id.cluster, *lease_); !removed) {
          NoteFailure(removed.error());
          return removed;
        }
      }
    }
    // The record goes last: while it is there, a cut deletion is found and finished.
    const auto host_lease = TRY(WaitForLease(kManagement));
    // That may have taken long. If the cluster is someone else's by now, so are the shared
    // services.
    TRY(lease_->Check());
    const auto records = TRY(Patiently([&] { return driver_.ReadRecords(); }));
    const bool is_last = std::all_of(records.begin(), records.end(), [&](const auto& record) {
      return record.cluster == change_.id.cluster;
    });
    if (is_last) {
      TRY(RemoveObjects(kManagement, *host_lease));
    } else if (before_ && dbms_ != nullptr) {
      Forget(*before_);
      if (!IsWatcherNeeded(records)) TRY(Patiently([&] { return driver_.Remove(WatcherId()); }));
    }
    TRY(lease_->Check());
    return Patiently([&] { return driver_.RemoveRecord(change_.id.cluster); });
  }

  Result<void> RemoveObjects(const std::string& cluster, LeaseKeeper& lease) {
    const Observation observed = TRY(Patiently([&] { return driver_.Observe(cluster); }));
    const Diff diff = ComputeDiff({}, observed, {intent_.what, IdsOfObserved(observed)});
    if (dbms_ == nullptr) dbms_ = AllDbms().front();  // Removing asks it nothing.
    return Carry(BuildPlan(diff, {.desired = {}, .observed = observed}), lease);
  }

  static std::set<ObjectId> IdsOfObserved(const Observation& observed) {
    std::set<ObjectId> ids;
    for (const auto& object : observed.objects) ids.insert(object.id);
    return ids;
  }

  /// Best effort: the next incarnation has another uid, so leftovers waste space and nothing else.
  void Forget(const ClusterRecord& record) {
    const Command command = dbms_->Forget(record);
    if (command.argv.empty()) return;
    const auto result = driver_.Exec(command.instance, command.argv, command.input);
    if (!result || result->exit_code != 0) {
      spdlog::warn("the shared services of host {} still remember cluster {}", driver_.Host(),
                   change_.id.cluster);
    }
  }

  const ConvergeContext& context_;
  const PartChange& change_;
  DeadlineClock clock_;
  Driver& driver_;
  Holder holder_;
  Journal journal_;
  std::unique_ptr<LeaseKeeper> lease_;
  std::optional<ClusterRecord> before_;
  std::set<ObjectId> before_objects_;
  Intent intent_;
  std::vector<ActionOutcome> done_;
  bool leaves_unfinished_ = false;
  bool asks_for_nothing_ = false;  ///< Cut or failed, it leaves nothing to be finished.
  const Dbms* dbms_ = nullptr;
  DesiredState desired_;
  Observation observed_;  ///< What is shared; in the end, the cluster too.
};

}  // namespace

std::optional<ClusterFacts> Probe(Driver& driver, Clock& clock, const ClusterRecord& record,
                                  const Observation& observed) {
  const auto dbms = DbmsOf(record);
  const auto members = observed.RunningMembers();
  if (!dbms || members.empty()) return std::nullopt;
  auto facts = FactsSource(driver, **dbms, record, members, clock).Get(Milliseconds(0));
  if (!facts) return std::nullopt;
  return std::move(facts).value();
}

Result<std::string> FindPrimary(Driver& driver, Clock& clock, const ClusterRecord& record) {
  const auto facts = Probe(driver, clock, record, TRY(driver.Observe(record.cluster)));
  return PrimaryOf(facts ? &*facts : nullptr, record.cluster);
}

namespace {

/// That of a cluster which is about to lose something.
Maintenance BackupBefore(const ClusterId& id, const std::string& who, const std::string& mark) {
  return {.kind = Maintenance::Kind::kBackup,
          .id = id,
          .backup = BackupKind::kIncremental,
          .mark = mark,
          .who = who};
}

/// Whether the newest backup is that one, what came after it was cut, and the log has all that was
/// committed since. What cannot be seen counts as no: taking it anew costs little, and says why.
bool IsThere(const ConvergeContext& context, const ClusterRecord& record, const Maintenance& last) {
  const bool was_begun = !record.history.empty() && record.history.back().what == last.ToText();
  if (last.mark.empty() || !was_begun) return false;
  const auto primary = FindPrimary(context.driver, context.clock, record);
  if (!primary) return false;
  const auto catalogue = ListBackupsAt(context.driver, record, *primary);
  if (!catalogue || catalogue->backups.empty()) return false;
  const Backup& newest = catalogue->backups.back();
  // Whoever goes back to it by its name means the end.
  if (newest.mark != last.mark || context.clock.Now() - newest.ended > kStillTheEnd) return false;
  return CompleteLog(context.driver, record, *primary).has_value();
}

/// A bucket outlives its cluster, so all of it is to be there. Under the policy as it is: with the
/// next intent its keys are gone.
Result<void> TakeFinalBackup(const ConvergeContext& context, const PartChange& change) {
  if (change.key != kClusterPart && change.key != kBackupPolicyPart) return Ok();
  const auto before = TRY(Retry(kPatient, context.clock, context.random, context.stop,
                                [&] { return context.driver.ReadRecord(change.id.cluster); }));
  const BackupPolicySpec* policy = before ? before->backup_policy() : nullptr;
  if (policy == nullptr || !policy->s3 || policy->skip_final_backup) return Ok();
  // Nothing was ever in it, or it is in there already.
  if (before->settled == 0 || before->deleting) return Ok();
  TRY(MakeIntent(before, change, Moment::kPlan));  // What is not allowed costs no backup.
  const std::string& name = policy->final_backup_identifier;
  const Maintenance last = BackupBefore(change.id, change.who, name);
  const std::string of = change.id.ToText() + (name.empty() ? "" : ", " + name);
  if (IsThere(context, *before, last)) {
    context.progress.Note("there is a last backup of " + of);
    return Ok();
  }
  context.progress.Note("taking a last backup of " + of);
  auto taken = Maintain(context, last);
  if (taken) return Ok();
  return std::move(taken)
      .error()
      .In("taking a last backup")
      .And(
          "Nothing was removed. With skip_final_backup = true in its backup policy, applied "
          "before, it goes without one.");
}

}  // namespace

Result<Converged> Converge(const ConvergeContext& context, const PartChange& change) {
  if (change.verb == PartChange::Verb::kDelete) TRY(TakeFinalBackup(context, change));
  return Convergence(context, change).Run();
}

namespace {

/// What is restored in place can be had back. What cannot be done costs no backup, and what goes on
/// has had its own.
Result<void> TakeSafetyBackup(const ConvergeContext& context, const PartChange& nothing,
                              const Maintenance& wanted) {
  Convergence look(context, nothing);
  TRY(look.FormMaintenance(wanted, Moment::kPlan));
  if (look.IsOnItsWayBack()) return Ok();
  if (wanted.force && !look.IsLed()) {
    context.progress.Note("nobody leads " + wanted.id.ToText() + ", so no backup is taken first");
    return Ok();
  }
  TRY_IN(Maintain(context, BackupBefore(wanted.id, wanted.who, "")),
         "taking a backup before anything is restored");
  return Ok();
}

Result<void> Verify(const ConvergeContext& context, const Maintenance& wanted) {
  const Verified verified = TRY(VerifyBackups(context, wanted.id, wanted.who));
  if (!verified.problem.empty()) {
    return Unavailable("the backups of " + wanted.id.ToText() +
                       " are not sound: " + verified.problem);
  }
  context.progress.Note(fmt::format("backup {} was restored and is sound: {} s", verified.backup_id,
                                    verified.took.count() / 1000));
  return Ok();
}

}  // namespace

Result<void> Maintain(const ConvergeContext& context, const Maintenance& wanted) {
  if (wanted.kind == Maintenance::Kind::kVerify) return Verify(context, wanted);
  const PartChange nothing{.id = wanted.id, .key = std::string(kClusterPart), .who = wanted.who};
  if (wanted.kind == Maintenance::Kind::kRestore && !wanted.undo) {
    TRY(TakeSafetyBackup(context, nothing, wanted));
  }
  return Convergence(context, nothing).RunMaintenance(wanted);
}

Result<std::vector<std::string>> Repair(const ConvergeContext& context, const ClusterId& id,
                                        const std::string& who) {
  PartChange nothing{.id = id, .key = std::string(kClusterPart), .who = who};
  nothing.timeout = kRepairTimeout;
  return Convergence(context, nothing).RunRepair();
}

Result<std::vector<std::string>> LookForRepair(const ConvergeContext& context,
                                               const ClusterId& id) {
  const PartChange nothing{.id = id, .key = std::string(kClusterPart), .who = "look"};
  return Convergence(context, nothing).LookForRepair();
}

Result<Plan> PreviewMaintenance(const ConvergeContext& context, const Maintenance& wanted) {
  const PartChange nothing{.id = wanted.id, .key = std::string(kClusterPart), .who = wanted.who};
  Convergence look(context, nothing);
  TRY(look.FormMaintenance(wanted, Moment::kPlan));
  return look.PlanMaintenance(wanted);
}

Result<std::shared_ptr<const TakenPorts>> PortsTakenOn(Driver& driver) {
  const HostTraits traits = driver.Traits();
  Observation host;
  std::vector<ClusterRecord> records;
  if (!traits.own_addresses) {
    host = TRY(driver.Observe(std::nullopt));
    records = TRY(driver.ReadRecords());
  }
  return std::make_shared<const TakenPorts>(traits, std::move(host.used_ports), records);
}

Result<Plan> PreviewChange(const ConvergeContext& context, const PartChange& change,
                           const AskForPorts& ports) {
  Driver& driver = context.driver;
  const auto before = TRY(driver.ReadRecord(change.id.cluster));
  Intent intent = TRY(MakeIntent(before, change, Moment::kPlan));
  const Observation observed = TRY(driver.Observe(change.id.cluster));
  std::set<ObjectId> before_objects;
  if (before && before->has_cluster_part()) {
    const Dbms* dbms = TRY(DbmsOf(*before));
    if (const auto desired = Desire(*dbms, *before)) before_objects = IdsOf(desired->objects);
  }
  if (intent.removes_cluster) {
    const Diff diff = ComputeDiff({}, observed, {intent.what, before_objects});
    return BuildPlan(diff, {.desired = {}, .observed = observed});
  }
  const Dbms* dbms = TRY(DbmsOf(intent.record));
  if (before && before->deleting) TRY(StartOverIfEmpty(observed, intent.record));
  TRY(FitToHost(driver.Host(), driver.Traits(), intent.record));
  TRY(CheckMemory(driver, before, change));
  TRY(TakeRestoreSource(driver, context.clock, Moment::kPlan, before, intent.record));
  std::shared_ptr<const TakenPorts> taken;
  if (NeedsPorts(*dbms, intent.record)) taken = TRY(ports());
  TRY(Complete(*dbms, NamesOn(driver), taken.get(), Moment::kPlan, context.random, intent.record));
  const DesiredState desired = TRY(Desire(*dbms, intent.record));
  const auto facts = Probe(driver, context.clock, intent.record, observed);
  Plan plan = PlanOf(*dbms, intent, desired, before_objects, observed, facts);
  TRY(CheckDisruption(plan.disruption, intent.record));
  for (const BackupSpec& wanted : intent.record.backups_to_take()) {
    Action taking = TakingOf(wanted, intent.record);
    for (std::size_t i = 0; i < plan.actions.size(); ++i) {
      taking.after.push_back(static_cast<ActionId>(i));
    }
    plan.actions.push_back(std::move(taking));
  }
  return plan;
}

}  // namespace dbaas
