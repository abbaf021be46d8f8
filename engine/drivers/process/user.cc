// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/process/user.h"

#include <fmt/format.h>
#include <grp.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <sstream>

namespace dbaas::process {
namespace {

/// Not by getpwnam(), which a static binary must not call.
template <typename Fits>
std::optional<SystemUser> FindInPasswd(const Fits& fits) {
  std::ifstream passwd("/etc/passwd");
  for (std::string line; std::getline(passwd, line);) {
    std::istringstream fields(line);
    SystemUser user;
    std::string password, uid, gid;
    std::getline(fields, user.name, ':');
    std::getline(fields, password, ':');
    std::getline(fields, uid, ':');
    std::getline(fields, gid, ':');
    if (uid.empty() || gid.empty()) continue;
    user.uid = static_cast<uid_t>(std::strtoul(uid.c_str(), nullptr, 10));
    user.gid = static_cast<gid_t>(std::strtoul(gid.c_str(), nullptr, 10));
    if (fits(user)) return user;
  }
  return std::nullopt;
}

}  // namespace

Result<SystemUser> ChooseUser(const std::string& name) {
  const uid_t self = geteuid();
  if (self != 0) {
    const auto user = FindInPasswd([&](const SystemUser& found) { return found.uid == self; });
    if (!user) {
      return Invalid("user", fmt::format("this machine has no name for user {}", self),
                     "PostgreSQL knows its own user by name. Add one to /etc/passwd.");
    }
    if (!name.empty() && name != user->name) {
      return Invalid("user", fmt::format("only root can run a host as user {}", name),
                     fmt::format("You are {}. Leave `user` out.", user->name));
    }
    return *user;
  }
  const std::string wanted = name.empty() ? "postgres" : name;
  const auto user = FindInPasswd([&](const SystemUser& found) { return found.name == wanted; });
  if (!user || user->uid == 0) {
    return Invalid("user",
                   user ? "databases do not run as root" : "there is no user called " + wanted,
                   "Started by root, a process host hands everything over to the user `user`, "
                   "which is postgres when left out. The Debian package postgresql-common makes "
                   "that one.");
  }
  return *user;
}

ActAs::ActAs(const SystemUser& user) {
  if (geteuid() != 0) return;
  changed_ = true;
  setfsgid(user.gid);
  setfsuid(user.uid);
}

ActAs::~ActAs() {
  if (!changed_) return;
  setfsuid(0);
  setfsgid(0);
}

bool BecomeForGood(const SystemUser& user) {
  if (geteuid() != 0) return true;
  // The kernel's own calls: those of the C library would ask all threads to follow, and after a
  // fork there are none to ask.
  return syscall(SYS_setgroups, 0, nullptr) == 0 &&
         syscall(SYS_setresgid, user.gid, user.gid, user.gid) == 0 &&
         syscall(SYS_setresuid, user.uid, user.uid, user.uid) == 0;
}

}  // namespace dbaas::process
