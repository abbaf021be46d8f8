// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/action_runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/apply/backups.h"
#include "engine/apply/retry.h"
#include "engine/apply/run_command.h"

namespace dbaas {
namespace {

// A question costs the host a process, so between two of them lies as much time as has been waited
// for already: what is there at once is seen at once, and what takes seconds is not asked for more
// often than it needs to be.
constexpr Milliseconds kShortestPause{10};
constexpr Milliseconds kLongestPause{200};
constexpr Milliseconds kNoteInterval{15'000};
// Electing takes seconds; a host under load gets minutes.
constexpr Milliseconds kPrimaryTimeout{5 * 60'000};
// A host that stays silent for so long is not merely restarting its engine.
constexpr Milliseconds kHostTimeout{60'000};
// A new member copies all data first.
constexpr Milliseconds kFollowTimeout{6 * 60 * 60'000};
// A backup of a follower begins when that has come to where the backup began, and waits a minute.
constexpr std::int64_t kMostLag = std::int64_t{256} << 20;

Milliseconds PauseAfter(Milliseconds waited) {
  return std::clamp(waited, kShortestPause, kLongestPause);
}

Milliseconds TimeoutOf(const Condition& condition) {
  return condition.kind == Condition::Kind::kMemberFollows ? kFollowTimeout : kPrimaryTimeout;
}

bool Follows(const MemberFacts& member) {
  return member.running && (member.role == Role::kPrimary || member.streaming);
}

/// What a waiting person wants to know: "orders-1 primary running, orders-2 replica creating".
std::string Summary(const ClusterFacts& facts) {
  if (facts.members.empty()) return "no member has reported yet";
  std::string text;
  for (const auto& member : facts.members) {
    text += fmt::format("{}{} {} {}", text.empty() ? "" : ", ", member.name, ToString(member.role),
                        member.state);
  }
  return text;
}

/// The best to take over: synchronous before asynchronous, then by lag. Null when none is fit.
const MemberFacts* BestSuccessor(const ClusterFacts& facts,
                                 const std::vector<std::string>& candidates) {
  const MemberFacts* best = nullptr;
  for (const auto& name : candidates) {
    const MemberFacts* member = facts.Find(name);
    if (member == nullptr || !Follows(*member)) continue;
    const auto rank = [](const MemberFacts& facts) {
      return std::pair(!facts.synchronous, facts.lag_bytes.value_or(0));
    };
    if (best == nullptr || rank(*member) < rank(*best)) best = member;
  }
  return best;
}

/// Whose files a backup had best copy: a standby, and a replica only where there is none, for
/// people read there; rather one that no commit waits for; the one that is nearest. Null when none
/// is fit.
const MemberFacts* BestSource(const ClusterFacts& facts) {
  const MemberFacts* best = nullptr;
  for (const auto& member : facts.members) {
    if (member.role == Role::kPrimary || !member.running || !member.streaming) continue;
    if (member.lag_bytes.value_or(0) > kMostLag) continue;
    const auto rank = [](const MemberFacts& facts) {
      return std::tuple(facts.role != Role::kStandby, facts.synchronous,
                        facts.lag_bytes.value_or(0), facts.name);
    };
    if (best == nullptr || rank(member) < rank(*best)) best = &member;
  }
  return best;
}

}  // namespace

bool IsMet(const Condition& condition, const ClusterFacts& facts) {
  const MemberFacts* member = facts.Find(condition.member);
  const MemberFacts* primary = facts.Primary();
  switch (condition.kind) {
    case Condition::Kind::kPrimaryRuns: return primary != nullptr && primary->running;
    case Condition::Kind::kMemberFollows:
      // Without a running primary "streaming" is only a memory of one.
      return primary != nullptr && primary->running && member != nullptr && Follows(*member);
    case Condition::Kind::kMemberNotPrimary:
      return primary != nullptr && primary->running && primary->name != condition.member;
    case Condition::Kind::kMemberGone: return member == nullptr;
    case Condition::Kind::kRestartKnown:
      // One is enough: the settings are in. A member that has a value of its own never needs to.
      return std::any_of(facts.members.begin(), facts.members.end(),
                         [](const auto& facts) { return facts.pending_restart; });
    case Condition::Kind::kCommitsWait:
      return std::any_of(facts.members.begin(), facts.members.end(),
                         [](const auto& facts) { return facts.synchronous; });
  }
  return false;
}

Result<void> ActionRunner::Perform(const Action& action) {
  return std::visit([this](const auto& operation) { return Do(operation); }, action.operation);
}

template <typename Call>
Result<void> ActionRunner::Change(const RetryPolicy& policy, Call call) {
  return Retry(policy, context_.clock, context_.random, context_.stop, [&]() -> Result<void> {
    std::optional<Limiter::Slot> slot;
    if (context_.limiter != nullptr) {
      slot.emplace(TRY(context_.limiter->Take(context_.driver.Host(), context_.stop)));
    }
    // Whoever was stopped, or whose time is over, begins nothing more.
    if (!context_.clock.SleepFor(Milliseconds(0), context_.stop)) {
      return Cancelled("stopped before it began");
    }
    TRY(context_.check_lease());  // After the wait for a turn, which may have been long.
    return call();
  });
}

Result<void> ActionRunner::Do(const EnsureObject& operation) {
  return Change(kPatient, [&] { return context_.driver.Ensure(operation.object); });
}

Result<void> ActionRunner::Do(const RemoveObject& operation) {
  return Change(kPatient, [&] { return context_.driver.Remove(operation.id); });
}

Result<void> ActionRunner::Do(const RestartInstance& operation) {
  return Change(kPatient, [&] { return context_.driver.Restart(operation.instance); });
}

Result<void> ActionRunner::Run(const Command& command, const RetryPolicy& policy) {
  if (command.argv.empty()) return Ok();
  return Change(policy, [&]() -> Result<void> {
    TRY(RunCommand(context_.driver, command));
    return Ok();
  });
}

Result<void> ActionRunner::Do(const Switchover& operation) {
  const std::string to = TRY(WaitForSuccessor(operation));
  if (to.empty()) return Ok();  // Someone else leads by now.
  context_.progress.Note("switchover from " + operation.from + " to " + to);
  TRY(Run(context_.dbms.Switchover(context_.record, operation.from, to)));
  return Wait({Condition::Kind::kMemberNotPrimary, operation.from});
}

Result<void> ActionRunner::Do(const KillInstance& operation) {
  return Change(kPatient, [&] { return context_.driver.Kill(operation.instance); });
}

Result<ClaimAnswer> ActionRunner::PassClaim(const Claim& seen, const std::string& to) {
  const Command command = context_.dbms.PassClaim(context_.record, seen, to);
  ClaimAnswer answer;
  TRY(Change(kBrief, [&]() -> Result<void> {
    answer = TRY(context_.dbms.ReadClaim(TRY(RunCommand(context_.driver, command))));
    return Ok();
  }));
  return answer;
}

/// A claim may go only when its maker's life has ended. It is read while the primary does not run,
/// and goes only as it was read: one who came back meanwhile has claimed anew.
Result<void> ActionRunner::Do(const Failover& operation) {
  const Claim seen = TRY(PassClaim({}, operation.to)).claim;
  const bool is_led = !seen.member.empty() && seen.member != operation.from;
  if (!is_led) {
    const Observation observed = TRY(context_.driver.Observe(context_.record.cluster));
    const ObservedObject* instance = observed.Find({ObjectKind::kInstance, operation.from});
    if (instance != nullptr && instance->state != RunState::kStopped) {
      return Conflict(operation.from + " was started again meanwhile", "Nobody was promoted.");
    }
    const ClaimAnswer passed = TRY(PassClaim(seen, operation.to));
    if (!passed.revoked && passed.claim.member == operation.from) {
      return Conflict(operation.from + " has claimed to be primary again", "Nobody was promoted.");
    }
  }
  TRY(Wait({Condition::Kind::kMemberNotPrimary, operation.from}));
  const std::string leads = TRY(WaitForPrimary());
  if (leads != operation.to) context_.progress.Note(leads + " was elected before it could be told");
  return Ok();
}

Result<void> ActionRunner::Do(const RestartMember& operation) {
  return Run(context_.dbms.RestartMember(context_.record, operation.member));
}

Result<void> ActionRunner::Do(const ReloadMember& operation) {
  return Run(context_.dbms.ReloadMember(context_.record, operation.member));
}

Result<void> ActionRunner::Do(const ApplySettings& operation) {
  const std::string primary = TRY(WaitForPrimary());
  return Run(
      context_.dbms.ApplySettings(context_.record, operation.desired, operation.keys, primary));
}

/// Once: whoever asked is told why it failed, and a schedule has its own patience.
Result<void> ActionRunner::Do(const TakeBackup& operation) {
  const std::string primary = TRY(WaitForPrimary());
  // In one turn: what serves a backup does not wait long for it.
  TRY(Change(kOnce, [&]() -> Result<void> {
    const BackupSource source = TRY(SourceOfBackup(primary));
    TRY(context_.check_lease());
    context_.progress.Note("backup from " + source.member);
    const Command take =
        context_.dbms.TakeBackup(context_.record, operation.kind, operation.mark, source, primary);
    TRY_IN(RunCommand(context_.driver, take), "in " + source.member);
    return Ok();
  }));
  // That may have taken hours, and somebody else may lead.
  const Command removal = TRY(
      RemovalOfOldBackups(context_.driver, context_.clock, context_.record, TRY(WaitForPrimary())));
  TRY_IN(Run(removal, kOnce), "removing the backups that are kept no longer");
  return Ok();
}

Result<BackupSource> ActionRunner::SourceOfBackup(const std::string& primary) {
  const ClusterFacts facts = TRY(context_.facts.Get(Milliseconds(1000)));
  const MemberFacts* follower = BestSource(facts);
  Command serve;
  if (follower != nullptr) {
    serve = context_.dbms.ServeBackup(context_.record, follower->name, primary);
  }
  if (serve.argv.empty()) return BackupSource{.member = primary};
  const std::string service = TRY_IN(RunCommand(context_.driver, serve), "in " + primary);
  return BackupSource{.member = service.empty() ? primary : follower->name, .service = service};
}

/// One that an apply left behind may still be at work there: it goes first.
Result<void> ActionRunner::Do(const RestoreData& operation) {
  const ObjectId& id = operation.workbench.id;
  TRY(Do(RemoveObject{id}));
  TRY(Do(EnsureObject{operation.workbench}));
  const auto restored = Run(context_.dbms.Restore(context_.record, id.name), kOnce);
  const auto removed = Do(RemoveObject{id});  // It holds the keys of the source's repository.
  return restored ? removed : restored;
}

Result<void> ActionRunner::Do(const WaitUntil& operation) {
  auto result = Wait(operation.condition);
  // A setting that turns out to need no restart after all is good news.
  if (!result && operation.condition.kind == Condition::Kind::kRestartKnown &&
      result.error().kind == ErrorKind::kTimeout) {
    return Ok();
  }
  return result;
}

Result<void> ActionRunner::Wait(const Condition& condition) {
  const bool is_brief = condition.kind == Condition::Kind::kRestartKnown;
  const Milliseconds timeout = is_brief ? Milliseconds(20'000) : TimeoutOf(condition);
  const TimePoint began = context_.clock.Now();
  TimePoint noted = began;
  TimePoint host_answered = began;
  Milliseconds pause = kLongestPause;  // At first, what others have just been told will do.
  for (;;) {
    auto facts = context_.facts.Get(pause);
    if (facts && IsMet(condition, *facts)) return Ok();
    const TimePoint now = context_.clock.Now();
    if (facts || facts.error().kind != ErrorKind::kUnavailable) host_answered = now;
    if (now - host_answered > kHostTimeout) return facts.error();
    const std::string seen = facts ? Summary(*facts) : facts.error().ToLine();
    if (now - began > timeout) {
      return Timeout(
          fmt::format("waited {} s until {}", timeout.count() / 1000, condition.ToText()),
          "Last seen: " + seen + ".");
    }
    if (now - noted > kNoteInterval) {
      noted = now;
      context_.progress.Note(fmt::format("waiting until {} ({} s): {}", condition.ToText(),
                                         (now - began).count() / 1000, seen));
    }
    pause = PauseAfter(now - began);
    if (!context_.clock.SleepFor(pause, context_.stop)) {
      return Cancelled("stopped while waiting until " + condition.ToText());
    }
  }
}

Result<std::string> ActionRunner::WaitForPrimary() {
  TRY(Wait({Condition::Kind::kPrimaryRuns, ""}));
  const ClusterFacts facts = TRY(context_.facts.Get(Milliseconds(1000)));
  const MemberFacts* primary = facts.Primary();
  if (primary == nullptr) return Unavailable("the primary went away just now");
  return primary->name;
}

Result<std::string> ActionRunner::WaitForSuccessor(const Switchover& operation) {
  const TimePoint began = context_.clock.Now();
  Milliseconds pause = kLongestPause;
  for (;;) {
    const auto facts = context_.facts.Get(pause);
    if (facts) {
      const MemberFacts* primary = facts->Primary();
      if (primary != nullptr && primary->name != operation.from) return std::string();
      const MemberFacts* successor = BestSuccessor(*facts, operation.candidates);
      if (successor != nullptr) return successor->name;
    }
    const Milliseconds waited = context_.clock.Now() - began;
    if (waited > kPrimaryTimeout) {
      return Timeout("no member is fit to take over from " + operation.from,
                     "Last seen: " + (facts ? Summary(*facts) : facts.error().ToLine()) + ".");
    }
    pause = PauseAfter(waited);
    if (!context_.clock.SleepFor(pause, context_.stop)) {
      return Cancelled("stopped while waiting for a successor of " + operation.from);
    }
  }
}

}  // namespace dbaas
