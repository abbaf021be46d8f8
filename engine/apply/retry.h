// SPDX-License-Identifier: MPL-2.0
//
// The one place that retries. An error is tried again when its kind says that the other side may
// answer later (kUnavailable), with exponential backoff and jitter; everything else comes back at
// once.
//
//   TRY(Retry(kPatient, clock, random, stop, [&] { return driver.Ensure(object); }));
#pragma once

#include <algorithm>
#include <stop_token>

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/base/result.h"

namespace dbaas {

struct RetryPolicy {
  int attempts = 1;
  Milliseconds first_delay{100};
  Milliseconds longest_delay{2000};
};

/// For what takes long, or has somebody behind it who comes again.
inline constexpr RetryPolicy kOnce{.attempts = 1};
/// For the first contact with a host: a person waits for the answer.
inline constexpr RetryPolicy kBrief{.attempts = 3};
/// For the middle of an apply: half a minute of a restarting engine is better sat out.
inline constexpr RetryPolicy kPatient{.attempts = 20};

/// Half of the exponential delay is fixed, half is random, so that many waiters spread out.
inline Milliseconds RetryDelay(const RetryPolicy& policy, int attempt, Random& random) {
  const Milliseconds delay =
      std::min(policy.longest_delay, policy.first_delay * (1 << std::min(attempt, 10)));
  return delay / 2 + Milliseconds(static_cast<int>(random.Fraction() *
                                                   (static_cast<double>(delay.count()) / 2.0)));
}

template <typename Call>
auto Retry(const RetryPolicy& policy, Clock& clock, Random& random, const std::stop_token& stop,
           Call call) -> decltype(call()) {
  for (int attempt = 0;; ++attempt) {
    auto result = call();
    if (result.has_value() || result.error().kind != ErrorKind::kUnavailable) return result;
    if (attempt + 1 >= policy.attempts) return result;
    if (!clock.SleepFor(RetryDelay(policy, attempt, random), stop)) return result;
  }
}

}  // namespace dbaas
