// SPDX-License-Identifier: MPL-2.0
#include "engine/dbms/postgresql/patroni.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "engine/base/json.h"
#include "engine/dbms/postgresql/dynamic_configuration.h"
#include "engine/dbms/postgresql/parameters.h"

namespace dbaas::postgresql {
namespace {

using Yaml = nlohmann::ordered_json;  // Keeps the order in which people expect the keys.

/// A JSON scalar is a YAML scalar; strings are always quoted, so that no "off" turns into false.
void WriteScalar(const Yaml& value, std::string& text) {
  text.append(value.is_string() ? Quoted(value.get_ref<const std::string&>()) : value.dump());
  text.append("\n");
}

bool IsNested(const Yaml& value) { return value.is_structured() && !value.empty(); }

void Write(const Yaml& value, std::size_t indent, std::string& text) {
  if (value.is_object()) {
    for (const auto& [key, item] : value.get_ref<const Yaml::object_t&>()) {
      text.append(indent, ' ').append(key);
      if (!IsNested(item)) {
        WriteScalar(item, text.append(": "));
        continue;
      }
      Write(item, indent + 2, text.append(":\n"));
    }
    return;
  }
  for (const auto& item : value) WriteScalar(item, text.append(indent, ' ').append("- "));
}

std::string ToYaml(const Yaml& value) {
  std::string text;
  Write(value, 0, text);
  return text;
}

/// A line for each, quoted.
std::string Lines(std::string_view indent, const std::vector<std::string>& items) {
  std::string text;
  for (const auto& item : items) text.append(indent).append(Quoted(item)).append("\n");
  return text;
}

/// The first line that fits decides. Everyone comes in with TLS and SCRAM; the superuser only comes
/// in from inside, as the system's user that all of it runs as, without a password that could leak.
const std::string& HostBasedAuthentication() {
  static const std::string kRules =
      Lines("    - ", {
                          fmt::format("local all {} peer map=system", kSuperuser),
                          fmt::format("local replication {} peer map=system", kReplicationUser),
                          "local all all scram-sha-256",
                          fmt::format("host all {} all reject", kSuperuser),
                          fmt::format("hostssl replication {} all scram-sha-256", kReplicationUser),
                          fmt::format("hostssl {} {} all scram-sha-256", kSuperuser, kRewindUser),
                          fmt::format("host all {},{} all reject", kReplicationUser, kRewindUser),
                          "hostssl all all all scram-sha-256",
                      });
  return kRules;
}

std::string ParametersOf(const ClusterSpec& spec, const Member& member) {
  std::string text;
  for (const auto& [name, value] : LocalParameters(spec, member.resources)) {
    text.append("    ").append(name).append(": ").append(Quoted(value)).append("\n");
  }
  return text;
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
  std::vector<std::string> keys;
  for (const auto& [key, value] : settings) keys.push_back(key);
  // Sorted by bytes, the same on every system: a text index made by one image is valid in the next.
  const Yaml bootstrap = {
      {"bootstrap",
       {{"dcs", Yaml(DynamicPatch(settings, keys))},
        {"initdb",
         Yaml::array({{{"encoding", "UTF8"}}, {{"locale", "C.UTF-8"}}, "data-checksums"})}}}};
  return ToYaml(bootstrap);
}

Secret<std::string> MemberYaml(const ClusterRecord& record, const Member& member) {
  const ClusterSpec& spec = record.cluster_spec();
  const auto secret = [&](const char* name) { return Quoted(record.secrets.at(name).Reveal()); };
  const auto at = [](const std::string& host, int port) {
    return Quoted(fmt::format("{}:{}", host, port));
  };
  const auto path = [](const std::string& path) { return Quoted(OwnPath(path)); };
  const std::string address = AddressOfInstance(member.name);
  return Secret(fmt::format(
      kMemberYaml, fmt::arg("scope", Quoted(Scope(record))), fmt::arg("name", Quoted(member.name)),
      fmt::arg("etcd", at(AddressOfInstance(EtcdName()), kEtcdPort)),
      fmt::arg("rest_listen", at(ListenAddress(), kRestPort)),
      fmt::arg("rest_address", at(address, kRestPort)), fmt::arg("rest_user", Quoted(kRestUser)),
      fmt::arg("rest_password", secret(kRestPassword)),
      fmt::arg("listen", at(ListenAddress(), kPostgresPort)),
      fmt::arg("address", at(address, kPostgresPort)),
      fmt::arg("data", path(DataFolder(MajorOf(spec.engine_version)))),
      fmt::arg("pgpass", path(std::string(kSocketFolder) + "/pgpass")),
      fmt::arg("sockets", path(kSocketFolder)), fmt::arg("certificate", path(kCertificatePath)),
      fmt::arg("key", path(kKeyPath)), fmt::arg("authority", path(kAuthorityPath)),
      fmt::arg("parameters", ParametersOf(spec, member)),
      fmt::arg("rules", HostBasedAuthentication()),
      fmt::arg(
          "system_users",
          Lines("    - ", {fmt::format("system {} {}", OwnUser(kSystemUser), kSuperuser),
                           fmt::format("system {} {}", OwnUser(kSystemUser), kReplicationUser)})),
      fmt::arg("superuser", Quoted(kSuperuser)),
      fmt::arg("replication_user", Quoted(kReplicationUser)),
      fmt::arg("replication_password", secret(kReplicationPassword)),
      fmt::arg("rewind_user", Quoted(kRewindUser)),
      fmt::arg("rewind_password", secret(kRewindPassword)),
      fmt::arg("tags", member.is_replica ? kReplicaTags : "")));
}

}  // namespace dbaas::postgresql
