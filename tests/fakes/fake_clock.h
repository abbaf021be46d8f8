// SPDX-License-Identifier: MPL-2.0
//
// FakeClock: a clock whose hands a test turns. Sleeping returns at once and moves the hands on, so
// a test that waits an hour takes no time and always takes the same path. Thread-safe.
//
//   FakeClock clock;
//   clock.Tick(std::chrono::seconds(30));
//   EXPECT_EQ(clock.Slept(), Milliseconds(0));
#pragma once

#include <mutex>

#include "engine/base/clock.h"

namespace dbaas {

class FakeClock final : public Clock {
 public:
  /// Starts on 2026-01-01T00:00:00Z unless told otherwise.
  explicit FakeClock(TimePoint start = ToTimePoint("2026-01-01T00:00:00.000Z")) : now_(start) {}

  TimePoint Now() override;
  /// Moves the hands by `duration`; leaves them alone and returns false when a stop was requested.
  bool SleepFor(Milliseconds duration, std::stop_token stop) override;

  void Tick(Milliseconds duration);
  /// How much time went by in SleepFor, all threads together.
  Milliseconds Slept() const;

 private:
  mutable std::mutex mutex_;
  TimePoint now_;
  Milliseconds slept_{0};
};

}  // namespace dbaas
