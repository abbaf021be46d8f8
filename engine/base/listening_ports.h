// SPDX-License-Identifier: MPL-2.0
//
// TCP ports that something on this machine listens on, so that a port which is taken by a program
// of somebody else is not chosen. Called by drivers for hosts on this machine. Thread-safe.
//
// Asks the kernel for its listening sockets alone (sock_diag(7)). Reading /proc/net/tcp, which
// walks every connection there could be and takes ten times as long, is for kernels that do not
// answer.
#pragma once

#include <optional>
#include <set>
#include <string_view>

namespace dbaas {

/// Of this network namespace; empty where neither way is open.
std::set<int> ListeningPorts();

/// The first way; nothing when the kernel does not offer it.
std::optional<std::set<int>> AskForListeningPorts();
/// The second: reads the text of /proc/net/tcp or tcp6. Pure.
void ReadListeningPorts(std::string_view table, std::set<int>& ports);

}  // namespace dbaas
