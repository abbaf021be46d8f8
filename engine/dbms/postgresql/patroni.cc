// SPDX-License-Identifier: MPL-2.0
#include "engine/dbms/postgresql/patroni.h"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "engine/base/json.h"
#include "engine/dbms/postgresql/dynamic_configuration.h"
#include "engine/dbms/postgresql/parameters.h"
#include "engine/dbms/postgresql/pgbackrest.h"

namespace dbaas::postgresql {
namespace {

/// A JSON scalar is a YAML scalar; strings are always quoted, so that no "off" turns into false.
void WriteScalar(const Json& value, std::string& text) {
  text.append(value.is_string() ? Quoted(value.get_ref<const std::string&>()) : value.dump());
  text.append("\n");
}

/// An object without lists in it.
void Write(const Json& object, std::size_t indent, std::string& text) {
  for (const auto& [key, item] : object.get_ref<const Json::object_t&>()) {
    text.append(indent, ' ').append(key);
    if (item.is_object() && !item.empty()) {
      Write(item, indent + 2, text.append(":\n"));
    } else {
      WriteScalar(item, text.append(": "));
    }
  }
}

/// An item of a list under `postgresql` for each.
std::string Lines(const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) text.append("    - ").append(Quoted(item)).append("\n");
  return text;
}

/// The first line that fits decides. Everyone comes in with TLS and SCRAM; the superuser only comes
/// in from inside, as the system's user that all of it runs as, without a password that could leak.
std::vector<std::string> HostBasedAuthentication() {
  return {
      fmt::format("local all {} peer map=system", kSuperuser),
      fmt::format("local replication {} peer map=system", kReplicationUser),
      "local all all scram-sha-256",
      fmt::format("host all {} all reject", kSuperuser),
      fmt::format("hostssl replication {} all scram-sha-256", kReplicationUser),
      fmt::format("hostssl {} {} all scram-sha-256", kSuperuser, kRewindUser),
      fmt::format("host all {},{} all reject", kReplicationUser, kRewindUser),
      "hostssl all all all scram-sha-256",
  };
}

std::string ParametersOf(const ClusterSpec& spec, const Member& member) {
  std::string text;
  for (const auto& [name, value] : LocalParameters(spec, member.resources)) {
    text.append("    ").append(name).append(": ").append(Quoted(value)).append("\n");
  }
  return text;
}

/// These come before the same of the whole cluster, so a policy comes and goes by a reload.
std::string ArchivingOf(const ClusterRecord& record) {
  const BackupPolicySpec* policy = record.backup_policy();
  if (policy == nullptr) return {};
  return fmt::format("    archive_command: {}\n    archive_timeout: {}\n",
                     Quoted(ArchiveCommand(record)), policy->archive_timeout_seconds);
}

// Credentials with which a member reaches another one: it checks that it talks to a member of this
// cluster, for nobody else has a certificate of its authority. Which one it is does not matter, and
// on some hosts members have no names to check. A member that went astray is made anew from the
// primary when rewinding does not help.
constexpr char kMemberYaml[] = R"(scope: {scope}
namespace: "/dbaas/"
name: {name}
etcd3:
  hosts: {etcd}
restapi:
  listen: {rest_listen}
  connect_address: {rest_address}
  authentication:
    username: {rest_user}
    password: {rest_password}
postgresql:
  listen: {listen}
  connect_address: {address}
  data_dir: {data}
  pgpass: {pgpass}
  use_unix_socket: true
  use_unix_socket_repl: true
  use_pg_rewind: true
  remove_data_directory_on_rewind_failure: true
  remove_data_directory_on_diverged_timelines: true
  basebackup:
    checkpoint: "fast"
  parameters:
    unix_socket_directories: {sockets}
    ssl: "on"
    ssl_cert_file: {certificate}
    ssl_key_file: {key}
    ssl_ca_file: {authority}
{parameters}  pg_hba:
{rules}  pg_ident:
{system_users}  authentication:
    superuser:
      username: {superuser}
    replication:
      username: {replication_user}
      password: {replication_password}
      sslmode: "verify-ca"
      sslrootcert: {authority}
    rewind:
      username: {rewind_user}
      password: {rewind_password}
      sslmode: "verify-ca"
      sslrootcert: {authority}
watchdog:
  mode: "off"
{tags})";

constexpr char kReplicaTags[] = R"(tags:
  nofailover: true
  nosync: true
)";

}  // namespace

std::string BootstrapYaml(const Settings& settings) {
  std::string text = "bootstrap:\n  dcs:\n";
  Write(DynamicConfiguration(settings), 4, text);
  // Sorted by bytes, the same on every system: a text index made by one image is valid in the next.
  return text += R"(  initdb:
    - {"encoding":"UTF8"}
    - {"locale":"C.UTF-8"}
    - "data-checksums"
)";
}

Secret<std::string> MemberYaml(const ClusterRecord& record, const Member& member) {
  const ClusterSpec& spec = record.cluster_spec();
  const auto secret = [&](const char* name) { return Quoted(record.secrets.at(name).Reveal()); };
  const auto at = [](const std::string& host, int port) {
    return Quoted(fmt::format("{}:{}", host, port));
  };
  const auto path = [](const std::string& path) { return Quoted(OwnPath(path)); };
  const std::string address = AddressOfInstance(member.name);
  const std::string user = OwnUser(kSystemUser);
  static const std::string kRules = Lines(HostBasedAuthentication());
  using namespace fmt::literals;
  return Secret(fmt::format(
      FMT_COMPILE(kMemberYaml),  // Finding 22 names at run time would take longer than the rest.
      "scope"_a = Quoted(Scope(record)), "name"_a = Quoted(member.name),
      "etcd"_a = at(AddressOfInstance(EtcdName()), kEtcdPort),
      "rest_listen"_a = at(ListenAddress(), kRestPort), "rest_address"_a = at(address, kRestPort),
      "rest_user"_a = Quoted(kRestUser), "rest_password"_a = secret(kRestPassword),
      "listen"_a = at(ListenAddress(), kPostgresPort), "address"_a = at(address, kPostgresPort),
      "data"_a = path(DataFolder(MajorOf(spec.engine_version))),
      "pgpass"_a = path(std::string(kSocketFolder) + "/pgpass"), "sockets"_a = path(kSocketFolder),
      "certificate"_a = path(kCertificatePath), "key"_a = path(kKeyPath),
      "authority"_a = path(kAuthorityPath),
      "parameters"_a = ArchivingOf(record) + ParametersOf(spec, member), "rules"_a = kRules,
      "system_users"_a = Lines({fmt::format("system {} {}", user, kSuperuser),
                                fmt::format("system {} {}", user, kReplicationUser)}),
      "superuser"_a = Quoted(kSuperuser), "replication_user"_a = Quoted(kReplicationUser),
      "replication_password"_a = secret(kReplicationPassword),
      "rewind_user"_a = Quoted(kRewindUser), "rewind_password"_a = secret(kRewindPassword),
      "tags"_a = member.is_replica ? kReplicaTags : ""));
}

}  // namespace dbaas::postgresql
