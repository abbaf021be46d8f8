// SPDX-License-Identifier: MPL-2.0
//
// timeouts { create = "30m" }: how long an apply of a resource may take, as everywhere in
// Terraform. Table::Timeouts (kit.h) gives a resource the block; the provider asks TimeoutOf.
#pragma once

#include <optional>
#include <string>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/model/part_change.h"
#include "schemas/schema.h"

namespace dbaas {

/// The block, for the schema.
Block TimeoutsBlock();

/// What the block of `object`, a plan or a state, says; nothing when it says nothing.
std::optional<Milliseconds> TimeoutOf(const Value& object, PartChange::Verb verb);

/// "30m", "90s", "1h30m". kInvalid for everything else, zero included.
Result<Milliseconds> ParseDuration(const std::string& text);

}  // namespace dbaas
