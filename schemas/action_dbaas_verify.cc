// SPDX-License-Identifier: MPL-2.0
//
// action.dbaas_verify: whether a cluster could be restored.
#include "schemas/action.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct VerifyNow {
  std::string cluster_id;
};

Table<VerifyNow> Rows() {
  return Action<VerifyNow>(
      "dbaas_verify",
      "Restores the newest backup of a cluster that has a `dbaas_backup_policy`, and all of the "
      "log "
      "since, into an instance that goes afterwards, and fails unless what came of it is sound: "
      "every page matches its checksum, all tables and B-trees hold together, and the policy's "
      "`verify.query` gives `true`. The cluster itself is not touched.");
}

}  // namespace

ActionType VerifyAction() {
  return ActionOf<VerifyNow>(
      Rows(), [](const VerifyNow&) { return Maintenance{.kind = Maintenance::Kind::kVerify}; });
}

}  // namespace dbaas
