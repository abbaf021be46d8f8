// SPDX-License-Identifier: MPL-2.0
#include "engine/plan/build_plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/plan/assess.h"

namespace dbaas {
namespace {

using Ids = std::vector<ActionId>;

/// Builds one plan and is thrown away. Each Plan… step appends its actions and notes the ids that
/// later steps have to wait for.
class Builder {
 public:
  Builder(const Diff& diff, const PlanInput& input) : diff_(diff), input_(input) {}

  Plan Build() {
    PlanEnds();
    PlanFoundations();
    PlanRestoration();
    PlanInstances();
    PlanReady();
    PlanSettings();
    PlanRolling();
    PlanSynchronous();
    PlanProxies();
    PlanRemovals();
    plan_.disruption = AssessDisruption(plan_.actions, diff_, input_);
    return std::move(plan_);
  }

 private:
  ActionId Add(std::string title, Operation operation, Ids after, std::string reason) {
    std::sort(after.begin(), after.end());
    after.erase(std::unique(after.begin(), after.end()), after.end());
    plan_.actions.push_back(
        {std::move(title), std::move(operation), std::move(after), std::move(reason)});
    return static_cast<ActionId>(plan_.actions.size()) - 1;
  }

  ActionId AddChange(const Change& change, Operation operation, Ids after) {
    return Add(std::string(Symbol(change.kind)) + " " + change.id.ToText(), std::move(operation),
               std::move(after), change.reason);
  }

  ActionId AddWait(Condition::Kind kind, const std::string& member, Ids after) {
    Condition condition{kind, member};
    std::string title = "wait until " + condition.ToText();
    return Add(std::move(title), WaitUntil{std::move(condition)}, std::move(after), "");
  }

  /// Data is made in the place of what the members run on: all of them end first, the primary last,
  /// so that nobody is left who could be promoted. The volume for the new data comes after that, so
  /// while it is missing they may be there.
  void PlanEnds() {
    const auto& restoration = input_.desired.restoration;
    if (!restoration || !LacksVolume(restoration->member)) return;
    const std::string primary = PrimaryName();
    const Change* of_primary = nullptr;
    Ids followers;
    for (const auto& change : diff_.changes) {
      const bool ends = change.kind == ChangeKind::kReplace || change.kind == ChangeKind::kRemove;
      if (!ends || change.member.empty() || change.id.kind != ObjectKind::kInstance) continue;
      if (change.member == primary) {
        of_primary = &change;
      } else {
        followers.push_back(End(change, {}));
      }
    }
    if (of_primary != nullptr) End(*of_primary, std::move(followers));
    plan_.ends = ended_.size();
  }

  ActionId End(const Change& change, Ids after) {
    return ended_[change.id] = Add("- " + change.id.ToText(), RemoveObject{change.id},
                                   std::move(after), change.reason);
  }

  bool LacksVolume(const std::string& member) const {
    return std::any_of(diff_.changes.begin(), diff_.changes.end(), [&](const Change& change) {
      return change.kind == ChangeKind::kCreate && change.id.kind == ObjectKind::kVolume &&
             change.member == member;
    });
  }

  /// Networks and volumes need nothing else.
  void PlanFoundations() {
    Ids after;
    for (const auto& [id, ended] : ended_) after.push_back(ended);
    for (const auto& change : diff_.changes) {
      if (change.kind != ChangeKind::kCreate || change.id.kind == ObjectKind::kInstance) continue;
      created_[change.id] = AddChange(change, EnsureObject{change.desired}, after);
    }
  }

  Ids FoundationsOf(const Object& object) const {
    Ids after;
    const auto need = [&](ObjectKind kind, const std::string& name) {
      const auto found = created_.find({kind, name});
      if (found != created_.end()) after.push_back(found->second);
    };
    for (const auto& network : object.instance.networks) need(ObjectKind::kNetwork, network);
    for (const auto& mount : object.instance.mounts) need(ObjectKind::kVolume, mount.volume);
    return after;
  }

  bool IsThere(const std::string& member) const {
    return input_.observed.Find({ObjectKind::kInstance, member}) != nullptr;
  }

  /// A member that is there, and stays, was made after its data was.
  void PlanRestoration() {
    const auto& restoration = input_.desired.restoration;
    if (!restoration || (ended_.empty() && IsThere(restoration->member))) return;
    if (restoration->is_made && !LacksVolume(restoration->member)) return;
    restored_ = {Add("restore the data of " + restoration->member,
                     RestoreData{restoration->workbench}, FoundationsOf(restoration->workbench),
                     "from " + restoration->source)};
    plan_.made = plan_.actions.size();
  }

  /// Whoever comes to a cluster that is made from backups first would begin an empty one.
  Ids BeginningOf(const std::string& member) {
    const auto& restoration = input_.desired.restoration;
    if (!restoration || member.empty()) return {};
    if (member == restoration->member) return restored_;
    if (leads_.empty()) {
      Ids begun;
      for (const auto& [started, ensured] : started_) {
        if (started == restoration->member) begun = {ensured};
      }
      leads_ = {AddWait(Condition::Kind::kPrimaryRuns, "", std::move(begun))};
    }
    return leads_;
  }

  static bool IsProxyUpdate(const Change& change) {
    return change.member.empty() &&
           (change.kind == ChangeKind::kUpdateFiles || change.kind == ChangeKind::kReplace);
  }

  /// One that stands still, or has ended, has nothing to hand over, and the others may be waiting
  /// for it: it is replaced like one that starts, not in turn.
  bool ReplacesStopped(const Change& change) const {
    const ObservedObject* observed = input_.observed.Find(change.id);
    return change.kind == ChangeKind::kReplace && observed != nullptr &&
           (observed->state == RunState::kStopped || observed->state == RunState::kLost ||
            ended_.contains(change.id));
  }

  /// What is new or stopped starts at once, all together: the members find each other.
  void PlanInstances() {
    for (const auto& change : diff_.changes) {
      if (change.id.kind != ObjectKind::kInstance || IsProxyUpdate(change)) continue;
      if (change.kind == ChangeKind::kRemove) continue;
      if (change.kind == ChangeKind::kReplace && !ReplacesStopped(change)) continue;
      Ids after = FoundationsOf(change.desired);
      for (const ActionId before : BeginningOf(change.member)) after.push_back(before);
      if (change.kind == ChangeKind::kReplace && !ended_.contains(change.id)) {
        after.push_back(Add("- " + change.id.ToText(), RemoveObject{change.id}, {}, change.reason));
      }
      const ActionId ensured = AddChange(change, EnsureObject{change.desired}, std::move(after));
      if (change.kind == ChangeKind::kUpdateFiles) {
        // Nothing waits for a reload, yet whatever restarts must come after it.
        ready_.push_back(ensured);
      } else if (!change.member.empty()) {
        started_.emplace_back(change.member, ensured);
      }
    }
  }

  void PlanReady() {
    if (started_.empty()) return;
    Ids all;
    for (const auto& [member, ensured] : started_) all.push_back(ensured);
    primary_runs_ = leads_;
    if (leads_.empty()) primary_runs_ = {AddWait(Condition::Kind::kPrimaryRuns, "", all)};
    for (const auto& [member, ensured] : started_) {
      ready_.push_back(AddWait(Condition::Kind::kMemberFollows, member, {ensured}));
    }
  }

  /// Settings that could not be read are all applied: doing so again does no harm.
  void PlanSettings() {
    ApplySettings apply{.desired = input_.desired.settings, .keys = {}};
    std::string reason;
    if (input_.facts == nullptr || !input_.facts->settings_known) {
      if (input_.desired.settings.empty()) return;
      for (const auto& [key, value] : apply.desired) apply.keys.push_back(key);
      reason = "not known yet";
    } else {
      if (diff_.settings.empty()) return;
      for (const auto& change : diff_.settings) {
        apply.keys.push_back(change.key);
        reason += (reason.empty() ? "" : ", ") + change.reason;
        restart_ = restart_ || change.impact == Impact::kRestart;
      }
    }
    settings_ = {Add("~ settings", std::move(apply), primary_runs_, reason)};
    if (restart_) {
      restart_reason_ = reason;
      settings_ = {AddWait(Condition::Kind::kRestartKnown, "", settings_)};
    }
  }

  bool IsCandidate(const std::string& member) const {
    for (const auto& object : input_.desired.objects) {
      if (object.member == member && object.id.kind == ObjectKind::kInstance) {
        return object.part == kClusterPart;
      }
    }
    return false;
  }

  const Change* ReplacementOf(const std::string& member) const {
    for (const auto& change : diff_.changes) {
      if (change.kind == ChangeKind::kReplace && change.member == member &&
          !ReplacesStopped(change)) {
        return &change;
      }
    }
    return nullptr;
  }

  bool NeedsRestart(const std::string& member) const {
    if (!IsThere(member)) return false;
    for (const auto& [started, ensured] : started_) {
      if (started == member) return false;  // It starts with the new settings.
    }
    return restart_ ||
           std::count(diff_.pending_restart.begin(), diff_.pending_restart.end(), member) > 0;
  }

  std::string PrimaryName() const {
    const MemberFacts* primary = input_.facts == nullptr ? nullptr : input_.facts->Primary();
    return primary == nullptr ? std::string() : primary->name;
  }

  std::vector<std::string> CandidatesBut(const std::string& member) const {
    std::vector<std::string> candidates;
    for (const auto& other : input_.desired.members) {
      if (other != member && IsCandidate(other)) candidates.push_back(other);
    }
    return candidates;
  }

  /// One member at a time, so that at most one is away; the primary last, after it handed over.
  void PlanRolling() {
    std::vector<std::string> affected;
    for (const auto& member : input_.desired.members) {
      if (ReplacementOf(member) != nullptr || NeedsRestart(member)) affected.push_back(member);
    }
    const std::string primary = PrimaryName();
    std::stable_partition(affected.begin(), affected.end(),
                          [&](const auto& member) { return member != primary; });
    rolled_ = settings_;
    rolled_.insert(rolled_.end(), ready_.begin(), ready_.end());
    for (const auto& member : affected) {
      if (member == primary) PlanHandover(member, CandidatesBut(member));
      PlanMemberRestart(member);
    }
  }

  void PlanHandover(const std::string& from, std::vector<std::string> candidates) {
    if (candidates.empty()) return;
    rolled_ = {Add("switchover from " + from, Switchover{from, std::move(candidates)}, rolled_,
                   from + " is primary")};
  }

  void PlanMemberRestart(const std::string& member) {
    if (const Change* change = ReplacementOf(member)) {
      const ActionId removed =
          Add("- " + change->id.ToText(), RemoveObject{change->id}, rolled_, change->reason);
      Ids after = FoundationsOf(change->desired);
      after.push_back(removed);
      rolled_ = {AddChange(*change, EnsureObject{change->desired}, std::move(after))};
    } else {
      rolled_ = {Add("restart " + member, RestartMember{member}, rolled_,
                     restart_reason_.empty() ? "waits for a restart" : restart_reason_)};
    }
    rolled_ = {AddWait(Condition::Kind::kMemberFollows, member, rolled_)};
  }

  /// The HA layer makes a standby synchronous some seconds after it streams. Until then an
  /// acknowledged row can be lost, so an apply that promised otherwise has not arrived. Without any
  /// standby that streams there is nothing to wait for; whoever starts one looks again afterwards.
  void PlanSynchronous() {
    if (!input_.desired.synchronous || input_.facts == nullptr) return;
    const auto& members = input_.facts->members;
    const auto is_synchronous = [](const auto& member) { return member.synchronous; };
    const auto could_be = [](const auto& member) {
      return member.role == Role::kStandby && member.streaming;
    };
    if (std::any_of(members.begin(), members.end(), is_synchronous)) return;
    if (std::none_of(members.begin(), members.end(), could_be)) return;
    AddWait(Condition::Kind::kCommitsWait, "", rolled_);
  }

  /// A member that is leaving and leads must hand over before the proxy forgets it.
  void PlanLeave() {
    const std::string primary = PrimaryName();
    // One that is only remembered as primary may never come back.
    if (primary.empty() || !input_.facts->Primary()->running) PlanProof();
    for (const auto& change : diff_.changes) {
      if (change.kind != ChangeKind::kRemove || change.id.kind != ObjectKind::kInstance) continue;
      if (!change.member.empty() && change.member == primary && ended_.empty()) {
        PlanHandover(primary, CandidatesBut(primary));
      }
    }
  }

  /// Nobody is known to lead: the data may be only where it is about to be removed. Whoever stays
  /// shows that it has it by leading.
  void PlanProof() {
    if (input_.desired.members.empty()) return;
    std::set<std::string> leaving;
    for (const auto& change : diff_.changes) {
      if (change.kind == ChangeKind::kRemove) leaving.insert(change.member);
    }
    leaving.erase("");
    // The volumes that a restoration leaves are those of members that stay.
    for (const auto& member : input_.desired.members) leaving.erase(member);
    Ids proofs;
    for (const auto& member : leaving) {
      Condition condition{Condition::Kind::kMemberNotPrimary, member};
      proofs.push_back(Add("wait until " + condition.ToText(), WaitUntil{std::move(condition)},
                           rolled_, "until another one leads, only it may have the data"));
    }
    if (!proofs.empty()) rolled_ = proofs;
  }

  void PlanProxies() {
    PlanLeave();
    proxies_ = rolled_;
    for (const auto& change : diff_.changes) {
      if (change.id.kind != ObjectKind::kInstance || !IsProxyUpdate(change)) continue;
      Ids after = proxies_;
      if (change.kind == ChangeKind::kReplace) {
        after = {Add("- " + change.id.ToText(), RemoveObject{change.id}, after, change.reason)};
      }
      proxies_ = {AddChange(change, EnsureObject{change.desired}, after)};
    }
  }

  std::string DataGoesOrStays(const ObjectId& volume) const {
    const ObservedObject* observed = input_.observed.Find(volume);
    if (observed == nullptr || observed->directory.empty()) return ", with the data in it";
    return fmt::format(", and what is in {} stays", observed->directory);
  }

  /// Instances go first, then what they held on to.
  void PlanRemovals() {
    Ids instances;
    for (const auto& change : diff_.changes) {
      if (change.kind != ChangeKind::kRemove || change.id.kind != ObjectKind::kInstance) continue;
      if (ended_.contains(change.id)) continue;
      instances.push_back(AddChange(change, RemoveObject{change.id}, proxies_));
    }
    for (const auto& change : diff_.changes) {
      if (change.kind != ChangeKind::kRemove || change.id.kind == ObjectKind::kInstance) continue;
      Change removal = change;
      if (change.id.kind == ObjectKind::kVolume) removal.reason += DataGoesOrStays(change.id);
      AddChange(removal, RemoveObject{change.id}, instances.empty() ? proxies_ : instances);
    }
  }

  const Diff& diff_;
  const PlanInput& input_;
  Plan plan_;
  std::map<ObjectId, ActionId> ended_;  ///< Members that make room for restored data.
  std::map<ObjectId, ActionId> created_;
  Ids restored_;  ///< The data that the first member begins with.
  Ids leads_;     ///< That one leads.
  std::vector<std::pair<std::string, ActionId>> started_;  ///< Members, and the action that did it.
  Ids primary_runs_;
  Ids ready_;     ///< Everything started follows.
  Ids settings_;  ///< Settings are in.
  Ids rolled_;    ///< The last step of the rolling work so far.
  Ids proxies_;
  bool restart_ = false;
  std::string restart_reason_;
};

}  // namespace

Plan BuildPlan(const Diff& diff, const PlanInput& input) { return Builder(diff, input).Build(); }

}  // namespace dbaas
