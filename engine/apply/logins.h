// SPDX-License-Identifier: MPL-2.0
//
// Logins (model/login.h): the dbms's commands about them, carried to whoever is primary. Without a
// lease and without a line in the record, for they change nothing of what the cluster should be.
// Called by the engine. Thread-safe. kUnavailable when nobody leads or the host is silent, kInvalid
// (field "access") when the cluster's dbms has no such roles.
#pragma once

#include "engine/base/clock.h"
#include "engine/base/random.h"
#include "engine/base/result.h"
#include "engine/drivers/driver.h"
#include "engine/model/login.h"
#include "engine/model/record.h"

namespace dbaas {

struct LoginContext {
  Driver& driver;
  Clock& clock;
  Random& random;
  const ClusterRecord& record;
};

/// Makes the role, and drops those that nobody closed and whose time is over.
Result<void> OpenLogin(const LoginContext& context, const Login& login);
/// Its time begins anew. An error when it is gone.
Result<void> RenewLogin(const LoginContext& context, const Login& login);
/// Ends its sessions and drops it; what it owned is the administrator's. Nothing to do when it is
/// gone.
Result<void> CloseLogin(const LoginContext& context, const std::string& role);

}  // namespace dbaas
