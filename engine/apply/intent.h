// SPDX-License-Identifier: MPL-2.0
//
// Intent: what a change makes of a cluster's record, decided before anything is touched. Pure but
// for the random numbers of new secrets. The same steps serve a plan (thrown away afterwards) and
// an apply (written as the next generation).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/dbms/dbms.h"
#include "engine/model/host_traits.h"
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

/// The ports of a host that cannot be given to a new cluster: those in use, by anyone, and those
/// that records promise. Where instances have addresses of their own: none.
class TakenPorts {
 public:
  TakenPorts(const HostTraits& traits, std::set<int> in_use,
             const std::vector<ClusterRecord>& records);
  /// A port that only the cluster's own record promises is free for it.
  bool Contains(int port, const std::string& for_cluster) const;
  /// Of the host.
  const HostTraits& traits() const { return traits_; }

 private:
  HostTraits traits_;
  std::set<int> in_use_;
  std::map<int, std::string> promised_;  ///< To which cluster.
};

/// Fills in secrets (for a plan only that they are there) and published ports. `taken` may be null
/// when no port is needed.
Result<void> Complete(const Dbms& dbms, const NamesOf& names, const TakenPorts* taken,
                      Moment moment, Random& random, ClusterRecord& record);

/// Whether Complete would have to look for ports. In an apply that takes the host's lease.
bool NeedsPorts(const Dbms& dbms, const ClusterRecord& record);

/// The Dbms of a record. kInvalid on `engine` when there is none.
Result<const Dbms*> DbmsOf(const ClusterRecord& record);

}  // namespace dbaas
