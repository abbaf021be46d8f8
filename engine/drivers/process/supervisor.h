// SPDX-License-Identifier: MPL-2.0
//
// The supervisor of one instance: two processes of its own that outlive whoever started them. The
// outer one holds the instance's lock and its published ports and does nothing but wait; the inner
// one runs the instance, starts it again when it ends by itself (after 0.1 s, then 0.2 s ... a
// minute), carries connections, keeps the log, writes status.json and takes requests (status.h).
// Kill the inner one and the outer ends whatever is left of the instance and makes another; kill
// the outer one and the inner goes on. Nobody else starts or ends an instance's processes, and
// status.json never says "ended" while one of them lives.
//
// A hidden mode of the programs that link the engine:
//
//   terraform-provider-dbaas supervise /var/lib/dbaas/instances/orders-1
//
// Runs as the user that the host belongs to, with signals and environment as the driver left them.
#pragma once

#include <string>

namespace dbaas::process {

inline constexpr char kSuperviseVerb[] = "supervise";
/// The other hidden mode: "PROGRAM watch-directory /var/lib/dbaas" is the watcher of a host, which
/// runs under a supervisor like any instance.
inline constexpr char kWatchVerb[] = "watch-directory";
/// What a supervisor runs in place of a file: the program that it is itself, as long as it lives,
/// whatever becomes of the file (an upgrade, a provider that terraform init replaces).
inline constexpr char kOwnProgram[] = "/proc/self/exe";
/// Open in a supervisor that a driver started: one line, "ok" or the error as JSON, says how it
/// went.
inline constexpr int kReadyDescriptor = 3;

/// Does all of it, until the instance is stopped. Returns the program's exit code. REQUIRES: no
/// other thread runs.
int Supervise(const std::string& folder);

}  // namespace dbaas::process
