// SPDX-License-Identifier: MPL-2.0
#include "tests/fakes/fake_clock.h"

namespace dbaas {

TimePoint FakeClock::Now() {
  const std::lock_guard lock(mutex_);
  return now_;
}

bool FakeClock::SleepFor(Milliseconds duration, std::stop_token stop) {
  if (stop.stop_requested()) return false;
  const std::lock_guard lock(mutex_);
  now_ += duration;
  slept_ += duration;
  return true;
}

void FakeClock::Tick(Milliseconds duration) {
  const std::lock_guard lock(mutex_);
  now_ += duration;
}

Milliseconds FakeClock::Slept() const {
  const std::lock_guard lock(mutex_);
  return slept_;
}

}  // namespace dbaas
