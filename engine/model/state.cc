// SPDX-License-Identifier: MPL-2.0
#include "engine/model/state.h"

namespace dbaas {

const char* ToString(RunState state) {
  switch (state) {
    case RunState::kRunning: return "running";
    case RunState::kRestarting: return "restarting";
    case RunState::kStopped: return "stopped";
    case RunState::kLost: return "lost";
  }
  return "stopped";
}

const char* ToString(Role role) {
  switch (role) {
    case Role::kPrimary: return "primary";
    case Role::kStandby: return "standby";
    case Role::kReplica: return "replica";
    case Role::kUnknown: return "unknown";
  }
  return "unknown";
}

std::map<std::string, Observation> ByCluster(const Observation& all) {
  std::map<std::string, Observation> clusters;
  for (const auto& object : all.objects) {
    Observation& cluster = clusters[object.cluster];
    cluster.at = all.at;
    cluster.objects.push_back(object);
  }
  return clusters;
}

const ObservedObject* Observation::Find(const ObjectId& id) const {
  for (const auto& object : objects) {
    if (object.id == id) return &object;
  }
  return nullptr;
}

std::vector<std::string> Observation::RunningMembers() const {
  std::vector<std::string> members;
  for (const auto& object : objects) {
    if (object.id.kind == ObjectKind::kInstance && !object.member.empty() &&
        object.state == RunState::kRunning) {
      members.push_back(object.id.name);
    }
  }
  return members;
}

const MemberFacts* ClusterFacts::Find(const std::string& member) const {
  for (const auto& facts : members) {
    if (facts.name == member) return &facts;
  }
  return nullptr;
}

const MemberFacts* ClusterFacts::Primary() const {
  const MemberFacts* primary = nullptr;
  for (const auto& facts : members) {
    if (facts.role != Role::kPrimary) continue;
    if (primary != nullptr) return nullptr;  // Two claim it: nobody may act on either.
    primary = &facts;
  }
  return primary;
}

Result<std::string> PrimaryOf(const ClusterFacts* facts, const std::string& cluster) {
  const MemberFacts* primary = facts == nullptr ? nullptr : facts->Primary();
  if (primary != nullptr) return primary->name;
  return Unavailable("cluster " + cluster + " has no primary right now",
                     "`dbaas show` says how its members are.");
}

}  // namespace dbaas
