// SPDX-License-Identifier: MPL-2.0
#include "engine/plan/assess.h"

#include <algorithm>
#include <string>

namespace dbaas {
namespace {

using Kind = DisruptionStep::Kind;

/// Goes through the actions once and keeps track of who is primary meanwhile.
class Assessor {
 public:
  Assessor(const Diff& diff, const PlanInput& input) : diff_(diff), input_(input) {
    const MemberFacts* primary = input.facts == nullptr ? nullptr : input.facts->Primary();
    if (primary != nullptr) primary_ = primary->name;
  }

  Disruption Assess(const std::vector<Action>& actions) {
    for (const Action& action : actions) {
      std::visit([&](const auto& operation) { Take(operation, action.reason); }, action.operation);
    }
    return std::move(found_);
  }

 private:
  void Step(Kind kind, const std::string& member, const std::string& reason,
            DisruptionLevel level) {
    found_.steps.push_back({kind, member, reason});
    found_.level = std::max(found_.level, level);
  }

  const Change* ChangeOf(const ObjectId& id) const {
    const auto found = std::find_if(diff_.changes.begin(), diff_.changes.end(),
                                    [&](const Change& change) { return change.id == id; });
    return found == diff_.changes.end() ? nullptr : &*found;
  }

  void Take(const EnsureObject& operation, const std::string& reason) {
    const ObjectId& id = operation.object.id;
    const Change* change = ChangeOf(id);
    if (change == nullptr || id.kind != ObjectKind::kInstance) return;
    if (change->member.empty()) {
      // Reading its servers again, the proxy drops nobody.
      if (change->kind == ChangeKind::kReplace) {
        Step(Kind::kRestart, id.name, reason, DisruptionLevel::kRestart);
        found_.blocked_seconds += input_.blocked.proxy;
      }
      return;
    }
    switch (change->kind) {
      case ChangeKind::kCreate: Arrives(*change, reason); break;
      case ChangeKind::kStart:
        Step(Kind::kStart, change->member, reason, DisruptionLevel::kNone);
        break;
      case ChangeKind::kUpdateFiles:
        Step(Kind::kReload, change->member, reason, DisruptionLevel::kReload);
        break;
      case ChangeKind::kReplace:
        if (found_.restores) {
          Step(Kind::kRestore, change->member, reason, DisruptionLevel::kFailover);
          break;
        }
        Step(Kind::kRestart, change->member, reason, DisruptionLevel::kRestart);
        if (change->member == primary_) found_.blocked_seconds += input_.blocked.recreate;
        GoesUnasked();
        break;
      case ChangeKind::kRemove: break;
    }
  }

  /// With roles unknown it may be the primary that goes, without having handed over.
  void GoesUnasked() {
    if (input_.facts != nullptr || input_.desired.members.size() < 2) return;
    found_.data_at_risk = std::max(found_.data_at_risk, DataAtRisk::kUnsyncedTail);
  }

  void Arrives(const Change& change, const std::string& reason) {
    if (!change.was_there) {
      Step(Kind::kJoin, change.member, reason, DisruptionLevel::kNone);
      return;
    }
    const auto is_its_volume = [&](const Change& other) {
      return other.kind == ChangeKind::kCreate && other.id.kind == ObjectKind::kVolume &&
             other.member == change.member;
    };
    const bool lost_data = std::any_of(diff_.changes.begin(), diff_.changes.end(), is_its_volume);
    Step(lost_data ? Kind::kRebuild : Kind::kStart, change.member, reason, DisruptionLevel::kNone);
  }

  void Take(const RemoveObject& operation, const std::string& reason) {
    const Change* change = ChangeOf(operation.id);
    if (change == nullptr || change->member.empty()) return;
    if (operation.id.kind == ObjectKind::kVolume) {
      if (!HasAnotherCopy()) found_.data_at_risk = DataAtRisk::kVolume;
      return;
    }
    if (operation.id.kind != ObjectKind::kInstance || change->kind != ChangeKind::kRemove) return;
    // A cluster that goes takes its primary with it; one that stays had the role moved away before.
    found_.ends_service = input_.desired.members.empty();
    const bool leads = change->member == primary_ || found_.ends_service;
    Step(Kind::kLeave, change->member, reason,
         leads ? DisruptionLevel::kFailover : DisruptionLevel::kNone);
    GoesUnasked();
  }

  /// Whether a member that stays is known to have the data, or took the role over before.
  bool HasAnotherCopy() const {
    if (has_another_copy_) return true;
    if (input_.facts == nullptr) return false;
    const auto& stays = input_.desired.members;
    return std::any_of(input_.facts->members.begin(), input_.facts->members.end(),
                       [&](const MemberFacts& member) {
                         return (member.role == Role::kPrimary || member.streaming) &&
                                std::count(stays.begin(), stays.end(), member.name) > 0;
                       });
  }

  void Take(const Switchover& operation, const std::string& reason) {
    Step(Kind::kSwitchover, operation.from, reason, DisruptionLevel::kFailover);
    found_.blocked_seconds += input_.blocked.switchover;
    primary_.clear();
    has_another_copy_ = true;
  }

  void Take(const Failover& operation, const std::string& reason) {
    Step(Kind::kFailover, operation.to, reason, DisruptionLevel::kFailover);
    found_.blocked_seconds += input_.blocked.failover;
    // A synchronous one has all that was acknowledged.
    const MemberFacts* heir = input_.facts == nullptr ? nullptr : input_.facts->Find(operation.to);
    if (heir != nullptr && heir->synchronous) return;
    found_.data_at_risk = std::max(found_.data_at_risk, DataAtRisk::kUnsyncedTail);
  }

  /// Comes with a failover, which says what it costs.
  void Take(const KillInstance& /*operation*/, const std::string& /*reason*/) {}

  void Take(const RestartMember& operation, const std::string& reason) {
    const auto needs_primary_first = [](const SettingChange& change) {
      return change.primary_first;
    };
    if (!primary_.empty() && operation.member != primary_ && !primary_restarted_ &&
        std::any_of(diff_.settings.begin(), diff_.settings.end(), needs_primary_first)) {
      primary_restarted_ = true;
      RestartPrimary(primary_, reason);
    }
    if (operation.member == primary_) {
      RestartPrimary(operation.member, reason);
    } else {
      Step(Kind::kRestart, operation.member, reason, DisruptionLevel::kRestart);
    }
  }

  void Take(const TakeBackup& /*operation*/, const std::string& /*reason*/) {}
  /// A cluster that is only being made has nobody whom it served.
  void Take(const RestoreData& /*operation*/, const std::string& /*reason*/) {
    const auto serves_now = [](const Change& change) {
      return change.kind == ChangeKind::kReplace && !change.member.empty();
    };
    found_.restores = std::any_of(diff_.changes.begin(), diff_.changes.end(), serves_now);
    has_another_copy_ = true;
  }
  void Take(const ReloadMember& operation, const std::string& reason) {
    Step(Kind::kReload, operation.member, reason, DisruptionLevel::kReload);
  }

  void RestartPrimary(const std::string& member, const std::string& reason) {
    Step(Kind::kRestart, member, reason, DisruptionLevel::kRestart);
    found_.blocked_seconds += input_.blocked.restart;
  }

  /// Restarts that settings ask for are actions of their own.
  void Take(const ApplySettings& /*operation*/, const std::string& /*reason*/) {
    if (input_.facts == nullptr) return;  // The members have only just started.
    std::string reason;
    for (const SettingChange& change : diff_.settings) {
      if (change.impact == Impact::kReload) reason += (reason.empty() ? "" : ", ") + change.reason;
    }
    if (reason.empty()) return;
    for (const MemberFacts& member : input_.facts->members) {
      if (member.running) Step(Kind::kReload, member.name, reason, DisruptionLevel::kReload);
    }
  }

  void Take(const RestartInstance& operation, const std::string& reason) {
    Step(Kind::kRestart, operation.instance, reason, DisruptionLevel::kRestart);
  }

  void Take(const WaitUntil& /*operation*/, const std::string& /*reason*/) {}

  const Diff& diff_;
  const PlanInput& input_;
  std::string primary_;  ///< As far as it is known at this point of the plan.
  bool primary_restarted_ = false;
  bool has_another_copy_ = false;
  Disruption found_;
};

}  // namespace

Disruption AssessDisruption(const std::vector<Action>& actions, const Diff& diff,
                            const PlanInput& input) {
  return Assessor(diff, input).Assess(actions);
}

}  // namespace dbaas
