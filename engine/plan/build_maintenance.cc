// SPDX-License-Identifier: MPL-2.0
#include "engine/plan/build_maintenance.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "engine/plan/assess.h"

namespace dbaas {
namespace {

class Builder {
 public:
  Builder(const Maintenance& wanted, const PlanInput& input) : wanted_(wanted), input_(input) {}

  Result<Plan> Build() && {
    if (!wanted_.member.empty()) TRY(CheckMember("member", wanted_.member));
    for (const auto& member : wanted_.members) TRY(CheckMember("members", member));
    const MemberFacts* primary = input_.facts == nullptr ? nullptr : input_.facts->Primary();
    if (primary != nullptr) primary_ = primary->name;
    if (wanted_.kind == Maintenance::Kind::kFailover) {
      TRY(PlanFailover(primary));
    } else if (wanted_.kind == Maintenance::Kind::kReload) {
      TRY(PlanReloads());
    } else {
      TRY(PrimaryOf(input_.facts, wanted_.id.ToText()));
      TRY(PlanWhereOneLeads());
    }
    plan_.disruption = AssessDisruption(plan_.actions, {}, input_);
    return std::move(plan_);
  }

 private:
  Result<void> CheckMember(const char* field, const std::string& member) const {
    const auto& members = input_.desired.members;
    if (std::find(members.begin(), members.end(), member) != members.end()) return Ok();
    return Invalid(field, fmt::format("{} is no member of {}", member, wanted_.id.ToText()),
                   fmt::format("Its members are {}.", fmt::join(members, ", ")));
  }

  std::vector<std::string> Candidates() const {
    std::vector<std::string> candidates;
    for (const auto& object : input_.desired.objects) {
      const bool is_candidate = object.id.kind == ObjectKind::kInstance && !object.member.empty() &&
                                object.part == kClusterPart;
      if (is_candidate && object.member != primary_) candidates.push_back(object.member);
    }
    return candidates;
  }

  /// Those that may lead next: the one that was asked for, or all.
  Result<std::vector<std::string>> WantedCandidates() const {
    auto candidates = Candidates();
    if (candidates.empty()) {
      return Invalid("member", "there is no other member that could lead " + wanted_.id.ToText(),
                     "node_count is 1.");
    }
    if (wanted_.member.empty()) return candidates;
    if (std::find(candidates.begin(), candidates.end(), wanted_.member) == candidates.end()) {
      return Invalid("member", wanted_.member + " is a replica and never leads",
                     fmt::format("{} could.", fmt::join(candidates, ", ")));
    }
    return std::vector<std::string>{wanted_.member};
  }

  Result<void> PlanWhereOneLeads() {
    if (wanted_.kind == Maintenance::Kind::kSwitchover) return PlanSwitchover();
    if (wanted_.kind == Maintenance::Kind::kBackup) {
      Add(wanted_.ToText(), TakeBackup{wanted_.backup, wanted_.mark}, "asked for");
    } else {
      PlanRestarts();
    }
    return Ok();
  }

  Result<void> PlanSwitchover() {
    if (wanted_.member == primary_) return Ok();
    PlanHandover(TRY(WantedCandidates()), "asked for");
    return Ok();
  }

  /// The primary is ended first, so that nothing is written to it any more, and comes back last, to
  /// follow.
  Result<void> PlanFailover(const MemberFacts* primary) {
    if (input_.facts == nullptr) {
      return Unavailable("no member of " + wanted_.id.ToText() + " answers",
                         "`dbaas apply` starts what is stopped.");
    }
    const std::string unwell =
        primary == nullptr ? "nobody leads"
                           : fmt::format("{}, the primary, is {}", primary_, primary->state);
    if (primary != nullptr && primary->running && !wanted_.force) {
      return Invalid(
          "member", unwell + ", and looks well",
          "`dbaas switchover` moves the role without losing a row. If clients cannot use "
          "it nevertheless, --force fails over all the same.");
    }
    if (primary != nullptr && wanted_.member == primary_) {
      return Invalid("member", unwell, "Name the member that is to take over from it.");
    }
    const MemberFacts* heir = BestHeir(TRY(WantedCandidates()));
    if (heir == nullptr) {
      return Unavailable("no member that could take over is running",
                         "`dbaas show` says how the members are.");
    }
    if (primary != nullptr) Add("kill instance " + primary_, KillInstance{primary_}, unwell);
    const std::string behind = heir->lag_bytes ? fmt::format("{} B behind", *heir->lag_bytes)
                                               : "how far behind is not known";
    Add("failover to " + heir->name, Failover{primary_, heir->name}, unwell + "; " + behind);
    if (primary != nullptr) ComesBack(primary_);
    return Ok();
  }

  void ComesBack(const std::string& member) {
    const std::string reason = "follows from now on";
    for (const auto& object : input_.desired.objects) {
      if (object.id.kind != ObjectKind::kInstance || object.member != member) continue;
      if (input_.observed.Find(object.id) == nullptr) {
        Add("+ " + object.id.ToText(), EnsureObject{object}, reason);
      } else {
        Add("restart " + member, RestartInstance{member}, reason);
      }
    }
  }

  /// Running, then synchronous, then the least behind. With no primary nobody streams.
  const MemberFacts* BestHeir(const std::vector<std::string>& candidates) const {
    const MemberFacts* best = nullptr;
    const auto rank = [](const MemberFacts& member) {
      constexpr auto kUnknown = std::numeric_limits<std::int64_t>::max();
      return std::pair(!member.synchronous, member.lag_bytes.value_or(kUnknown));
    };
    for (const auto& name : candidates) {
      const MemberFacts* member = input_.facts->Find(name);
      if (member == nullptr || !member->running) continue;
      if (best == nullptr || rank(*member) < rank(*best)) best = member;
    }
    return best;
  }

  void PlanRestarts() {
    std::vector<std::string> members = input_.desired.members;
    if (!wanted_.members.empty()) {
      std::erase_if(members, [&](const auto& member) {
        return std::find(wanted_.members.begin(), wanted_.members.end(), member) ==
               wanted_.members.end();
      });
    }
    std::stable_partition(members.begin(), members.end(),
                          [&](const auto& member) { return member != primary_; });
    for (const auto& member : members) {
      if (member == primary_) {
        if (auto candidates = Candidates(); !candidates.empty()) {
          PlanHandover(std::move(candidates), member + " is primary");
        }
      }
      Add("restart " + member, RestartInstance{member}, "asked for");
      const Condition follows{Condition::Kind::kMemberFollows, member};
      Add("wait until " + follows.ToText(), WaitUntil{follows}, "");
    }
  }

  /// All at once. Who does not run reads its files when it starts.
  Result<void> PlanReloads() {
    for (const auto& member : input_.desired.members) {
      const MemberFacts* facts = input_.facts == nullptr ? nullptr : input_.facts->Find(member);
      if (facts == nullptr || !facts->running) continue;
      plan_.actions.push_back({"reload " + member, ReloadMember{member}, {}, "asked for"});
    }
    if (!plan_.empty()) return Ok();
    return Unavailable("no member of " + wanted_.id.ToText() + " is running",
                       "`dbaas show` says how its members are.");
  }

  void PlanHandover(std::vector<std::string> candidates, std::string reason) {
    Add("switchover from " + primary_, Switchover{primary_, std::move(candidates)},
        std::move(reason));
  }

  /// Each step waits for the one before.
  void Add(std::string title, Operation operation, std::string reason) {
    std::vector<ActionId> after;
    if (!plan_.actions.empty()) after = {static_cast<ActionId>(plan_.actions.size()) - 1};
    plan_.actions.push_back(
        {std::move(title), std::move(operation), std::move(after), std::move(reason)});
  }

  const Maintenance& wanted_;
  const PlanInput& input_;
  std::string primary_;
  Plan plan_;
};

}  // namespace

Result<Plan> BuildMaintenance(const Maintenance& wanted, const PlanInput& input) {
  return Builder(wanted, input).Build();
}

}  // namespace dbaas
