// SPDX-License-Identifier: MPL-2.0
//
// Who this process is, for leases and history.
#pragma once

#include <functional>
#include <string>

#include "engine/base/random.h"
#include "engine/drivers/driver.h"

namespace dbaas {

using VariableReader = std::function<std::string(const char* name)>;          ///< Empty when unset.
using FirstLineReader = std::function<std::string(const std::string& path)>;  ///< Empty likewise.

/// What is known of the circumstances: Terraform's workspace unless it is the default one, and the
/// CI job: "workspace staging, https://ci.example.com/job/7". Empty when nothing is.
/// Source: https://developer.hashicorp.com/terraform/cli/workspaces (the file "environment" in the
/// data folder holds the name) and the variables that CI systems document.
std::string Occasion(const VariableReader& variable, const FirstLineReader& first_line);

/// "alice@build-7 pid 4242 (terraform)", with what lets others on this machine see whether it
/// lives. Source: proc(5), for the boot id, the pid namespace and the start time.
Holder ThisProcess(const std::string& who, Random& random);

}  // namespace dbaas
