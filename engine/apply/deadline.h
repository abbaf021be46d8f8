// SPDX-License-Identifier: MPL-2.0
//
// DeadlineClock: the clock of an apply that may take only so long. Once the time is over nobody can
// sleep on it, so every wait and every retry ends as if it had been stopped; Explain then says what
// really happened. Thread-safe. Used by converge.
#pragma once

#include <optional>
#include <stop_token>

#include "engine/base/clock.h"
#include "engine/base/result.h"

namespace dbaas {

class DeadlineClock final : public Clock {
 public:
  /// Without a timeout it is `clock`. That must outlive this.
  DeadlineClock(Clock& clock, std::optional<Milliseconds> timeout)
      : clock_(clock), timeout_(timeout), began_(clock.Now()) {}

  TimePoint Now() override { return clock_.Now(); }
  bool SleepFor(Milliseconds duration, std::stop_token stop) override;

  bool IsOver() { return timeout_ && clock_.Now() - began_ >= *timeout_; }
  /// `error` as it is, or, when the time was over, kTimeout with what was being done then.
  Error Explain(Error error, const std::stop_token& stop);

 private:
  Clock& clock_;
  const std::optional<Milliseconds> timeout_;
  const TimePoint began_;
};

}  // namespace dbaas
