// SPDX-License-Identifier: MPL-2.0
//
// Leases on one Docker engine. A lease is a container `dbaas-lease-<name>` that never runs: the
// engine gives a container's name to one creator only, which makes creation the moment of
// exclusion. The holder stands in its labels; renewing writes an empty file into it whose time
// stamp counts. Called by docker_driver.cc and, for housekeeping, when the last record goes.
//
// Time is the engine's own, read from its answers (the Date header, in seconds): machines whose
// clocks differ agree on when a lease ran out. Three seconds of grace cover the rounding.
//
// Taking over is removing by the container's id, never by its name, and then creating: of two who
// do it at once, one gets the name. A lease may be taken over when it ran out, or at once when its
// holder was a process of this machine that is dead.
// Threading: AcquireLease is thread-safe; a Lease may be renewed and destroyed from any one thread.
#pragma once

#include <memory>
#include <string>

#include "engine/drivers/docker/client.h"
#include "engine/drivers/driver.h"

namespace dbaas::docker {

Result<std::unique_ptr<Lease>> AcquireLease(const std::shared_ptr<DockerClient>& client,
                                            const std::string& name, const Holder& holder,
                                            Milliseconds ttl);

/// Removes lease containers that ran out, of any cluster. Best effort.
void RemoveExpiredLeases(DockerClient& client);

}  // namespace dbaas::docker
