// SPDX-License-Identifier: MPL-2.0
//
// A plan is data: actions with `after` edges, handed from planning to applying, printed, journaled
// and compared in tests as text. Made by BuildPlan (build_plan.h), run by apply/executor.h.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "engine/dbms/dbms.h"
#include "engine/model/disruption.h"
#include "engine/model/state.h"

namespace dbaas {

/// Conditions of a running cluster that an action can wait for.
struct Condition {
  enum class Kind {
    kPrimaryRuns,       ///< There is exactly one primary and it accepts connections.
    kMemberFollows,     ///< `member` is primary, or streams from it.
    kMemberNotPrimary,  ///< `member` is not the primary, and someone else is.
    kMemberGone,        ///< `member` is no longer part of the cluster.
    kRestartKnown,      ///< Some member has noticed settings that need a restart.
    kCommitsWait,       ///< No commit is acknowledged before a standby has it.
  };
  Kind kind = Kind::kPrimaryRuns;
  std::string member;
  std::string ToText() const;
};

struct EnsureObject {
  Object object;
};
struct RemoveObject {
  ObjectId id;
};
/// Starts an instance that is stopped, or restarts one that runs.
struct RestartInstance {
  std::string instance;
};
/// Moves the primary role away from `from`, to the best of `candidates`. Nothing to do when it is
/// not primary by then.
struct Switchover {
  std::string from;
  std::vector<std::string> candidates;
};
/// Ends an instance at once.
struct KillInstance {
  std::string instance;
};
/// Makes `to` the primary in place of `from`, which was ended before, or of nobody when that is
/// empty. Nothing to do when someone else leads by then.
struct Failover {
  std::string from;
  std::string to;
};
struct RestartMember {
  std::string member;
};
/// Has a member's database read its configuration files again.
struct ReloadMember {
  std::string member;
};
struct ApplySettings {
  Settings desired;
  std::vector<std::string> keys;
};
/// Takes a backup of the cluster, where its primary is by then, and removes those that its policy
/// keeps no longer.
struct TakeBackup {
  BackupKind kind = BackupKind::kFull;
  std::string mark = {};  ///< Backup::mark of what is taken.
};
/// Makes the data of a member that was never there, in an instance that goes afterwards. Begins
/// anew, or finds it done, when repeated.
struct RestoreData {
  Object workbench;
};
struct WaitUntil {
  Condition condition;
};

using Operation =
    std::variant<EnsureObject, RemoveObject, RestartInstance, KillInstance, Switchover, Failover,
                 RestartMember, ReloadMember, ApplySettings, TakeBackup, RestoreData, WaitUntil>;

using ActionId = int;  ///< Index in Plan::actions.

struct Action {
  std::string title;  ///< "+ instance orders-1": symbol and object, or a verb.
  Operation operation;
  std::vector<ActionId> after;
  std::string reason;  ///< "node_count 1 → 2"
};

struct Plan {
  std::vector<Action> actions;
  Disruption disruption;  ///< What carrying it out costs.
  /// With the first so many actions the members have ended in whose place data is restored; with so
  /// many it is made. 0: nothing of the kind is done. An apply that has to put down what it left
  /// stops there and plans again.
  std::size_t ends = 0;
  std::size_t made = 0;
  bool empty() const { return actions.empty(); }
  /// One action a line: "+ instance orders-1  after volume orders-1-data  node_count 1 → 2".
  std::string ToText() const;
};

}  // namespace dbaas
