// SPDX-License-Identifier: MPL-2.0
//
// What the kernel knows about a process, so that a lease held by a dead one can be taken over at
// once. A pid alone is not enough, because pids are used again; pid and start time are.
// Reads /proc and nothing else. Thread-safe.
//
//   if (ProcessStartTime(holder.pid) != holder.start_time) ...  // it is not the same process
//
// Source: proc_pid_stat(5): the start time, in ticks since boot, is field 22.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

namespace dbaas {

/// In the kernel's ticks since boot; 0 when there is no such process in our pid namespace.
inline std::int64_t ProcessStartTime(int pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  // The command's name stands in parentheses and may hold anything, more parentheses too.
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 1));
  std::string state;
  fields >> state;
  if (state == "Z" || state == "X") return 0;  // Dead, only not yet collected by its parent.
  std::string skipped;
  for (int field = 4; field < 22; ++field) fields >> skipped;
  std::int64_t start_time = 0;
  fields >> start_time;
  return start_time;
}

/// Equal for two processes exactly when they can look up each other's pid; empty when unknown.
inline std::string MachineIdentity() {
  char pid_namespace[128] = "";
  if (readlink("/proc/self/ns/pid", pid_namespace, sizeof(pid_namespace) - 1) < 0) return {};
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string boot_id;
  std::getline(file, boot_id);
  return boot_id + " " + pid_namespace;
}

}  // namespace dbaas
