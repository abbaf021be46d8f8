// SPDX-License-Identifier: MPL-2.0
//
// Time, as everything in the engine gets it: passed in, so that a test can turn the hands.
// Thread-safe. SystemClock is the real one; tests/fakes/ has one that is ticked by hand.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>

namespace dbaas {

using Milliseconds = std::chrono::milliseconds;
using TimePoint = std::chrono::time_point<std::chrono::system_clock, Milliseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  /// Wall clock, UTC.
  virtual TimePoint Now() = 0;
  /// Sleeps; returns early, with false, when a stop is requested.
  virtual bool SleepFor(Milliseconds duration, std::stop_token stop) = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint Now() override;
  bool SleepFor(Milliseconds duration, std::stop_token stop) override;
};

/// RFC 3339 in UTC with milliseconds: "2026-11-21T03:42:00.000Z".
std::string ToText(TimePoint time);
/// The inverse; the epoch when the text is not such a time.
TimePoint ToTimePoint(const std::string& text);

}  // namespace dbaas
