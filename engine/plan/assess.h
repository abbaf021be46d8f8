// SPDX-License-Identifier: MPL-2.0
//
// AssessDisruption: what a plan costs, read off its actions in their order. Pure; called by
// BuildPlan for every plan.
#pragma once

#include <vector>

#include "engine/model/disruption.h"
#include "engine/plan/build_plan.h"
#include "engine/plan/diff.h"
#include "engine/plan/plan.h"

namespace dbaas {

/// `actions` as BuildPlan orders them: each after everything that it waits for.
Disruption AssessDisruption(const std::vector<Action>& actions, const Diff& diff,
                            const PlanInput& input);

}  // namespace dbaas
