// SPDX-License-Identifier: MPL-2.0
//
// Execute: runs a plan. One thread owns the plan and decides (this function); a Runner carries out
// single actions elsewhere and hands back how they ended. After a failure nothing new starts, what
// runs ends in its own time, and whatever waited for the failed action is skipped, not failed.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/apply/journal.h"
#include "engine/apply/progress.h"
#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/plan/plan.h"

namespace dbaas {

/// Carries out actions, many at a time. Used by one thread.
class Runner {
 public:
  virtual ~Runner() = default;
  /// Begins `action`; returns at once. REQUIRES: fewer than Capacity() are running.
  virtual void Start(ActionId id, const Action& action) = 0;
  /// Blocks until one that was started has ended. REQUIRES: one is running.
  virtual std::pair<ActionId, Result<void>> WaitForOne() = 0;
  virtual int Capacity() const = 0;
};

/// Threads that call `perform`, which must be thread-safe. Joined on destruction.
using Perform = std::function<Result<void>(const Action&)>;
std::unique_ptr<Runner> MakeThreadRunner(int threads, Perform perform);

enum class Outcome { kSucceeded, kFailed, kCancelled, kSkipped };
const char* ToString(Outcome outcome);

struct ApplyReport {
  std::vector<Outcome> outcomes;      ///< One per action of the plan.
  std::vector<Milliseconds> elapsed;  ///< Likewise; zero for what was skipped.
  std::optional<Error> error;         ///< The first failure, with the action's title as context.
};

ApplyReport Execute(const Plan& plan, Runner& runner, Journal& journal, Progress& progress,
                    Clock& clock, const std::stop_token& stop);

}  // namespace dbaas
