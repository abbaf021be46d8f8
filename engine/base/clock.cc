// SPDX-License-Identifier: MPL-2.0
#include "engine/base/clock.h"

#include <fmt/format.h>

#include <condition_variable>
#include <cstdio>
#include <ctime>
#include <mutex>

namespace dbaas {

TimePoint SystemClock::Now() {
  return std::chrono::time_point_cast<Milliseconds>(std::chrono::system_clock::now());
}

bool SystemClock::SleepFor(Milliseconds duration, std::stop_token stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop, duration, [] { return false; });
  return !stop.stop_requested();
}

std::string ToText(TimePoint time) {
  const auto since_epoch = time.time_since_epoch().count();
  const std::time_t seconds = since_epoch / 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", utc.tm_year + 1900,
                     utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                     since_epoch % 1000);
}

TimePoint ToTimePoint(const std::string& text) {
  std::tm utc{};
  int milliseconds = 0;
  if (std::sscanf(text.c_str(), "%d-%d-%dT%d:%d:%d.%dZ", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
                  &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &milliseconds) < 6) {
    return {};
  }
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  return TimePoint(std::chrono::seconds(timegm(&utc)) + Milliseconds(milliseconds));
}

}  // namespace dbaas
