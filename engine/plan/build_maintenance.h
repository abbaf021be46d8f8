// SPDX-License-Identifier: MPL-2.0
//
// BuildMaintenance: an ordered plan for a switchover, a failover, restarts or reloads. Pure. At
// most one member is away at a time, and the primary hands over before it restarts, if there is
// anyone to take over. Only a failover takes the role from one that cannot hand it over: it is
// ended first.
#pragma once

#include "engine/base/result.h"
#include "engine/model/maintenance.h"
#include "engine/plan/build_plan.h"
#include "engine/plan/plan.h"

namespace dbaas {

/// kInvalid when the member is none of the cluster's or may not do that, kUnavailable when nobody
/// leads (of a failover: when nobody could). An empty plan: it is so already.
Result<Plan> BuildMaintenance(const Maintenance& wanted, const PlanInput& input);

}  // namespace dbaas
