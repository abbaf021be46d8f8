// SPDX-License-Identifier: MPL-2.0
//
// Watcher: makes a failover begin when the runtime says that a primary is dead, and not when its
// claim runs out. It elects nobody and remembers no roles. On the death of a candidate it asks who
// claims to be primary; if that is the dead one, and it stays dead, the claim is taken away in one
// atomic step that only a dead life's claim can pass. The election is the database's own. Why this
// needs neither a lease nor a fence of ours: docs/decisions/0009. Called by Engine::Watch.
//
//   Watcher watcher({.driver = driver, .clock = clock, .random = random, .report = print});
//   watcher.Run(stop);
//
// Threading: one thread. Errors: none get out; what cannot be done is left to the timeouts, and
// reported.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/base/result.h"
#include "engine/dbms/dbms.h"
#include "engine/drivers/driver.h"
#include "engine/model/record.h"
#include "engine/model/watch_report.h"

namespace dbaas {

struct WatchContext {
  Driver& driver;
  Clock& clock;
  Random& random;
  std::set<std::string> clusters;                  ///< Empty: all of the host.
  bool declared_only = false;                      ///< Of these, only those that ask for it.
  std::function<void(const WatchReport&)> report;  ///< Returns soon: the next event waits for it.
};

class Watcher {
 public:
  explicit Watcher(WatchContext context) : context_(std::move(context)) {}

  /// Follows the host until it is stopped; comes back to one that went away.
  void Run(std::stop_token stop);
  /// One event of the host's.
  void Take(const InstanceEvent& event);

 private:
  /// Nothing: it was not the primary. Empty: its claim was taken away. Otherwise why it was not.
  Result<std::optional<std::string>> Answer(const InstanceEvent& death);
  Result<ClaimAnswer> Ask(const Dbms& dbms, const ClusterRecord& record, const Claim& seen);
  /// Why a claim must stay; empty when it may go. Waits until the runtime has made up its mind.
  Result<std::string> Objection(const InstanceEvent& death);
  Result<Observation> ObserveSettled(const InstanceEvent& death);
  bool DiesAgainAndAgain(const std::string& member) const;
  void Report(WatchReport::Kind kind, std::string text);

  WatchContext context_;
  std::map<std::string, std::vector<TimePoint>> deaths_;  ///< The recent ones, by member.
};

}  // namespace dbaas
