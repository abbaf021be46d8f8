// SPDX-License-Identifier: MPL-2.0
//
// The verbs. Each says on stderr, in one line, why it failed.
#include <fmt/format.h>

#include "engine/dbms/postgresql/dynamic_configuration.h"
#include "engine/dbms/postgresql/embedded.h"
#include "engine/dbms/postgresql/parameters.h"
#include "engine/dbms/postgresql/postgresql.h"
#include "engine/dbms/postgresql/script.h"
#include "engine/dbms/postgresql/sql.h"
#include "engine/dbms/postgresql/topology.h"

namespace dbaas::postgresql {
namespace {

/// What every script needs to talk to Patroni and to find the data.
Json CommonArguments(const ClusterRecord& record) {
  return {{"rest_user", kRestUser},
          {"rest_password", record.secrets.at(kRestPassword).Reveal()},
          {"address", LocalAddress()},
          {"socket_folder", OwnPath(kSocketFolder)},
          {"data_folder", OwnPath(DataFolder(MajorOf(record.cluster_spec().engine_version)))}};
}

/// {member: [names]} of members that have values of their own.
Json LocalParameterNames(const ClusterRecord& record) {
  Json names = Json::object();
  for (const auto& member : Members(record)) {
    for (const auto& [name, value] : LocalParameters(record.cluster_spec(), member.resources)) {
      names[member.name].push_back(name);
    }
  }
  return names;
}

Command LoginCommand(const ClusterRecord& record, const std::string& role,
                     const Secret<std::string>& sql, const std::string& doomed_sql,
                     const std::string& primary) {
  Json arguments = CommonArguments(record);
  arguments["login"] = role;
  arguments["sql"] = sql.Reveal();
  arguments["doomed_sql"] = doomed_sql;
  return RunScript(embedded::kLogin, arguments, primary);
}

}  // namespace

Command PostgreSql::ApplySettings(const ClusterRecord& record, const Settings& desired,
                                  const std::vector<std::string>& keys,
                                  const std::string& primary) const {
  const std::string major = MajorOf(record.cluster_spec().engine_version);
  Json arguments = CommonArguments(record);
  arguments["patch"] = DynamicPatch(desired, keys);
  arguments["sql"] = SettingsSql(record, keys).Reveal();
  arguments["effect_sql"] = EffectSql(major, desired, keys);
  arguments["restart_sql"] = RestartSql(major, desired, keys);
  arguments["local_parameters"] = LocalParameterNames(record);
  return RunScript(embedded::kApplySettings, arguments, primary);
}

Command PostgreSql::RestartMember(const ClusterRecord& record, const std::string& member) const {
  return RunScript(embedded::kRestartMember, CommonArguments(record), member);
}

Command PostgreSql::ReloadMember(const ClusterRecord& record, const std::string& member) const {
  return RunScript(embedded::kReloadMember, CommonArguments(record), member);
}

Command PostgreSql::Switchover(const ClusterRecord& record, const std::string& from,
                               const std::string& to) const {
  Json arguments = CommonArguments(record);
  arguments["from"] = from;
  arguments["to"] = to;
  return RunScript(embedded::kSwitchover, arguments, from);
}

Command PostgreSql::OpenLogin(const ClusterRecord& record, const Login& login,
                              const std::string& primary) const {
  return LoginCommand(record, login.role, OpenLoginSql(record, login), ExpiredLoginsSql(record),
                      primary);
}

Command PostgreSql::RenewLogin(const ClusterRecord& record, const Login& login,
                               const std::string& primary) const {
  return LoginCommand(record, login.role, RenewLoginSql(login), "", primary);
}

Command PostgreSql::CloseLogin(const ClusterRecord& record, const std::string& role,
                               const std::string& primary) const {
  return LoginCommand(record, role, {}, LoginSql(record, role), primary);
}

Command PostgreSql::Forget(const ClusterRecord& record) const {
  return {.instance = EtcdName(),
          .argv = {"etcdctl", fmt::format("--endpoints=http://{}:{}", LocalAddress(), kEtcdPort),
                   "del", "--prefix", EtcdPrefix(record)},
          .input = {}};
}

}  // namespace dbaas::postgresql
