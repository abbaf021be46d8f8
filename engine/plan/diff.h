// SPDX-License-Identifier: MPL-2.0
//
// Diff: desired against observed, object by object and setting by setting, each difference with the
// reason a person would say aloud. Pure. Called by converge (to plan) and by reads (drift).
#pragma once

#include <set>
#include <string>
#include <vector>

#include "engine/dbms/dbms.h"
#include "engine/model/state.h"

namespace dbaas {

enum class ChangeKind {
  kCreate,
  kUpdateFiles,  ///< In place: files are written and the instance takes them.
  kReplace,      ///< Remove and create. Never a volume: an instance keeps its data.
  kStart,        ///< It is there, and stopped.
  kRemove,
};
/// "+", "~", "±", ">" and "-".
const char* Symbol(ChangeKind kind);

struct Change {
  ObjectId id;
  ChangeKind kind = ChangeKind::kCreate;
  std::string part;
  std::string member;
  Object desired;  ///< Unset for kRemove.
  std::string reason;
  bool was_there = false;  ///< Of kCreate: it was wanted before, so it got lost.
};

struct SettingChange {
  std::string key;
  Impact impact = Impact::kReload;
  std::string reason;  ///< "work_mem 4MB → 8MB"; "(sensitive)" for secrets.
  /// The primary restarts in place, before any standby (Dbms::RestartsPrimaryInPlace).
  bool primary_first = false;
};

struct Diff {
  std::vector<Change> changes;  ///< Desired ones in their order, then removals.
  std::vector<SettingChange> settings;
  std::vector<std::string> pending_restart;  ///< Members that wait for one.
  bool empty() const { return changes.empty() && settings.empty() && pending_restart.empty(); }
};

/// Why things change, as far as only the caller knows.
struct Cause {
  std::string text;  ///< "node_count 1 → 3", "new cluster"; empty when nothing was asked for.
  /// What the state before the change wanted: whatever of it is not there is missing, not new.
  std::set<ObjectId> previously_desired;
};

/// `facts` may be null: settings are not compared then.
Diff ComputeDiff(const std::vector<Object>& desired, const Observation& observed,
                 const Cause& cause);
/// Adds the differences inside the database.
void AddSettings(const Settings& desired, const ClusterFacts& facts, const Dbms& dbms,
                 const ClusterSpec& spec, Diff& diff);

}  // namespace dbaas
