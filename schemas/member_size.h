// SPDX-License-Identifier: MPL-2.0
//
// How big a member is, as users say it: `instance_class`, or `resources { cpu, memory }`. Shared by
// clusters and replicas.
#pragma once

#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/model/spec.h"
#include "schemas/kit.h"

namespace dbaas {

/// resources = { cpu = 2, memory = "4GiB" }
struct ResourcesConfig {
  double cpu = 0;
  std::string memory;
  static Table<ResourcesConfig> Attributes();
};

/// kInvalid on "resources.memory" when that is not an amount.
Result<Resources> ToResources(const ResourcesConfig& config);
ResourcesConfig FromResources(const Resources& resources);

/// What a member of that class may use; kInvalid on "instance_class" when there is no such class.
Result<Resources> ResourcesOfClass(const std::string& instance_class);
std::vector<std::string> InstanceClassNames();

}  // namespace dbaas
