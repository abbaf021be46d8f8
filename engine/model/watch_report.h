// SPDX-License-Identifier: MPL-2.0
//
// What a watcher saw and did, one thing at a time: for the log of `dbaas watch`, webhooks and the
// record's history. Plain data.
#pragma once

#include <string>

#include "engine/base/clock.h"
#include "engine/base/json.h"

namespace dbaas {

struct WatchReport {
  enum class Kind {
    kWatching,     ///< The host's events come in.
    kInterrupted,  ///< They do not; what happens meanwhile is left to the timeouts.
    kFailover,     ///< A primary died, and its claim was taken away: the others elect.
    kRepaired,     ///< A cluster was not as it should be, and is again.
    kBackedUp,     ///< A backup that was due has been taken.
    kNoBackup,     ///< One that was due failed; `text` says why.
    kVerified,     ///< The backups were restored, and what came of it is sound.
    kNotVerified,  ///< They were not, or it is not; `text` says what was found.
    kNotArchived,  ///< The log of a cluster does not reach its repository.
    kArchived,     ///< It does again.
    kLeftAlone,    ///< Something is wrong, and `text` says why nothing was done.
  };
  Kind kind = Kind::kWatching;
  TimePoint at{};
  std::string host;
  std::string cluster;  ///< Empty unless it is about one.
  std::string member;   ///< The primary that died; empty where it is about none.
  std::string text;     ///< One sentence without a period.
  /// To the end of what was done; from the death as the runtime told it, or from when it was begun.
  Milliseconds took{};
};

const char* ToString(WatchReport::Kind kind);  ///< "watching", "interrupted", "failover" ...
/// Documented in docs/watch.md.
Json ToJson(const WatchReport& report);
/// "2026-11-21T08:00:00.000Z local failover orders: ..."
std::string ToLine(const WatchReport& report);

}  // namespace dbaas
