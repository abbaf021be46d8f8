// SPDX-License-Identifier: MPL-2.0
#include "schemas/restore_target.h"

#include "schemas/timestamp.h"

namespace dbaas {

Result<RestoreSpec> ToRestoreSpec(const std::optional<std::string>& time,
                                  const std::optional<std::string>& lsn,
                                  const std::optional<std::string>& backup_id) {
  RestoreSpec spec{.backup_id = backup_id.value_or(""), .position = lsn.value_or("")};
  if (time) spec.time = TRY(ParseTimestamp(*time));
  return spec;
}

}  // namespace dbaas
