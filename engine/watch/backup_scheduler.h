// SPDX-License-Identifier: MPL-2.0
//
// BackupScheduler: takes the backups of a host's clusters when their policies say so. What is due
// follows from the repository's own list, so nothing has to be remembered: a run that was missed,
// whoever was away, is made up, and a cluster that has no full backup yet gets one at once. One
// backup at a time, each under its cluster's lease, with a line in its history. Called by
// Engine::Watch.
//
// Threading: one thread. Errors: none get out. Docs: docs/backups.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "engine/base/clock.h"
#include "engine/model/backup.h"
#include "engine/watch/rounds.h"

namespace dbaas {

/// The strongest kind of backup that is due, and since when or until when none is.
struct DueBackup {
  std::optional<BackupKind> kind;  ///< Nothing: none is due before `at`.
  TimePoint at{};                  ///< When it was due, or the next one is.
};
/// Pure. A schedule that cannot be read names no time. After a backup that was begun by a clock
/// that was ahead, one is due at once, of a kind that can be taken now; and a full one for as long
/// as the last full one lies ahead, after all that is due beside it, for it will be refused.
DueBackup FindDue(const BackupPolicySpec& policy, const BackupCatalogue& catalogue, TimePoint now);

class BackupScheduler {
 public:
  explicit BackupScheduler(Rounds rounds) : rounds_(std::move(rounds)) {}

  /// Takes what is due of every cluster.
  void Look();

 private:
  struct Cluster {
    BackupPolicySpec policy;  ///< That `due` was worked out from.
    Pause pause;              ///< The repository is not asked while nothing is due.
    Setback setback;
    BackupKind failed = BackupKind::kIncremental;  ///< What the setback is of.
  };
  void LookAt(const ClusterRecord& record, Cluster& cluster);
  void Fail(const std::string& name, const Error& error, BackupKind kind, Cluster& cluster);

  Rounds rounds_;
  std::map<std::string, Cluster> clusters_;
};

}  // namespace dbaas
