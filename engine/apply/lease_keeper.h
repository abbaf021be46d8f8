// SPDX-License-Identifier: MPL-2.0
//
// LeaseKeeper: holds a lease for as long as an apply runs, renewing it in the background. Two
// applies on one cluster never interleave: the lease decides, the other waits and says for whom.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "engine/apply/lease_queue.h"
#include "engine/apply/progress.h"
#include "engine/apply/threads.h"
#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/drivers/driver.h"

namespace dbaas {

class LeaseKeeper {
 public:
  /// Waits until the lease is ours. kCancelled when stopped meanwhile, kUnavailable when the host
  /// does not answer. Everything passed must outlive the keeper, which must not be moved. It keeps
  /// `turn` (where there is a queue) until the lease is given back.
  static Result<std::unique_ptr<LeaseKeeper>> Wait(Driver& driver, const std::string& name,
                                                   const Holder& holder, Clock& clock,
                                                   Random& random, Progress& progress,
                                                   Threads& threads, const std::stop_token& stop,
                                                   std::optional<LeaseQueue::Turn> turn);
  /// One try. kConflict while someone else holds it.
  static Result<std::unique_ptr<LeaseKeeper>> TryOnce(Driver& driver, const std::string& name,
                                                      const Holder& holder, Clock& clock,
                                                      Threads& threads);
  ~LeaseKeeper();

  /// Whether it is still ours, by our own clock: a process that was asleep for longer than the ttl
  /// asks the host before it acts again. Thread-safe.
  Result<void> Check();
  /// Whether Check would say yes without asking the host.
  bool IsFresh();

 private:
  LeaseKeeper(std::unique_ptr<Lease> lease, TimePoint asked_at, Clock& clock, Threads& threads,
              std::optional<LeaseQueue::Turn> turn = std::nullopt);
  Result<void> Renew();

  std::optional<LeaseQueue::Turn> turn_;  // First: the next one finds the lease free.
  std::unique_ptr<Lease> lease_;
  Clock& clock_;
  std::mutex mutex_;
  TimePoint renewed_at_;  ///< When it was asked for: the answer may have taken long.
  bool lost_ = false;
  std::unique_ptr<Repetition> renewing_;  // Last: it ends first.
};

}  // namespace dbaas
