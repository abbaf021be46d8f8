// SPDX-License-Identifier: MPL-2.0
//
// Spellings: words for texts of which several mean the same. Each checks the text, where anybody
// could, and tells plans and refreshes what it means, so that "1024MiB" in place of "1GiB" is no
// change and everybody keeps the spelling they chose (planned_value.h).
//
//   .Add("memory", &C::memory, Required, "Memory of a member.", MemoryAmount)
//
// Called while tables are built. Pure.
#pragma once

#include "schemas/schema.h"

namespace dbaas {

/// "1GiB" = "1024MiB" (ParseMemory).
void MemoryAmount(Attribute& attribute);
/// "60s" = "1m" (ParseDuration).
void Duration(Attribute& attribute);
/// "@daily" = "0 0 * * *", "0 2 * * sun" = "0 2 * * 7" (CronSchedule).
void CronTimes(Attribute& attribute);
/// A moment: "2026-11-21T11:30:00+01:00" = "2026-11-21T10:30:00Z" (ParseTimestamp).
void PointInTime(Attribute& attribute);
/// A map of parameters in PostgreSQL's own units: "256MB" = "262144kB", "60s" = "1min". Texts that
/// are no such amounts, "on" and "true" among them, mean what they say: a map of texts cannot tell
/// of which type a parameter is.
/// Source: https://www.postgresql.org/docs/17/config-setting.html#CONFIG-SETTING-NAMES-VALUES
void ParameterAmounts(Attribute& attribute);

}  // namespace dbaas
