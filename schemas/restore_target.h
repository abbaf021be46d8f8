// SPDX-License-Identifier: MPL-2.0
//
// Where a restoration goes to, as users say it: `time`, `lsn` or `backup_id`. Shared by clusters
// that are made from backups, by the action that restores in place, and by `dbaas restore`. Pure.
#pragma once

#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/model/spec.h"

namespace dbaas {

/// The source is left to the caller. kInvalid when `time` is not a moment.
Result<RestoreSpec> ToRestoreSpec(const std::optional<std::string>& time,
                                  const std::optional<std::string>& lsn,
                                  const std::optional<std::string>& backup_id);

}  // namespace dbaas
