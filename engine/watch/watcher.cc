// SPDX-License-Identifier: MPL-2.0
#include "engine/watch/watcher.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/apply/intent.h"
#include "engine/apply/retry.h"

namespace dbaas {
namespace {

constexpr RetryPolicy kReconnect{.first_delay = Milliseconds(200),
                                 .longest_delay = std::chrono::seconds(10)};

// A runtime lists a dead instance as running until it has cleaned up after it: tens of
// milliseconds, on a busy machine hundreds.
constexpr Milliseconds kSettling = std::chrono::seconds(3);
constexpr Milliseconds kBetweenLooks{10};

// One that the runtime starts again is left to recover in place; one that cannot stay up is not.
constexpr int kDeathsOfLoop = 3;
constexpr Milliseconds kLoopWindow = std::chrono::seconds(60);

// A claim changes when its member comes back, and when settings change. Both are rare.
constexpr int kAttempts = 3;

const ObservedObject* FindInstance(const Observation& observed, const std::string& name) {
  return observed.Find({ObjectKind::kInstance, name});
}

bool IsOtherRunningCandidate(const ObservedObject& object, const std::string& member) {
  return object.id.kind == ObjectKind::kInstance && object.part == kClusterPart &&
         !object.member.empty() && object.member != member && object.state == RunState::kRunning;
}

}  // namespace

void Watcher::Run(std::stop_token stop) {
  int failures = 0;
  while (!stop.stop_requested()) {
    const auto take = [&](const InstanceEvent& event) {
      if (event.kind == InstanceEvent::Kind::kAttached) failures = 0;
      Take(event);
    };
    const Result<void> ended = context_.driver.Watch(take, stop);
    if (ended) return;
    if (failures == 0) Report(WatchReport::Kind::kInterrupted, ended.error().ToLine());
    context_.clock.SleepFor(RetryDelay(kReconnect, failures++, context_.random), stop);
  }
}

void Watcher::Take(const InstanceEvent& event) {
  if (event.kind == InstanceEvent::Kind::kAttached) {
    return Report(WatchReport::Kind::kWatching, "whatever happens to its instances is seen");
  }
  // Replicas never lead.
  if (event.kind != InstanceEvent::Kind::kEnded || event.part != kClusterPart) return;
  if (event.member.empty()) return;
  if (!context_.clusters.empty() && !context_.clusters.contains(event.cluster)) return;

  const TimePoint seen_at = context_.clock.Now();
  auto& deaths = deaths_[event.member];
  std::erase_if(deaths, [&](TimePoint at) { return seen_at - at > kLoopWindow; });
  deaths.push_back(seen_at);

  const auto answer = Answer(event);
  const std::optional<std::string> why_not = answer ? *answer : answer.error().ToLine();
  if (!why_not) return;
  const std::string happened =
      fmt::format("{}, the primary, ended: {}", event.instance, event.detail);
  const TimePoint now = context_.clock.Now();
  const bool done = why_not->empty();
  context_.report({.kind = done ? WatchReport::Kind::kFailover : WatchReport::Kind::kLeftAlone,
                   .at = now,
                   .host = context_.driver.Host(),
                   .cluster = event.cluster,
                   .member = event.member,
                   .text = done ? happened + "; the others elect"
                                : fmt::format("{}; left to the timeout: {}", happened, *why_not),
                   .took = now - seen_at});
}

Result<std::optional<std::string>> Watcher::Answer(const InstanceEvent& death) {
  using Why = std::optional<std::string>;
  // Both are asked while the runtime still cleans up.
  const auto record = TRY(context_.driver.ReadRecord(death.cluster));
  if (!record || !record->has_cluster_part()) return Why();
  if (context_.declared_only && !IsWatched(record->cluster_spec())) return Why();
  const Dbms* dbms = TRY(DbmsOf(*record));
  Claim claim;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const ClaimAnswer answer = TRY(Ask(*dbms, *record, claim));
    if (answer.revoked) return Why("");
    if (answer.claim.member != death.member) return Why();
    claim = answer.claim;
    if (record->deleting) return Why("the cluster is being destroyed");
    if (claim.suspended) return Why("failover is paused");
    // The order matters: a claim that was there before its member was seen dead is a dead one's.
    std::string objection = TRY(Objection(death));
    if (!objection.empty()) return Why(std::move(objection));
  }
  return Why("its claim keeps changing");
}

Result<ClaimAnswer> Watcher::Ask(const Dbms& dbms, const ClusterRecord& record, const Claim& seen) {
  const Command command = dbms.RevokeClaim(record, seen);
  if (command.argv.empty()) return ClaimAnswer();
  const ExecResult result =
      TRY_IN(context_.driver.Exec(command.instance, command.argv, command.input),
             "asking who is primary of " + record.cluster);
  if (result.exit_code == 0) return dbms.ReadClaim(result.output);
  return Unavailable(command.instance + " does not answer", result.errors);
}

Result<std::string> Watcher::Objection(const InstanceEvent& death) {
  const Observation observed = TRY(ObserveSettled(death));
  const ObservedObject* instance = FindInstance(observed, death.instance);
  if (instance != nullptr && instance->state == RunState::kRunning) return std::string("it runs");
  if (instance != nullptr && instance->state == RunState::kRestarting &&
      !DiesAgainAndAgain(death.member)) {
    return std::string("its runtime starts it again");
  }
  const bool has_heir = std::any_of(
      observed.objects.begin(), observed.objects.end(),
      [&](const auto& object) { return IsOtherRunningCandidate(object, death.member); });
  return std::string(has_heir ? "" : "no other candidate runs");
}

Result<Observation> Watcher::ObserveSettled(const InstanceEvent& death) {
  for (Milliseconds waited{0};; waited += kBetweenLooks) {
    Observation observed = TRY(context_.driver.Observe(death.cluster));
    const ObservedObject* instance = FindInstance(observed, death.instance);
    const bool settled = instance == nullptr || instance->state != RunState::kRunning;
    if (settled || waited >= kSettling) return observed;
    context_.clock.SleepFor(kBetweenLooks, {});
  }
}

bool Watcher::DiesAgainAndAgain(const std::string& member) const {
  const auto deaths = deaths_.find(member);
  return deaths != deaths_.end() && deaths->second.size() >= kDeathsOfLoop;
}

void Watcher::Report(WatchReport::Kind kind, std::string text) {
  context_.report({.kind = kind,
                   .at = context_.clock.Now(),
                   .host = context_.driver.Host(),
                   .text = std::move(text)});
}

}  // namespace dbaas
