// SPDX-License-Identifier: MPL-2.0
//
// What is left to do when the process is about to die of a bug: say so in the form that Terraform
// shows to its user ("The dbaas plugin crashed!"), and remove the socket. Used by serve.* only.
#pragma once

#include <string>

namespace dbaas {

/// For exceptions that nobody caught and for the signals that a processor raises.
void InstallCrashHandlers();

/// The file to remove, and the folder that it was alone in; one at a time. Thread-safe with a
/// crash, not with itself.
void RemoveOnCrash(const std::string& path);

}  // namespace dbaas
