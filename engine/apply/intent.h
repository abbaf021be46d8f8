// SPDX-License-Identifier: MPL-2.0
//
// Intent: what a change makes of a cluster's record, decided before anything is touched. Pure but
// for the random numbers of new secrets. The same steps serve a plan (thrown away afterwards) and
// an apply (written as the next generation).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/dbms/dbms.h"
#include "engine/model/part_change.h"
#include "engine/model/record.h"

namespace dbaas {

struct Intent {
  ClusterRecord record;  ///< The next generation, not yet complete.
  std::string what;      ///< "node_count 1 → 3": reason of the changes and line of the history.
  bool removes_cluster = false;
};

/// When the question is asked. Only an apply may find that the same cluster was made meanwhile by
/// someone who was asked for exactly the same: it then carries on from there.
enum class Moment { kPlan, kApply };

/// Everything that can be wrong with a change in the light of the record: duplicate names, a
/// replica of nothing, a downgrade, a protected cluster. Deleting what is not there is an Intent
/// with an empty record.
Result<Intent> MakeIntent(const std::optional<ClusterRecord>& before, const PartChange& change,
                          Moment moment);

/// Fills in secrets (for a plan only that they are there) and published ports. `used_ports` are
/// taken on the host by anyone, ours of this cluster included; `others` are the records of the
/// other clusters.
Result<void> Complete(const Dbms& dbms, const std::string& address, const std::set<int>& used_ports,
                      const std::vector<ClusterRecord>& others, Moment moment, Random& random,
                      ClusterRecord& record);

/// Whether Complete would have to allocate ports, which takes the host's lease.
bool NeedsPorts(const Dbms& dbms, const ClusterRecord& record);

/// The Dbms of a record. kInvalid on `engine` when there is none.
Result<const Dbms*> DbmsOf(const ClusterRecord& record);

}  // namespace dbaas
