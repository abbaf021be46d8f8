// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/holder.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace dbaas {
namespace {

std::string UserName() {
  if (const char* user = std::getenv("USER"); user != nullptr && *user != '\0') return user;
  return fmt::format("uid {}", getuid());
}

std::string HostName() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string FirstLine(const char* path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

/// Equal for two processes exactly when they can look up each other's pid.
std::string MachineIdentity() {
  std::array<char, 128> pid_namespace{};
  if (readlink("/proc/self/ns/pid", pid_namespace.data(), pid_namespace.size() - 1) < 0) return {};
  return FirstLine("/proc/sys/kernel/random/boot_id") + " " + pid_namespace.data();
}

/// Field 22 of /proc/self/stat; the second field may hold spaces, so count from its closing brace.
std::int64_t StartTime() {
  const std::string stat = FirstLine("/proc/self/stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  return std::atoll(field.c_str());
}

}  // namespace

Holder ThisProcess(const std::string& who, Random& random) {
  return {.name = fmt::format("{}@{} pid {} ({})", UserName(), HostName(), getpid(), who),
          .token = random.Token(16),
          .machine = MachineIdentity(),
          .pid = getpid(),
          .start_time = StartTime()};
}

}  // namespace dbaas
