// SPDX-License-Identifier: MPL-2.0
//
// action.dbaas_restore: a cluster goes back, in its own place, to what its backups hold.
#include "schemas/action.h"
#include "schemas/restore_target.h"
#include "schemas/spellings.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct Restore {
  std::string cluster_id;
  std::optional<std::string> time;
  std::optional<std::string> lsn;
  std::optional<std::string> backup_id;
  std::optional<bool> force;
};

Table<Restore> Rows() {
  using C = Restore;
  return Action<C>(
             "dbaas_restore",
             "Brings a cluster back, in its own place, to a moment that its backups reach. Its "
             "name, ports, password, members and policies stay. All that was committed after that "
             "moment is gone from it; a backup is taken first, which keeps it. Nobody is served "
             "until the data is restored.")
      .Add("time", &C::time, Optional, ConflictsWith({"lsn", "backup_id"}),
           RequiredUnless({"lsn", "backup_id"}),
           "The moment to go back to, such as `2026-11-21T10:30:00Z`: the last commit at or before "
           "it is the last one there is.",
           PointInTime)
      .Add("lsn", &C::lsn, Optional, ConflictsWith({"time", "backup_id"}),
           "A position in the log to go back to, such as `0/3000060`.", LogPosition())
      .Add("backup_id", &C::backup_id, Optional, ConflictsWith({"time", "lsn"}),
           "The backup to go back to, as it ended.", NotEmpty())
      .Add("force", &C::force, Optional,
           "Whether it is restored although nobody leads it, so that its log cannot be completed: "
           "what has not been archived is lost. Otherwise that is refused.");
}

}  // namespace

ActionType RestoreAction() {
  return ActionOf<Restore>(Rows(), [](const Restore& config) -> Result<Maintenance> {
    return Maintenance{.kind = Maintenance::Kind::kRestore,
                       .force = config.force.value_or(false),
                       .restore = TRY(ToRestoreSpec(config.time, config.lsn, config.backup_id))};
  });
}

}  // namespace dbaas
