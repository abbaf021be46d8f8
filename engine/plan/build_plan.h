// SPDX-License-Identifier: MPL-2.0
//
// BuildPlan: from differences to an ordered plan. Pure. The order is what keeps data and service:
//
//   networks and volumes → instances → a primary runs → settings → rolling work, which goes
//   followers first, then a switchover, then the old primary → the proxy follows → removals.
#pragma once

#include "engine/plan/diff.h"
#include "engine/plan/plan.h"

namespace dbaas {

struct PlanInput {
  const DesiredState& desired;
  const Observation& observed;
  /// Null when no member runs that could be asked: then nothing is known about roles and settings.
  const ClusterFacts* facts = nullptr;
  BlockedTimes blocked = {};  ///< Of the Dbms; zeros where nothing is said about disruption.
};

Plan BuildPlan(const Diff& diff, const PlanInput& input);

}  // namespace dbaas
