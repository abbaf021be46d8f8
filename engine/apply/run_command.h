// SPDX-License-Identifier: MPL-2.0
//
// Carries a Dbms's command to the instance that it is for. Called all over apply/. Thread-safe.
#pragma once

#include <string>

#include "engine/base/result.h"
#include "engine/dbms/dbms.h"
#include "engine/drivers/driver.h"

namespace dbaas {

/// Why a command failed: the last line that it wrote, or how it ended. REQUIRES: it did fail.
std::string ComplaintOf(const ExecResult& result);

/// What it wrote to stdout. kUnavailable, with its complaint, when it failed: on the
/// way through a failover the same command may succeed a moment later.
Result<std::string> RunCommand(Driver& driver, const Command& command);

}  // namespace dbaas
