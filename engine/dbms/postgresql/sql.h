// SPDX-License-Identifier: MPL-2.0
//
// The SQL that the engine sends to a primary, and the queries with which it looks at what is there.
// Roles come with a verifier in place of a password, and the session logs none of it. Called by
// commands.cc, probe.cc and expand.cc. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/model/login.h"
#include "engine/model/record.h"
#include "engine/model/state.h"

namespace dbaas::postgresql {

/// 'it''s': REQUIRES standard_conforming_strings, which nobody may change.
std::string Literal(std::string_view text);
/// "Some ""name"""
std::string Identifier(std::string_view name);

/// "role.admin" and the rest, with a description of what each role may do and which password it
/// has (by its salt; see scram.h). REQUIRES: the record has its secrets.
Settings RoleSettings(const ClusterRecord& record);

/// Statements that bring the roles and databases among `keys` to what the record wants; empty when
/// there are none. For psql.
Secret<std::string> SettingsSql(const ClusterRecord& record, const std::vector<std::string>& keys);

/// Makes the role of a login, in one transaction, or gives it a new end by the server's clock.
Secret<std::string> OpenLoginSql(const ClusterRecord& record, const Login& login);
Secret<std::string> RenewLoginSql(const Login& login);
/// The steps that drop the logins whose time is over, or one of them, whenever that ends: a row
/// each, a JSON array of a database and what to run there. What they own goes to the cluster's
/// user.
std::string ExpiredLoginsSql(const ClusterRecord& record);
std::string LoginSql(const ClusterRecord& record, const std::string& role);

/// One row, one JSON object: {"roles": {name: description}, "databases": {name: owner}}.
std::string ObserveSql(const ClusterRecord& record);
/// Waits, a second at most, until a standby has replayed the byte position WRITTEN.
std::string ReplaySql();

/// Names the parameters among `keys` whose desired value is not in effect: those that a reload is
/// enough for, and those that need a restart. Empty when there is nothing to ask.
std::string EffectSql(const std::string& major, const Settings& desired,
                      const std::vector<std::string>& keys);
std::string RestartSql(const std::string& major, const Settings& desired,
                       const std::vector<std::string>& keys);

}  // namespace dbaas::postgresql
