// SPDX-License-Identifier: MPL-2.0
//
// TCP ports that something on this machine listens on, so that a port which is taken by a program
// outside Docker is not chosen. Called for engines on this machine. Thread-safe.
//
// Source: proc_pid_net(5), /proc/net/tcp: the second column is the local address and port in
// hexadecimal, the fourth the state; 0A is LISTEN.
#pragma once

#include <set>
#include <string_view>

namespace dbaas::docker {

/// Pure: reads the text of /proc/net/tcp or tcp6.
void ReadListeningPorts(std::string_view table, std::set<int>& ports);
/// Of this network namespace; empty where there is no /proc.
std::set<int> ListeningPorts();

}  // namespace dbaas::docker
