// SPDX-License-Identifier: MPL-2.0
//
// PlantedBug: mistakes that an engine could make, made on purpose, to see that the simulation
// notices. They sit between the engine and the world, so the product carries none of them.
#pragma once

#include <memory>
#include <string>

#include "engine/apply/threads.h"
#include "engine/drivers/driver.h"

namespace dbaas {

enum class PlantedBug {
  kNone,
  kSkipsTheLease,
  kIgnoresALostLease,
  kForgetsALabel,
  kNeverRetries,
  kRemovesTheVolumeToo,
  kRemovesTheRecordFirst,
  kWritesNoIntent,
  kForgetsToSettle,
  kLeavesOutTheSwitchover,
  kPromotesWithoutFencing,
  kFencesInNameOnly,
  kGivesOutTheSamePort,
  kForgetsToRestore,
  kServesWhatItLeaves,
};

/// In the order of the enum; kNone is not among them.
const std::vector<PlantedBug>& PlantedBugs();
std::string ToString(PlantedBug bug);

/// `driver` as an engine with this bug would use it.
std::unique_ptr<Driver> Plant(PlantedBug bug, std::unique_ptr<Driver> driver);
/// The same for how it carries out a plan. `threads` must outlive it.
std::unique_ptr<Threads> Plant(PlantedBug bug, Threads& threads);

}  // namespace dbaas
