// SPDX-License-Identifier: MPL-2.0
//
// Which of a cluster's backups its policy keeps no longer. Whatever tool took them: a chain (a full
// backup and all that builds on it) stays or goes as a whole, and so does the log that follows it.
// Asked after each backup (apply/backups.h); carried out by Dbms::RemoveBackups. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/model/backup.h"
#include "engine/model/spec.h"

namespace dbaas {

struct Retention {
  /// Ids of full backups. Empty, as all of this, where the policy keeps everything.
  std::vector<std::string> removed;
  /// Ids of backups that stay because somebody has them kept, though the log that follows does not.
  std::vector<std::string> left_alone;
  int with_log =
      0;  ///< So many full backups, counted from the youngest, are followed by their log.
};

Retention ApplyRetention(const BackupPolicySpec& policy, const BackupCatalogue& catalogue,
                         TimePoint now);

}  // namespace dbaas
