// SPDX-License-Identifier: MPL-2.0
//
// ChangeSet: what a configuration asks for against what is on the hosts, part by part, with the
// engine's plan of each. There is no state file: the cluster's record is what terraform's state
// would be, read as `terraform import` would, so both find the same differences.
//
// Only clusters that the configuration has are touched. Of those, parts that it does not have are
// removed, and the plan says so; a cluster that it does not have is never looked at
// (docs/decisions/0010-dbaas-has-no-state-file.md).
//
//   const ChangeSet changes = TRY(PlanChanges(*engine, wanted));
//   session.out << ToText(changes);
//
// Called by plan, apply, destroy, explain and graph. Asks hosts, changes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/cli/configuration.h"
#include "engine/engine.h"

namespace dbaas {

struct PlannedChange {
  std::string address;  ///< "dbaas_cluster.orders"; "local/orders replica/x" when not in the file.
  PartChange change;
  std::vector<std::string> reasons;  ///< "node_count 1 → 3", or what is not as it should be.
  /// False: the host is silent, so nobody can tell whether there is anything to do, or what. Then
  /// `change` is only as it would be if nothing were there.
  bool compared = true;
  /// Nothing for a part of a cluster that does not exist yet: its steps are known after that.
  std::optional<Preview> preview;
};

struct ChangeSet {
  std::vector<PlannedChange> changes;  ///< In the order in which they are to be made.
  bool empty() const { return changes.empty(); }
  int Count(PartChange::Verb verb) const;  ///< Of those that could be compared.
};

/// What becomes of the plan for a host that does not answer.
enum class SilentHost {
  kFails,       ///< The plan is to be carried out: kUnavailable.
  kIsLeftOpen,  ///< It is only looked at: its changes are not compared, with a warning.
};

Result<ChangeSet> PlanChanges(Engine& engine, const Configuration& wanted,
                              SilentHost silent = SilentHost::kFails);
/// Every cluster of the configuration goes, and each part of a cluster that it does not have.
Result<ChangeSet> PlanDestruction(Engine& engine, const Configuration& wanted,
                                  SilentHost silent = SilentHost::kFails);

/// As people read it; the last line is the count, as Terraform's.
std::string ToText(const ChangeSet& changes);
/// The shape that docs/cli.md documents.
Json ToJson(const ChangeSet& changes);

/// "create", "update", "delete", or "unknown" when it could not be compared
const char* ActionOf(const PlannedChange& planned);
/// "create", "update", "delete"
const char* ToString(PartChange::Verb verb);
/// {"add": 1, "change": 0, "destroy": 0}
Json SummaryJson(const ChangeSet& changes);

}  // namespace dbaas
