// SPDX-License-Identifier: MPL-2.0
//
// Volumes as claims, networks as policies. Called by kubernetes_driver.cc. Thread-safe; errors as
// engine/drivers/driver.h.
#pragma once

#include "engine/drivers/kubernetes/place.h"
#include "engine/model/object.h"

namespace dbaas::kubernetes {

/// A claim that is there is only ever grown.
Result<void> EnsureVolume(Place& place, const Object& object);
/// kConflict while an instance has it.
Result<void> RemoveVolume(Place& place, const ObjectId& id);

Result<void> EnsureNetwork(Place& place, const Object& object);
Result<void> RemoveNetwork(Place& place, const ObjectId& id);

}  // namespace dbaas::kubernetes
