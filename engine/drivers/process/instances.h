// SPDX-License-Identifier: MPL-2.0
//
// Instances of a process host: a folder, and a supervisor that runs it. Called by
// process_driver.cc; thread-safe, between processes too. Whoever dies in between leaves something
// that the next call goes on from, as on Docker: first the folder, then the files, last the mark
// that says which files they are.
#pragma once

#include <string>
#include <vector>

#include "engine/drivers/driver.h"
#include "engine/drivers/process/programs.h"
#include "engine/drivers/process/store.h"

namespace dbaas::process {

/// Everything that instances need to know of their host.
struct Host {
  Store store;
  std::vector<ImageDefinition> images;
  std::string supervisor;  ///< The program whose hidden mode it is.
};

Result<void> EnsureInstance(const Host& host, const Object& object);
Result<void> RemoveInstance(const Host& host, const ObjectId& id);
Result<void> RestartInstance(const Host& host, const std::string& name);
Result<void> KillInstance(const Host& host, const std::string& name);
Result<ExecResult> RunInInstance(const Host& host, const std::string& name,
                                 const std::vector<std::string>& argv, const std::string& input);

/// Of its files; empty when they were never all placed.
Fingerprint ReadMark(const Store& store, const std::string& name);

}  // namespace dbaas::process
