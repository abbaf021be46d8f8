// SPDX-License-Identifier: MPL-2.0
//
// Networks and volumes of one Docker engine: the two kinds of object that are only there or not.
// Called by docker_driver.cc. Thread-safe; errors as engine/drivers/driver.h.
#pragma once

#include <string>

#include "engine/drivers/docker/client.h"
#include "engine/model/object.h"

namespace dbaas::docker {

Result<void> EnsureNetwork(DockerClient& client, const Object& object);
/// Disconnects our own containers that are still in it. kConflict when someone else's is.
Result<void> RemoveNetwork(DockerClient& client, const ObjectId& id);

Result<void> EnsureVolume(DockerClient& client, const Object& object);
/// kConflict, naming the containers, when some use it; kUnavailable (try again) when they are gone
/// by the time one looks.
Result<void> RemoveVolume(DockerClient& client, const ObjectId& id);

}  // namespace dbaas::docker
