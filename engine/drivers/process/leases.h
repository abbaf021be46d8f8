// SPDX-License-Identifier: MPL-2.0
//
// Leases of a process host: a file each, changed under the store's lock. The clock is the
// machine's, which all holders share. A holder that is dead is replaced at once, one that is silent
// when its time is over. Called by process_driver.cc. AcquireLease is thread-safe; a Lease may be
// used from any one thread.
#pragma once

#include <memory>
#include <string>

#include "engine/drivers/driver.h"
#include "engine/drivers/process/store.h"

namespace dbaas::process {

Result<std::unique_ptr<Lease>> AcquireLease(const Store& store, Clock& clock,
                                            const std::string& name, const Holder& holder,
                                            Milliseconds ttl);

}  // namespace dbaas::process
