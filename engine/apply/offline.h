// SPDX-License-Identifier: MPL-2.0
//
// PlanOffline: what a change would do to a host that does not answer, taking for granted that the
// host is as the caller remembers it and that the first member is the primary. The same pure line
// as ever (expand, diff, plan), with a remembered cluster in place of an observed one.
// Pure. Called by the facade when a preview finds the host silent.
#pragma once

#include <optional>

#include "engine/model/part_change.h"
#include "engine/plan/plan.h"

namespace dbaas {

/// Nothing unless `change` updates a cluster part and says what it was before.
std::optional<Plan> PlanOffline(const PartChange& change);

}  // namespace dbaas
