// SPDX-License-Identifier: MPL-2.0
//
// Whether the process that holds a lease still lives. Used by every driver that keeps leases, and
// only when holder and asker are on the same machine and in the same pid namespace (equal
// Holder::machine). Pure but for reading /proc. Thread-safe.
//
// Source: proc_pid_stat(5): the start time, in ticks since boot, is field 22.
#pragma once

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "engine/drivers/driver.h"

namespace dbaas {

/// In the kernel's ticks since boot; 0 when there is no such process.
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

/// True only when it is certain: same machine, and no such process any more.
inline bool IsDeadOnMachineOf(const Holder& holder, const Holder& asker) {
  if (holder.machine.empty() || holder.machine != asker.machine || holder.pid <= 0) return false;
  return ProcessStartTime(holder.pid) != holder.start_time;
}

}  // namespace dbaas
