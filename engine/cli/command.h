// SPDX-License-Identifier: MPL-2.0
//
// The command line of `dbaas`, made of the table of verbs. Called by main.cc and by tests, which
// bring a session of their own.
#pragma once

#include <string>
#include <vector>

#include "engine/cli/verb.h"

namespace dbaas {

/// Runs the verb that `arguments` (without the program's name) ask for; gives the exit code.
int RunCommand(const std::vector<std::string>& arguments, Session& session);

}  // namespace dbaas
