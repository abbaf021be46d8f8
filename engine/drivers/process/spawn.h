// SPDX-License-Identifier: MPL-2.0
//
// Starting processes as the host's user: supervisors, which outlive us, and commands inside
// instances, which do not. Only what is safe after a fork happens between it and exec: the process
// that calls has other threads. Called by instances.cc. Thread-safe.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/drivers/driver.h"
#include "engine/drivers/process/user.h"

namespace dbaas::process {

/// Starts `program supervise folder` in a session of its own and waits until the instance runs, or
/// for the reason why it does not.
Result<void> StartSupervisor(const std::string& program, const std::string& folder,
                             const SystemUser& user);

struct CommandPlan {
  std::vector<std::string> argv;  ///< The first is an absolute path.
  std::map<std::string, std::string> environment;
  std::string folder;
};
/// Runs it to its end. kTimeout, and it is killed, when that takes longer than `patience`.
Result<ExecResult> RunCommand(const CommandPlan& plan, const std::string& input,
                              const SystemUser& user, Milliseconds patience);

}  // namespace dbaas::process
