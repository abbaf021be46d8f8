// SPDX-License-Identifier: MPL-2.0
#include "engine/dbms/postgresql/sql.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/dbms/postgresql/dynamic_configuration.h"
#include "engine/dbms/postgresql/parameter_table.h"
#include "engine/dbms/postgresql/scram.h"
#include "engine/dbms/postgresql/topology.h"

namespace dbaas::postgresql {
namespace {

struct Role {
  std::string name;
  std::string attributes;  ///< SQL.
  /// As ObserveSql words it; in its order.
  std::string description;
  std::vector<std::string> memberships;  ///< By name.
  std::vector<std::string> functions;    ///< That it may execute.
  const char* password;                  ///< Name of the secret.
};

/// Like the administrator of a managed service: makes roles and databases, sees everything about
/// the server's state, may end sessions and start checkpoints; no superuser, no replication.
Role Administrator(const std::string& name) {
  return {.name = name,
          .attributes = "LOGIN CREATEDB CREATEROLE NOSUPERUSER NOREPLICATION NOBYPASSRLS",
          .description = "login createdb createrole",
          .memberships = {"pg_checkpoint", "pg_monitor", "pg_signal_backend"},
          .functions = {},
          .password = kPassword};
}

std::vector<Role> Roles(const ClusterRecord& record) {
  return {Administrator(record.cluster_spec().username),
          {.name = kReplicationUser,
           .attributes = "LOGIN REPLICATION NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS",
           .description = "login replication",
           .memberships = {},
           .functions = {},
           .password = kReplicationPassword},
          // https://www.postgresql.org/docs/17/app-pgrewind.html lists what it needs.
          {.name = kRewindUser,
           .attributes = "LOGIN NOREPLICATION NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS",
           .description = "login",
           .memberships = {},
           .functions = {"pg_ls_dir(text, boolean, boolean)", "pg_stat_file(text, boolean)",
                         "pg_read_binary_file(text)",
                         "pg_read_binary_file(text, bigint, bigint, boolean)"},
           .password = kRewindPassword}};
}

const Secret<std::string>& SecretOf(const ClusterRecord& record, const std::string& name) {
  return record.secrets.at(name);
}

std::string SaltOf(const ClusterRecord& record, const Role& role) {
  return ScramSalt(SecretOf(record, kRestPassword), role.name, SecretOf(record, role.password));
}

std::string RoleKey(const Role& role) { return std::string(kSecretSettingPrefix) + role.name; }

std::string RoleSql(const ClusterRecord& record, const Role& role) {
  const auto verifier = ScramVerifier(SecretOf(record, role.password), SaltOf(record, role));
  const std::string name = Identifier(role.name);
  std::string sql = fmt::format(
      "SELECT {} WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {}) \\gexec\n"
      "ALTER ROLE {} WITH {} PASSWORD {};\n",
      Literal("CREATE ROLE " + name), Literal(role.name), name, role.attributes,
      Literal(verifier.Reveal()));
  if (!role.memberships.empty()) {
    sql +=
        fmt::format("GRANT {} TO {} WITH ADMIN OPTION;\n", fmt::join(role.memberships, ", "), name);
  }
  for (const auto& function : role.functions) {
    sql += fmt::format("GRANT EXECUTE ON FUNCTION pg_catalog.{} TO {};\n", function, name);
  }
  return sql;
}

// A user's limits on statements are not meant for us, and notices for nobody.
constexpr char kPatientSession[] =
    "SET statement_timeout TO 0;\nSET lock_timeout TO 0;\nSET client_min_messages TO warning;\n";

/// The extension is preloaded; only a superuser could make its view appear.
std::string DatabaseSql(const std::string& name, const std::string& owner) {
  return fmt::format(
      "SELECT {0} WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = {1}) \\gexec\n"
      "ALTER DATABASE {2} OWNER TO {3};\n"
      "\\connect {2}\n"
      "{4}"
      "CREATE EXTENSION IF NOT EXISTS pg_stat_statements;\n",
      Literal(fmt::format("CREATE DATABASE {} OWNER {}", Identifier(name), Identifier(owner))),
      Literal(name), Identifier(name), Identifier(owner), kPatientSession);
}

bool Contains(const std::vector<std::string>& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

/// Nothing of what follows may end up in the server's log, not even when it fails; and it does not
/// wait for a standby, which may be missing just now.
constexpr char kQuietSession[] =
    "SET log_statement TO none;\n"
    "SET log_min_duration_statement TO -1;\n"
    "SET log_min_error_statement TO panic;\n"
    "SET default_transaction_read_only TO off;\n"
    "SET synchronous_commit TO local;\n";

std::string ValidUntilSql(const Login& login) {
  return fmt::format(
      "SELECT format('ALTER ROLE %I VALID UNTIL %L', {}, now() + interval '{} s') \\gexec\n",
      Literal(login.role), login.ttl.count() / 1000);
}

/// Only a role of ours, however `condition` is meant.
std::string DropLoginsSql(const ClusterRecord& record, const std::string& condition) {
  return fmt::format(
      R"(WITH doomed AS (
  SELECT oid, rolname FROM pg_roles WHERE starts_with(rolname, {prefix}) AND {condition}
), steps AS (
  SELECT rolname, 1 AS step, 'postgres' AS place, format(
      'ALTER ROLE %I NOLOGIN; SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = %L;',
      rolname, rolname) AS sql FROM doomed
  UNION
  SELECT rolname, 2, place, format('REASSIGN OWNED BY %I TO %I; DROP OWNED BY %I;', rolname, {heir}, rolname)
    FROM (SELECT rolname, datname AS place FROM doomed
            JOIN pg_shdepend ON refclassid = 'pg_authid'::regclass AND refobjid = doomed.oid
            JOIN pg_database ON pg_database.oid = dbid AND datallowconn
          UNION SELECT rolname, 'postgres' FROM doomed) AS places
  UNION
  SELECT rolname, 3, 'postgres', format('DROP ROLE IF EXISTS %I;', rolname) FROM doomed
)
SELECT json_build_array(place, {quiet} || sql) FROM steps ORDER BY rolname, step;
)",
      fmt::arg("prefix", Literal(kLoginPrefix)), fmt::arg("condition", condition),
      fmt::arg("heir", Literal(record.cluster_spec().username)),
      fmt::arg("quiet", Literal(std::string(kPatientSession) + kQuietSession)));
}

/// ('work_mem', '8192'), ... of those parameters among `keys` that `wanted` picks.
template <typename Wanted>
std::string DesiredRows(const std::string& major, const Settings& desired,
                        const std::vector<std::string>& keys, const Wanted& wanted) {
  const ParameterTable* table = FindParameterTable(major);
  std::string rows;
  for (const auto& key : keys) {
    const auto found = desired.find(key);
    if (!key.starts_with(kParameterPrefix) || found == desired.end()) continue;
    const auto* definition = table->Find(key.substr(kParameterPrefix.size()));
    if (definition == nullptr || !wanted(*definition)) continue;
    const auto value = ReadValue(*definition, found->second.Reveal());
    if (!value) continue;
    rows += fmt::format("{}({}, {})", rows.empty() ? "" : ", ", Literal(definition->name),
                        Literal(value->setting));
  }
  return rows;
}

std::string DifferenceSql(const std::string& rows, const char* condition) {
  if (rows.empty()) return {};
  return fmt::format(
      "SELECT wanted.name FROM (VALUES {}) AS wanted(name, value)"
      " JOIN pg_settings AS found ON lower(found.name) = wanted.name"
      " WHERE {} AND CASE WHEN vartype IN ('integer', 'real')"
      " THEN setting::float8 <> value::float8 ELSE lower(setting) <> lower(value) END"
      " ORDER BY 1;\n",
      rows, condition);
}

std::string Quoted(const std::string& text, char quote) {
  std::string quoted(1, quote);
  for (const char character : text) {
    if (character == quote) quoted += quote;
    quoted += character;
  }
  return quoted + quote;
}

}  // namespace

std::string Literal(std::string_view text) { return Quoted(std::string(text), '\''); }
std::string Identifier(std::string_view name) { return Quoted(std::string(name), '"'); }

Settings RoleSettings(const ClusterRecord& record) {
  Settings settings;
  for (const auto& role : Roles(record)) {
    std::string description = role.description;
    for (const auto& membership : role.memberships) description += " " + membership;
    description += " " + ScramPrefix(SaltOf(record, role));
    settings.emplace(RoleKey(role), Secret(std::move(description)));
  }
  return settings;
}

Secret<std::string> SettingsSql(const ClusterRecord& record, const std::vector<std::string>& keys) {
  const ClusterSpec& spec = record.cluster_spec();
  std::string sql;
  for (const auto& role : Roles(record)) {
    if (Contains(keys, RoleKey(role))) sql += RoleSql(record, role);
  }
  if (Contains(keys, std::string(kDatabasePrefix) + spec.db_name)) {
    sql += DatabaseSql(spec.db_name, spec.username);
  }
  return Secret(sql.empty() ? sql : kPatientSession + (kQuietSession + sql));
}

Secret<std::string> OpenLoginSql(const ClusterRecord& record, const Login& login) {
  const bool writes = login.access == Login::Access::kReadWrite;
  const auto verifier = ScramVerifier(
      login.password, ScramSalt(SecretOf(record, kRestPassword), login.role, login.password));
  // No moment at which the role is there without its end, and none that another one waits for: a
  // grant on the database is made only where not everybody has it.
  return Secret(fmt::format(
      "{patient}{quiet}BEGIN;\n"
      "SELECT {create} WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {literal}) \\gexec\n"
      "{until}"
      "ALTER ROLE {name} WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS "
      "PASSWORD {verifier};\n"
      "GRANT pg_read_all_data{writes} TO {name};\n"
      "SELECT {connect} WHERE NOT has_database_privilege({literal}, {database}, 'CONNECT') "
      "\\gexec\n"
      "COMMIT;\n",
      fmt::arg("patient", kPatientSession), fmt::arg("quiet", kQuietSession),
      fmt::arg("create", Literal("CREATE ROLE " + Identifier(login.role))),
      fmt::arg("literal", Literal(login.role)), fmt::arg("name", Identifier(login.role)),
      fmt::arg("until", ValidUntilSql(login)), fmt::arg("verifier", Literal(verifier.Reveal())),
      fmt::arg("writes", writes ? ", pg_write_all_data" : ""),
      fmt::arg("connect", Literal(fmt::format("GRANT CONNECT ON DATABASE {} TO {}",
                                              Identifier(record.cluster_spec().db_name),
                                              Identifier(login.role)))),
      fmt::arg("database", Literal(record.cluster_spec().db_name))));
}

Secret<std::string> RenewLoginSql(const Login& login) {
  return Secret(kPatientSession + (kQuietSession + ValidUntilSql(login)));
}

std::string ExpiredLoginsSql(const ClusterRecord& record) {
  return DropLoginsSql(record, "rolvaliduntil < now()");
}

std::string LoginSql(const ClusterRecord& record, const std::string& role) {
  return DropLoginsSql(record, "rolname = " + Literal(role));
}

std::string ObserveSql(const ClusterRecord& record) {
  std::string roles;
  std::string memberships;
  for (const auto& role : Roles(record)) {
    roles += (roles.empty() ? "" : ", ") + Literal(role.name);
    for (const auto& membership : role.memberships) {
      memberships += (memberships.empty() ? "" : ", ") + Literal(membership);
    }
  }
  return fmt::format(
      R"(SELECT json_build_object(
  'roles', (SELECT json_object_agg(rolname, concat_ws(' ',
      CASE WHEN rolcanlogin THEN 'login' END, CASE WHEN rolcreatedb THEN 'createdb' END,
      CASE WHEN rolcreaterole THEN 'createrole' END,
      CASE WHEN rolreplication THEN 'replication' END, CASE WHEN rolsuper THEN 'superuser' END,
      (SELECT string_agg(DISTINCT granted.rolname, ' ' ORDER BY granted.rolname)
         FROM pg_auth_members JOIN pg_roles AS granted ON granted.oid = roleid
        WHERE member = pg_authid.oid AND granted.rolname IN ({1})),
      split_part(rolpassword, '$', 1) || '$' || split_part(rolpassword, '$', 2)))
    FROM pg_authid WHERE rolname IN ({0})),
  'databases', (SELECT json_object_agg(datname, pg_get_userbyid(datdba))
    FROM pg_database WHERE datname = {2}));
)",
      roles, memberships, Literal(record.cluster_spec().db_name));
}

std::string ReplaySql() {
  return kPatientSession + std::string(R"(DO $$ BEGIN
  FOR attempt IN 1..100 LOOP
    EXIT WHEN NOT pg_is_in_recovery()
      OR pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0') >= WRITTEN;
    PERFORM pg_sleep(0.01);
  END LOOP;
END $$;)");
}

std::string EffectSql(const std::string& major, const Settings& desired,
                      const std::vector<std::string>& keys) {
  // The server rewrites some texts ("iso" becomes "ISO, MDY"), so texts are not compared; and it
  // shows for tcp_... what the session's own socket has. A value that comes from nearer to the
  // session than the configuration is somebody's own wish.
  const auto rows = DesiredRows(major, desired, keys, [](const auto& definition) {
    return definition.impact() == Impact::kReload &&
           definition.type != ParameterDefinition::Type::kString &&
           !definition.name.starts_with("tcp_");
  });
  return DifferenceSql(rows, "source IN ('default', 'configuration file')");
}

std::string RestartSql(const std::string& major, const Settings& desired,
                       const std::vector<std::string>& keys) {
  const auto rows = DesiredRows(major, desired, keys, [](const auto& definition) {
    return definition.impact() == Impact::kRestart;
  });
  return DifferenceSql(rows, "context = 'postmaster'");
}

}  // namespace dbaas::postgresql
