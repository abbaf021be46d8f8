// SPDX-License-Identifier: MPL-2.0
//
// The socket `control` in the folder of an instance. A socket's address holds 107 bytes and paths
// may be longer: both ends go by the open folder. Called by status.cc and supervisor.cc.
#pragma once

#include <string>

#include "engine/drivers/process/files.h"

namespace dbaas::process {

/// Replaces what a dead supervisor left. Non-blocking. REQUIRES: the caller holds `lock`.
Result<Descriptor> ListenOnControl(const std::string& folder);
/// Empty when nobody listens.
Result<Descriptor> ConnectToControl(const std::string& folder);

}  // namespace dbaas::process
