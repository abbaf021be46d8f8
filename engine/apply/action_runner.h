// SPDX-License-Identifier: MPL-2.0
//
// ActionRunner: the one place where drivers and databases meet. Carries out single operations of a
// plan: objects through the driver, verbs as the Dbms's commands inside instances, waits by asking.
// Thread-safe.
#pragma once

#include <functional>
#include <stop_token>

#include "engine/apply/facts.h"
#include "engine/apply/limiter.h"
#include "engine/apply/progress.h"
#include "engine/apply/retry.h"
#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/dbms/dbms.h"
#include "engine/drivers/driver.h"
#include "engine/plan/plan.h"

namespace dbaas {

struct ActionContext {
  Driver& driver;
  const Dbms& dbms;
  const ClusterRecord& record;
  FactsSource& facts;
  Clock& clock;
  Random& random;
  Progress& progress;
  std::stop_token stop;
  /// Fails when the cluster's lease is no longer ours: asked before anything is touched.
  std::function<Result<void>()> check_lease;
  Limiter* limiter = nullptr;  ///< Null: no limit.
};

class ActionRunner {
 public:
  explicit ActionRunner(ActionContext context) : context_(std::move(context)) {}

  Result<void> Perform(const Action& action);

 private:
  Result<void> Do(const EnsureObject& operation);
  Result<void> Do(const RemoveObject& operation);
  Result<void> Do(const RestartInstance& operation);
  Result<void> Do(const Switchover& operation);
  Result<void> Do(const KillInstance& operation);
  Result<void> Do(const Failover& operation);
  Result<void> Do(const RestartMember& operation);
  Result<void> Do(const ReloadMember& operation);
  Result<void> Do(const ApplySettings& operation);
  Result<void> Do(const TakeBackup& operation);
  Result<void> Do(const RestoreData& operation);
  Result<void> Do(const WaitUntil& operation);

  /// One call that changes something: in its turn, under the lease, again while the host is silent.
  template <typename Call>
  Result<void> Change(const RetryPolicy& policy, Call call);
  Result<void> Run(const Command& command, const RetryPolicy& policy = kBrief);
  Result<ClaimAnswer> PassClaim(const Claim& seen, const std::string& to);
  Result<void> Wait(const Condition& condition);
  Result<std::string> WaitForPrimary();
  /// Has the primary serve it, where that is another member.
  Result<BackupSource> SourceOfBackup(const std::string& primary);
  Result<std::string> WaitForSuccessor(const Switchover& operation);

  ActionContext context_;
};

/// Whether `facts` meet the condition.
bool IsMet(const Condition& condition, const ClusterFacts& facts);

}  // namespace dbaas
