// SPDX-License-Identifier: MPL-2.0
//
// Pause: nothing before a time. It is over, too, when the clock is back before it began: what was
// worked out while a clock was ahead may be a year away. Used by all that watch. Plain data.
//
//   if (pause_.Lasts(now)) return;
//   pause_ = {now, now + kInterval};
#pragma once

#include "engine/base/clock.h"

namespace dbaas {

struct Pause {
  TimePoint since{};
  TimePoint until{};
  bool Lasts(TimePoint now) const { return since <= now && now < until; }
};

}  // namespace dbaas
