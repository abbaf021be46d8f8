// SPDX-License-Identifier: MPL-2.0
//
// Cron schedules: "0 2 * * *", "*/15 8-18 * * mon-fri", "@daily". Times are UTC, so that no hour is
// skipped or repeated when clocks change. Called by schemas/. Pure.
// Source: POSIX crontab, with the names, steps and @words of Vixie cron (crontab(5)): when both the
// day of the month and the day of the week are restricted, either is enough.
#pragma once

#include <bitset>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/clock.h"
#include "engine/base/result.h"

namespace dbaas {

class CronSchedule {
 public:
  /// kInvalid, with the field that is wrong, for anything that is not one.
  static Result<CronSchedule> Parse(std::string_view text);

  /// The first full minute after `time` that it names. Nothing when no date ever fits, as in
  /// "0 0 30 2 *".
  std::optional<TimePoint> NextAfter(TimePoint time) const;

  /// The same for every way to write the same times: "@daily" and "0 0 * * *".
  std::string CanonicalText() const;

 private:
  bool FitsDay(std::chrono::sys_days day) const;

  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;     ///< 1 to 31
  std::bitset<13> months_;   ///< 1 to 12
  std::bitset<8> weekdays_;  ///< 0 is Sunday, and so is 7.
  bool any_day_ = false;
  bool any_weekday_ = false;
};

/// NextAfter of a schedule as text. One that is empty, or cannot be read, names no time.
std::optional<TimePoint> NextTime(const std::string& schedule, TimePoint after);

}  // namespace dbaas
