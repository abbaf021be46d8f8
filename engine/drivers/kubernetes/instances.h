// SPDX-License-Identifier: MPL-2.0
//
// Instances as StatefulSets of one replica. Called by kubernetes_driver.cc. Thread-safe; errors as
// engine/drivers/driver.h.
//
// An instance comes into being in steps, each of which can be repeated:
//
//   name ── published ports ── files (Secret) ── StatefulSet ── its pod runs ── mark
//
// Changed files go into the Secret first, so that a pod that is made anew has them, then into the
// running pod, which is told (signal, or a new pod), and only then are they marked.
#pragma once

#include <string>

#include "engine/drivers/kubernetes/place.h"
#include "engine/model/object.h"

namespace dbaas::kubernetes {

Result<void> EnsureInstance(Place& place, const Object& object);
/// Stops it in its own time, then removes it and all that is with it. Volumes stay.
Result<void> RemoveInstance(Place& place, const ObjectId& id);
Result<void> RestartInstance(Place& place, const std::string& name);
Result<void> KillInstance(Place& place, const std::string& name);
Result<ExecResult> ExecIn(Place& place, const std::string& instance,
                          const std::vector<std::string>& argv, const std::string& input);
Result<std::string> LogsOf(Place& place, const std::string& instance, int lines);

}  // namespace dbaas::kubernetes
