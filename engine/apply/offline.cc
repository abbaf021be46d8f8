// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/offline.h"

#include <fmt/format.h>

#include <set>

#include "engine/apply/intent.h"
#include "engine/plan/build_plan.h"

namespace dbaas {
namespace {

/// A record with stand-ins for what only the host knows: the same ones on both sides, so that they
/// make no difference.
ClusterRecord Remembered(const Dbms& dbms, const ClusterId& id, const ClusterSpec& spec,
                         const ClusterSpec& before) {
  ClusterRecord record{.cluster = id.cluster, .uid = "offline", .generation = 1, .settled = 1};
  record.parts.emplace(std::string(kClusterPart), spec);
  int next = 1;
  for (const auto& port : dbms.PublishedPorts(record)) record.ports[port.name] = next++;
  record.ports["write"] = spec.port.value_or(before.port.value_or(record.ports["write"]));
  record.ports["read"] = spec.reader_port.value_or(before.reader_port.value_or(next));
  const auto no_names = [](const std::string&) { return std::vector<std::string>(); };
  for (const auto& request : dbms.Secrets(record, no_names)) {
    for (const char* suffix : {"", ".crt", ".key"}) {
      record.secrets.emplace(request.name + suffix, Secret<std::string>("unknown"));
    }
  }
  return record;
}

Observation AsDesired(const DesiredState& desired) {
  Observation observed;
  for (const auto& object : desired.objects) {
    observed.objects.push_back({.id = object.id,
                                .cluster = object.cluster,
                                .part = object.part,
                                .member = object.member,
                                .fingerprint = object.fingerprint,
                                .files_fingerprint = object.files_fingerprint});
  }
  return observed;
}

ClusterFacts Healthy(const DesiredState& desired) {
  ClusterFacts facts{.members = {}, .settings = desired.settings, .settings_known = true};
  for (const auto& name : desired.members) {
    const bool leads = facts.members.empty();
    facts.members.push_back({.name = name,
                             .role = leads ? Role::kPrimary : Role::kStandby,
                             .running = true,
                             .streaming = !leads,
                             .synchronous = !leads && desired.synchronous});
  }
  return facts;
}

}  // namespace

std::optional<Plan> PlanOffline(const PartChange& change) {
  if (change.key != kClusterPart || !change.spec || !change.before) return std::nullopt;
  const auto& next = std::get<ClusterSpec>(*change.spec);
  const auto& before = std::get<ClusterSpec>(*change.before);
  const Dbms* dbms = FindDbms(next.engine);
  if (dbms == nullptr || before.engine != next.engine) return std::nullopt;
  const auto was = dbms->Expand(Remembered(*dbms, change.id, before, before));
  const auto wanted = dbms->Expand(Remembered(*dbms, change.id, next, before));
  if (!was || !wanted) return std::nullopt;

  std::set<ObjectId> previously;
  for (const auto& object : was->objects) previously.insert(object.id);
  const Observation observed = AsDesired(*was);
  const ClusterFacts facts = Healthy(*was);
  const auto changes = SpecChanges(*change.before, *change.spec);
  Diff diff = ComputeDiff(wanted->objects, observed,
                          {fmt::format("{}", fmt::join(changes, ", ")), std::move(previously)});
  AddSettings(wanted->settings, facts, *dbms, next, diff);
  return BuildPlan(
      diff,
      {.desired = *wanted, .observed = observed, .facts = &facts, .blocked = dbms->Blocked()});
}

}  // namespace dbaas
