// SPDX-License-Identifier: MPL-2.0
//
// Threads: what an apply runs on besides the thread that it came in on. Passed in like time and
// randomness, so that the simulation (tests/simulation/) can put all of it into an order that a
// seed decides. Called by converge and the lease keeper. Thread-safe.
#pragma once

#include <functional>
#include <memory>

#include "engine/apply/executor.h"
#include "engine/base/clock.h"

namespace dbaas {

/// Work that is repeated until this is destroyed. The destructor waits for a call that is under
/// way.
class Repetition {
 public:
  virtual ~Repetition() = default;
};

class Threads {
 public:
  virtual ~Threads() = default;
  /// Carries out up to `capacity` actions at a time by `perform`, which must be thread-safe.
  virtual std::unique_ptr<Runner> MakeRunner(int capacity, Perform perform) = 0;
  /// Calls `work` every `interval`, the first time after one.
  virtual std::unique_ptr<Repetition> Repeat(Milliseconds interval, std::function<void()> work) = 0;
};

/// Threads of the operating system.
Threads& RealThreads();

}  // namespace dbaas
