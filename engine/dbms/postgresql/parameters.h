// SPDX-License-Identifier: MPL-2.0
//
// Which parameters a cluster runs with: what its user wrote, what follows from its memory and CPU
// unless the user wrote it, and what every cluster of ours has. And which ones nobody may set,
// because Patroni or we do. Called by Validate and Expand. Pure.
//
//   EffectiveParameters(spec, "17")   // {"shared_buffers": "1GB", "work_mem": "4MB", ...}
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/model/spec.h"

namespace dbaas::postgresql {

/// By lower-case name, in the canonical form of parameter_table.h.
using Parameters = std::map<std::string, std::string>;

/// One value that follows from what a member may use, with the rule in words (docs, explain).
struct DerivedParameter {
  std::string name;
  std::string value;
  std::string reason;
  /// May differ between the members of a cluster: a replica with other memory gets its own value.
  bool local = false;
};
std::vector<DerivedParameter> DerivedParameters(const Resources& resources);

/// Everything that goes into the cluster's dynamic configuration.
/// REQUIRES: ValidateParameters found nothing. What it would have found is left out.
Parameters EffectiveParameters(const ClusterSpec& spec, const std::string& major);

/// What a member with other resources than its cluster needs of its own. Empty for the rest.
Parameters LocalParameters(const ClusterSpec& spec, const Resources& resources);

/// Unknown names, values that the server would refuse, and parameters that are not the user's.
/// Fields are "parameters.<name as written>".
std::vector<Error> ValidateParameters(const ClusterSpec& spec, const std::string& major);

}  // namespace dbaas::postgresql
