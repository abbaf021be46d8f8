// SPDX-License-Identifier: MPL-2.0
//
// VerificationScheduler: has the backups of a host's clusters verified (apply/verify.h) when their
// policies say so. What is due follows from what the clusters' records say of the last time, so one
// that was missed is made up. One after the other, and beside the backups: either may take hours.
// Called by Engine::Watch.
//
// Threading: one thread. Errors: none get out. Docs: docs/backups.md.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "engine/base/clock.h"
#include "engine/model/backup.h"
#include "engine/watch/rounds.h"

namespace dbaas {

/// When the next verification is due, or was. Pure. Nothing: there is no schedule. A last one that
/// is yet to come (IsAhead) tells nothing.
std::optional<TimePoint> FindDueVerification(const BackupPolicySpec& policy,
                                             const Verifications& verifications, TimePoint now);

class VerificationScheduler {
 public:
  explicit VerificationScheduler(Rounds rounds) : rounds_(std::move(rounds)) {}

  /// Has done what is due of every cluster.
  void Look();

 private:
  void Verify(const std::string& cluster, TimePoint due);
  void PutOff(const std::string& cluster, const Error& error);

  Rounds rounds_;
  std::map<std::string, Setback> setbacks_;
};

}  // namespace dbaas
