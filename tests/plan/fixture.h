// SPDX-License-Identifier: MPL-2.0
//
// A small cluster "orders", as desired, observed and probed, for tests of diff, plan and
// disruption.
#pragma once

#include <string>

#include "engine/plan/build_plan.h"

namespace dbaas {

inline Object Make(ObjectKind kind, const std::string& name, const std::string& member = "") {
  Object object{.id = {kind, name}, .cluster = "orders", .part = "cluster", .member = member};
  if (kind == ObjectKind::kInstance) object.instance.networks = {"orders"};
  if (kind == ObjectKind::kInstance && !member.empty()) {
    object.instance.mounts = {{name + "-data", "/data"}};
  }
  Seal(object, "salt");
  return object;
}

/// A cluster "orders" with so many candidates and its proxy.
inline DesiredState Cluster(int members) {
  DesiredState desired;
  desired.objects.push_back(Make(ObjectKind::kNetwork, "orders"));
  for (int i = 1; i <= members; ++i) {
    const std::string name = "orders-" + std::to_string(i);
    desired.objects.push_back(Make(ObjectKind::kVolume, name + "-data", name));
    desired.objects.push_back(Make(ObjectKind::kInstance, name, name));
    desired.members.push_back(name);
  }
  desired.objects.push_back(Make(ObjectKind::kInstance, "orders-proxy"));
  desired.settings = {{"parameters.work_mem", Secret<std::string>("4MB")}};
  return desired;
}

/// The host has exactly what is desired, and it runs.
inline Observation Converged(const DesiredState& desired) {
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

inline void Forget(Observation& observed, const ObjectId& id) {
  std::erase_if(observed.objects, [&](const auto& object) { return object.id == id; });
}

/// orders-<primary> leads, everyone else streams, settings are as desired.
inline ClusterFacts Healthy(const DesiredState& desired, const std::string& primary) {
  ClusterFacts facts{.members = {}, .settings = desired.settings, .settings_known = true};
  for (const auto& name : desired.members) {
    const bool leads = name == primary;
    facts.members.push_back({.name = name,
                             .role = leads ? Role::kPrimary : Role::kStandby,
                             .running = true,
                             .streaming = !leads});
  }
  return facts;
}

}  // namespace dbaas
