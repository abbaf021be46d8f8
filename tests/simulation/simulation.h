// SPDX-License-Identifier: MPL-2.0
//
// Simulate: one run of the real engine through a storm, all of it drawn from one number. A storm
// has one or two clusters, one or two callers who change them at the same time, and whatever the
// seed makes of the weather. Then it clears, and applying again has to arrive.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/simulation/planted_bug.h"

namespace dbaas {

struct SimulationReport {
  std::vector<std::string> violations;
  std::vector<std::string> events;  ///< What happened, in order, when it was asked for.
  int applies = 0;
};

SimulationReport Simulate(std::uint64_t seed, PlantedBug bug, bool keep_events);

}  // namespace dbaas
