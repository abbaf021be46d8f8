// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/logins.h"

#include <functional>

#include "engine/apply/converge.h"
#include "engine/apply/intent.h"
#include "engine/apply/retry.h"
#include "engine/apply/run_command.h"
#include "engine/dbms/dbms.h"

namespace dbaas {
namespace {

// About seven seconds: long enough for the role of primary to move, short enough for a plan.
constexpr RetryPolicy kLoginPatience{.attempts = 8};

using CommandAt = std::function<Command(const Dbms& dbms, const std::string& primary)>;

/// Asks anew who leads before each attempt: a failover in between is the usual reason for one.
Result<void> RunOnPrimary(const LoginContext& context, const CommandAt& command_at) {
  const ClusterRecord& record = context.record;
  const Dbms* dbms = TRY(DbmsOf(record));
  return Retry(kLoginPatience, context.clock, context.random, {}, [&]() -> Result<void> {
    const Command command =
        command_at(*dbms, TRY(FindPrimary(context.driver, context.clock, record)));
    if (command.argv.empty()) {
      return Invalid("access", dbms->Name() + " has no roles for a short time",
                     "Only the administrator's credentials are to be had.");
    }
    TRY(RunCommand(context.driver, command));
    return Ok();
  });
}

}  // namespace

Result<void> OpenLogin(const LoginContext& context, const Login& login) {
  return RunOnPrimary(context, [&](const Dbms& dbms, const std::string& primary) {
    return dbms.OpenLogin(context.record, login, primary);
  });
}

Result<void> RenewLogin(const LoginContext& context, const Login& login) {
  return RunOnPrimary(context, [&](const Dbms& dbms, const std::string& primary) {
    return dbms.RenewLogin(context.record, login, primary);
  });
}

Result<void> CloseLogin(const LoginContext& context, const std::string& role) {
  return RunOnPrimary(context, [&](const Dbms& dbms, const std::string& primary) {
    return dbms.CloseLogin(context.record, role, primary);
  });
}

}  // namespace dbaas
