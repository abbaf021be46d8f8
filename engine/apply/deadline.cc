// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/deadline.h"

#include <fmt/format.h>

#include <algorithm>

namespace dbaas {

bool DeadlineClock::SleepFor(Milliseconds duration, std::stop_token stop) {
  if (!timeout_) return clock_.SleepFor(duration, std::move(stop));
  const Milliseconds left = *timeout_ - (clock_.Now() - began_);
  if (left <= Milliseconds(0)) return false;
  return clock_.SleepFor(std::min(duration, left), std::move(stop)) && duration < left;
}

Error DeadlineClock::Explain(Error error, const std::stop_token& stop) {
  const bool may_be_ours =
      error.kind == ErrorKind::kCancelled || error.kind == ErrorKind::kUnavailable;
  if (!may_be_ours || stop.stop_requested() || !IsOver()) return error;
  Error timeout = Timeout(
      fmt::format("it was not done within {} s: {}", timeout_->count() / 1000, error.ToLine()),
      "What was done stands and nothing is lost: apply again to go on, or allow more in "
      "`timeouts`.");
  if (!error.detail.empty()) timeout.detail += " " + error.detail;
  return timeout;
}

}  // namespace dbaas
