// SPDX-License-Identifier: MPL-2.0
//
// action.dbaas_backup: a backup now.
#include "schemas/action.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct TakeOne {
  std::string cluster_id;
  std::optional<std::string> type;
};

Table<TakeOne> Rows() {
  using C = TakeOne;
  return Action<C>("dbaas_backup",
                   "Takes a backup of a cluster that has a `dbaas_backup_policy`, beside those of "
                   "its schedule. The policy's retention holds for it too.")
      .Add("type", &C::type, Optional,
           "`full` when left out, `differential` or `incremental`. Without a full one before it, "
           "it is full.",
           OneOf({"full", "differential", "incremental"}));
}

}  // namespace

ActionType BackupAction() {
  return ActionOf<TakeOne>(Rows(), [](const TakeOne& config) {
    return Maintenance{
        .kind = Maintenance::Kind::kBackup,
        .backup = BackupKindFrom(config.type.value_or("full")).value_or(BackupKind::kFull)};
  });
}

}  // namespace dbaas
