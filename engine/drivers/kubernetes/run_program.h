// SPDX-License-Identifier: MPL-2.0
//
// Runs a program that prints something, never through a shell. Called by credentials.cc for
// credential plugins. Thread-safe.
//
//   const ProgramOutput output = TRY(RunProgram({"aws", "eks", "get-token"}, variables, timeout));
//
// Errors: kNotFound when there is no such program, kTimeout when it does not end (it is killed
// then), kInternal when the system has no process left for it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/result.h"

namespace dbaas::kubernetes {

struct ProgramOutput {
  int exit_code = 0;  ///< 128 + the signal that ended it.
  std::string output;
  std::string errors;
};

/// argv[0] is looked for in PATH unless it has a slash. Its environment is ours and `variables`,
/// its input is empty.
Result<ProgramOutput> RunProgram(const std::vector<std::string>& argv,
                                 const std::map<std::string, std::string>& variables,
                                 Milliseconds timeout);

}  // namespace dbaas::kubernetes
