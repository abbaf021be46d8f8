// SPDX-License-Identifier: MPL-2.0
//
// The system's user that a process host belongs to: whose files all of it are and as whom all of it
// runs. Whoever started us, unless that is root, who hands everything over to somebody lesser.
// Called by everything here that touches files or starts processes. Thread-safe.
#pragma once

#include <sys/types.h>

#include <string>

#include "engine/base/result.h"

namespace dbaas::process {

struct SystemUser {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Who this host belongs to: ourselves or, for root, the user called `name`. kInvalid on field
/// "user" when there is no such user, or when we are neither root nor that one.
Result<SystemUser> ChooseUser(const std::string& name);

/// While it lives, this thread opens and makes files as `user`, also when the process is root's. So
/// nothing that the user puts in our way (a symbolic link) leads to what only root may touch.
class ActAs {
 public:
  explicit ActAs(const SystemUser& user);
  ~ActAs();
  ActAs(const ActAs&) = delete;
  ActAs& operator=(const ActAs&) = delete;

 private:
  bool changed_ = false;
};

/// Makes this process the user's for good. Only between fork and exec, or it is a thread's alone.
/// Async-signal-safe. False when the kernel refuses.
bool BecomeForGood(const SystemUser& user);

}  // namespace dbaas::process
