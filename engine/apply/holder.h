// SPDX-License-Identifier: MPL-2.0
//
// Who this process is, for leases and history.
#pragma once

#include <string>

#include "engine/base/random.h"
#include "engine/drivers/driver.h"

namespace dbaas {

/// "alice@build-7 pid 4242 (terraform)", with what lets others on this machine see whether it
/// lives. Source: proc(5), for the boot id, the pid namespace and the start time.
Holder ThisProcess(const std::string& who, Random& random);

}  // namespace dbaas
