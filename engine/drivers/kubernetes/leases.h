// SPDX-License-Identifier: MPL-2.0
//
// Leases as Leases of coordination.k8s.io, `dbaas-lease-NAME`. Called by kubernetes_driver.cc.
//
// Who creates the object has it, and who takes it over or renews it replaces exactly the version
// that he has read: the API server decides between two who do so at once.
//
// Time is the API server's own, so that machines whose clocks differ agree on when a lease ran out.
// When a lease was last written stands among its managed fields; what time it is now is what a
// creation that is only tried (dryRun) would have been given. Both are whole seconds: three seconds
// of grace cover the rounding. Asked for only where somebody else holds the lease.
// Threading: AcquireLease is thread-safe; a Lease may be renewed and destroyed from any one thread.
#pragma once

#include <memory>
#include <string>

#include "engine/drivers/driver.h"
#include "engine/drivers/kubernetes/place.h"

namespace dbaas::kubernetes {

Result<std::unique_ptr<Lease>> AcquireLease(const std::shared_ptr<Place>& place,
                                            const std::string& name, const Holder& holder,
                                            Milliseconds ttl);

/// When the API server last wrote `object`, by its managed fields; the epoch when it does not say.
TimePoint LastWritten(const Json& object);

}  // namespace dbaas::kubernetes
