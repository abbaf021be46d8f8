// SPDX-License-Identifier: MPL-2.0
//
// Stored objects of earlier versions. A version of a schema is how many upgrades it has; a change
// that an old state would not survive (another name, another type, another meaning) comes with one
// more, said in the table:
//
//   .UpgradeFrom(0, Renamed("partitions", "partition_count"))
//   .UpgradeFrom(1, [](Value::Map& stored) -> Result<void> { ... })
//
// An upgrade sees the members as they were stored: names that no schema has any more are there,
// numbers may be texts, and members that were never stored are missing. It may be given no more
// than the identity, which is a view of the object and has its version (identity.h). Afterwards
// what is left over is dropped and what is missing is null, so an attribute that is merely new, or
// gone, needs no upgrade.
//
// Called by provider/ for UpgradeResourceState, UpgradeResourceIdentity and MoveResourceState.
// Pure, and without a host: Terraform asks before anything else.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/result.h"
#include "schemas/schema.h"
#include "schemas/value.h"

namespace dbaas {

/// The member `before` is called `after` from now on. One that is missing stays so.
Upgrade Renamed(std::string before, std::string after);

/// `stored`, written by `version` of this schema, as today's version would have written it, but for
/// left-overs. kInvalid when the version is newer than today's.
Result<Value> Upgraded(const Schema& schema, std::int64_t version, Value stored);

}  // namespace dbaas
