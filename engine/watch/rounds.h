// SPDX-License-Identifier: MPL-2.0
//
// Rounds: what those who look at a host's clusters again and again have in common: which ones they
// look at, how they tell what they did, and how long they wait after a failure. Used by Reconciler,
// ArchiveMonitor and both schedulers. Threading: const; as its parts.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "engine/apply/converge.h"
#include "engine/apply/retry.h"
#include "engine/model/watch_report.h"
#include "engine/watch/pause.h"

namespace dbaas {

inline constexpr RetryPolicy kAfterFailure{.first_delay = std::chrono::minutes(1),
                                           .longest_delay = std::chrono::hours(1)};

/// Whether what began then cannot have: the clock was ahead at that time. One that is corrected a
/// little all the time is not meant.
bool IsAhead(TimePoint began, TimePoint now);

/// What became of work that is due again and again, and could not be done.
struct Setback {
  Pause pause;       ///< Not again while it lasts.
  int failures = 0;  ///< One after the other.
  std::string told;  ///< Why: said once.
};

struct Rounds {
  ConvergeContext converge;
  std::set<std::string> clusters;                  ///< Empty: all of the host.
  std::function<void(const WatchReport&)> report;  ///< Returns soon.

  /// Calls `look` for each cluster that is there and meant to stay, until a stop is requested.
  /// False when the host is away, which is no news: then the log has "cannot look " and `purpose`.
  bool Each(const char* purpose, const std::function<void(const ClusterRecord&)>& look) const;
  void Tell(WatchReport::Kind kind, const std::string& cluster, std::string text,
            Milliseconds took = {}) const;
  /// Not again for longer each time, and the reason is told unless it was.
  void PutOff(WatchReport::Kind kind, const std::string& cluster, const Error& error,
              Setback& setback) const;
};

}  // namespace dbaas
