// SPDX-License-Identifier: MPL-2.0
//
// Maintenance windows as Amazon RDS writes them: "sun:03:00-sun:05:00" once a week,
// "03:00-05:00" every day. UTC. Called by schemas/. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/result.h"

namespace dbaas {

struct TimeSpan {
  TimePoint begin;
  TimePoint end;
};

struct Window {
  std::optional<std::chrono::weekday> weekday;  ///< Of its begin; absent: every day.
  std::chrono::minutes begin{0};                ///< After midnight.
  std::chrono::minutes length{0};

  /// The first one that begins at `time` or later.
  TimeSpan Next(TimePoint time) const;
};

/// kInvalid for anything that is not one, and for one without length.
Result<Window> ParseWindow(std::string_view text);

}  // namespace dbaas
