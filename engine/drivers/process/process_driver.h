// SPDX-License-Identifier: MPL-2.0
//
// The process driver: a host is a directory of this machine, and instances are processes of it,
// each with a supervisor that outlives us. For machines without a container engine. Called by
// engine.cc, which makes one driver per configured host.
//
//   std::shared_ptr<Driver> driver = TRY(MakeProcessDriver({.directory = "/var/lib/dbaas"},
//   clock));
//
// Threading and errors: as engine/drivers/driver.h. What a container has of its own is a folder
// (root/) and a loopback address here, and host words (engine/model/host_words.h) tell the programs
// so. What containers have besides is missing: limits of CPU and memory, and users of their own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/drivers/driver.h"
#include "engine/drivers/process/programs.h"

namespace dbaas {

struct ProcessOptions {
  std::string host_name = "local";
  std::string directory;  ///< Absolute. Made when missing.
  std::string user;       ///< For root alone: who the directory and all processes belong to.
  std::string supervisor = "/proc/self/exe";  ///< The program that has the hidden mode. Tests.
  std::vector<process::ImageDefinition> images = process::OwnImages();
};

/// kInvalid, on field "directory" or "user", when there can be no such host. Touches nothing.
Result<std::shared_ptr<Driver>> MakeProcessDriver(const ProcessOptions& options, Clock& clock);

}  // namespace dbaas
