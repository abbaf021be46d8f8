// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/view.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/apply/desired.h"
#include "engine/apply/intent.h"
#include "engine/plan/diff.h"

namespace dbaas {
namespace {

Observation OnlyOf(const std::string& cluster, const Observation& all) {
  Observation observed{.at = all.at, .objects = {}, .used_ports = {}};
  for (const auto& object : all.objects) {
    if (object.cluster == cluster) observed.objects.push_back(object);
  }
  return observed;
}

int PortOf(const ClusterRecord& record, const std::string& key) {
  const auto found = record.ports.find(key);
  return found == record.ports.end() ? 0 : found->second;
}

std::string InstanceState(const ObservedObject* instance) {
  if (instance == nullptr) return "missing";
  if (instance->state == RunState::kRunning) return "running";
  return std::string(ToString(instance->state)) + ": " + instance->state_detail;
}

void AddMembers(const DesiredState& desired, const ViewInput& input, ClusterView& view) {
  for (const auto& name : desired.members) {
    MemberView member{.name = name};
    for (const auto& object : desired.objects) {
      if (object.id == ObjectId{ObjectKind::kInstance, name}) member.part = object.part;
    }
    member.instance = InstanceState(input.observed.Find({ObjectKind::kInstance, name}));
    member.port = PortOf(input.record, member.part);
    if (member.port != 0) member.address = input.address(name);
    if (const auto* facts = input.facts == nullptr ? nullptr : input.facts->Find(name)) {
      member.facts = *facts;
    }
    view.members.push_back(std::move(member));
  }
}

/// Differences are drift; an instance that merely stands still is trouble, for it is the same
/// instance, and whoever stopped it may have had a reason. One that nobody stopped is drift.
void AddDrift(const Diff& diff, const Observation& observed, ClusterView& view) {
  for (const auto& change : diff.changes) {
    const std::string line = change.id.ToText() + " " + change.reason;
    const ObservedObject* object = observed.Find(change.id);
    const bool is_lost = object != nullptr && object->state == RunState::kLost;
    if (change.kind == ChangeKind::kStart && !is_lost) {
      view.troubles.push_back(line);
    } else if (view.parts.contains(change.part)) {
      view.drift[change.part].push_back(line);
    } else {
      view.drift[std::string(kClusterPart)].push_back(line);
    }
  }
}

void EraseRemovals(Diff& diff) {
  std::erase_if(diff.changes,
                [](const auto& change) { return change.kind == ChangeKind::kRemove; });
}

/// REQUIRES: settled < generation.
std::string WhatIsUnfinished(const ClusterRecord& record) {
  const std::string what = record.history.empty() ? "" : ": " + record.history.back().what;
  if (record.deleting) return "its deletion was cut short" + what;
  if (!record.in_place) return "the last apply did not finish" + what;
  const RestoreInPlace& in_place = *record.in_place;
  const std::string going =
      fmt::format("its restoration as of {} did not finish: any apply goes on with it",
                  in_place.to.MomentToText());
  if (in_place.is_made) return going;
  return going + fmt::format(", `dbaas restore {} --undo` gives it up", record.cluster);
}

std::string Status(const ClusterRecord& record, const ClusterView& view) {
  if (record.deleting) return "deleting";
  if (record.settled == 0) return "creating";
  if (record.settled < record.generation) return "modifying";
  return view.drift.empty() && view.troubles.empty() ? "running" : "degraded";
}

}  // namespace

Result<ClusterView> MakeView(const ViewInput& input) {
  const ClusterRecord& record = input.record;
  const Dbms* dbms = TRY(DbmsOf(record));
  const DesiredState desired = TRY(Desire(*dbms, record));
  ClusterView view{.id = {input.host, record.cluster},
                   .parts = record.parts,
                   .status = "",
                   .address = input.address(PublisherOf(*dbms, record, "write")),
                   .port = PortOf(record, "write"),
                   .reader_port = PortOf(record, "read"),
                   .version_actual = record.version_actual,
                   .generation = record.generation,
                   .history = record.history,
                   .verifications = record.verifications,
                   .kept_backups = record.kept_backups,
                   .probed = input.facts != nullptr};
  if (const auto authority = record.secrets.find("ca.crt"); authority != record.secrets.end()) {
    view.ca_certificate_pem = authority->second.Reveal();
  }
  AddMembers(desired, input, view);
  Diff own = ComputeDiff(desired.objects, OnlyOf(record.cluster, input.observed), {});
  // What a restoration in place leaves is kept on purpose until that has ended.
  if (record.in_place) EraseRemovals(own);
  AddDrift(own, input.observed, view);
  // Of what is shared, only what this cluster needs is its business; other things may be there.
  Diff shared =
      ComputeDiff(desired.shared, OnlyOf(std::string(kManagementCluster), input.observed), {});
  EraseRemovals(shared);
  AddDrift(shared, input.observed, view);
  if (record.settled < record.generation) {
    view.drift[std::string(kClusterPart)].push_back(WhatIsUnfinished(record));
  }
  view.status = Status(record, view);
  return view;
}

}  // namespace dbaas
