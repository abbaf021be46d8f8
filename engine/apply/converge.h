// SPDX-License-Identifier: MPL-2.0
//
// Converge: one apply of one part, from lease to settled record. The straight line of
// docs/life_of_an_apply.md:
//
//   lease → record → intent → write it → shared services → (observe → diff → plan → run)* → settle
//
// Any of it may be cut at any point; the next call finds the intent in the record and goes on.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "engine/apply/intent.h"
#include "engine/apply/lease_queue.h"
#include "engine/apply/limiter.h"
#include "engine/apply/progress.h"
#include "engine/apply/settlements.h"
#include "engine/apply/threads.h"
#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/drivers/driver.h"
#include "engine/model/maintenance.h"
#include "engine/model/part_change.h"
#include "engine/plan/plan.h"

namespace dbaas {

struct ConvergeContext {
  Driver& driver;
  Clock& clock;
  Random& random;
  Progress& progress;
  std::stop_token stop;
  std::string journal_folder;  ///< Empty: no journal.
  Threads& threads = RealThreads();
  Limiter* limiter = nullptr;  ///< Null: as many calls at once as there are workers.
  /// Of the driver's host. Null: nothing waits until its caller has his answer.
  Settlements* settlements = nullptr;
  LeaseQueue* queue = nullptr;  ///< Null: whoever waits for a lease asks the host for it.
};

/// How an apply ended well.
struct Converged {
  std::optional<ClusterRecord> record;  ///< The settled record; nothing when the cluster is gone.
  /// The cluster's objects and the shared ones, as last seen. So that nobody has to ask again
  /// between settling and telling the caller, who until then does not know of what was made.
  Observation observed;
};

Result<Converged> Converge(const ConvergeContext& context, const PartChange& change);

/// Work under the cluster's lease, with a line in its history, that leaves what the cluster should
/// be as it is. kConflict when an apply before it did not end: that goes first. Cut or failed, it
/// counts as an apply that did not end, and the next one brings the cluster in line.
/// A failover does not wait for that: it leaves such an apply unfinished. A verification of the
/// backups runs beside all that (apply/verify.h), and what it finds is an error too.
Result<void> Maintain(const ConvergeContext& context, const Maintenance& wanted);

/// Brings a settled cluster back to what its record says, with a line in its history, and gives
/// what was wrong: a reason each, none when all is well. For watchers: it asks nobody, so it waits
/// for nobody. kConflict while someone else holds the cluster's lease or his apply did not end.
/// kDenied, with the reason, where it takes a person: data is gone, max_disruption forbids it, or
/// another version of dbaas, which may have meant something else, was the last to apply. Failed or
/// cut, it leaves the cluster settled: nothing was asked for.
Result<std::vector<std::string>> Repair(const ConvergeContext& context, const ClusterId& id,
                                        const std::string& who);

/// What Repair would find wrong now, without the lease and without touching anything.
Result<std::vector<std::string>> LookForRepair(const ConvergeContext& context, const ClusterId& id);

/// What Maintain would do now, without the lease and without touching anything.
Result<Plan> PreviewMaintenance(const ConvergeContext& context, const Maintenance& wanted);

/// Tells the ports that are taken on a host. Only asked when ports are needed.
using AskForPorts = std::function<Result<std::shared_ptr<const TakenPorts>>()>;
/// As the driver sees them at this moment.
Result<std::shared_ptr<const TakenPorts>> PortsTakenOn(Driver& driver);

/// What Converge would do now, without touching anything. kUnavailable when the host is silent.
/// What `ports` tells may be a little old: the apply itself looks again, under the host's lease.
Result<Plan> PreviewChange(const ConvergeContext& context, const PartChange& change,
                           const AskForPorts& ports);

/// Roles, lag and settings, asked of a running member. Nothing when none answers.
std::optional<ClusterFacts> Probe(Driver& driver, Clock& clock, const ClusterRecord& record,
                                  const Observation& observed);

/// Who leads now. kUnavailable when nobody does or the host is silent.
Result<std::string> FindPrimary(Driver& driver, Clock& clock, const ClusterRecord& record);

}  // namespace dbaas
