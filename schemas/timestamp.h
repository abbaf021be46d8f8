// SPDX-License-Identifier: MPL-2.0
//
// Moments as Terraform's own functions write them: "2026-11-21T10:30:00Z". Pure. Source: RFC 3339.
#pragma once

#include <string>

#include "engine/base/clock.h"
#include "engine/base/result.h"

namespace dbaas {

/// Any offset and any fraction of a second (cut off after milliseconds). kInvalid otherwise.
Result<TimePoint> ParseTimestamp(const std::string& text);
/// In UTC, to the second.
std::string TimestampText(TimePoint time);

}  // namespace dbaas
