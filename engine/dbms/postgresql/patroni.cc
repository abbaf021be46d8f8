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
  if (value.is_string()) {
    // Nothing to escape, as nearly always: dump() would make a serializer for it.
    const auto& string = value.get_ref<const std::string&>();
    const auto is_plain = [](unsigned char c) {
      return c >= ' ' && c < 127 && c != '"' && c != '\\';
    };
    if (std::all_of(string.begin(), string.end(), is_plain)) {
      text.append("\"").append(string).append("\"\n");
      return;
    }
  }
  text.append(value.dump()).append("\n");
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

std::string At(const std::string& host, int port) { return fmt::format("{}:{}", host, port); }

/// Credentials with which a member reaches another one. It checks that it talks to a member of this
/// cluster: nobody else has a certificate of its authority. Which one it is does not matter, and on
/// some hosts members have no names to check.
Yaml Login(const char* user, const Secret<std::string>& password) {
  return {{"username", user},
          {"password", password.Reveal()},
          {"sslmode", "verify-ca"},
          {"sslrootcert", OwnPath(kAuthorityPath)}};
}

/// The first line that fits decides. Everyone comes in with TLS and SCRAM; the superuser only comes
/// in from inside, as the system's user that all of it runs as, without a password that could leak.
const Yaml& HostBasedAuthentication() {
  static const Yaml kRules = {
      fmt::format("local all {} peer map=system", kSuperuser),
      fmt::format("local replication {} peer map=system", kReplicationUser),
      "local all all scram-sha-256",
      fmt::format("host all {} all reject", kSuperuser),
      fmt::format("hostssl replication {} all scram-sha-256", kReplicationUser),
      fmt::format("hostssl {} {} all scram-sha-256", kSuperuser, kRewindUser),
      fmt::format("host all {},{} all reject", kReplicationUser, kRewindUser),
      "hostssl all all all scram-sha-256",
  };
  return kRules;
}

Yaml ParametersOf(const ClusterSpec& spec, const Member& member) {
  Yaml parameters = {{"unix_socket_directories", OwnPath(kSocketFolder)},
                     {"ssl", "on"},
                     {"ssl_cert_file", OwnPath(kCertificatePath)},
                     {"ssl_key_file", OwnPath(kKeyPath)},
                     {"ssl_ca_file", OwnPath(kAuthorityPath)}};
  for (const auto& [name, value] : LocalParameters(spec, member.resources)) {
    parameters[name] = value;
  }
  return parameters;
}

Yaml PostgresOf(const ClusterRecord& record, const Member& member) {
  const ClusterSpec& spec = record.cluster_spec();
  const auto& secrets = record.secrets;
  return {{"listen", At(ListenAddress(), kPostgresPort)},
          {"connect_address", At(AddressOfInstance(member.name), kPostgresPort)},
          {"data_dir", OwnPath(DataFolder(MajorOf(spec.engine_version)))},
          {"pgpass", OwnPath(std::string(kSocketFolder) + "/pgpass")},
          {"use_unix_socket", true},
          {"use_unix_socket_repl", true},
          // A member that went astray is made anew from the primary when rewinding does not help.
          {"use_pg_rewind", true},
          {"remove_data_directory_on_rewind_failure", true},
          {"remove_data_directory_on_diverged_timelines", true},
          {"basebackup", {{"checkpoint", "fast"}}},
          {"parameters", ParametersOf(spec, member)},
          {"pg_hba", HostBasedAuthentication()},
          {"pg_ident",
           {fmt::format("system {} {}", OwnUser(kSystemUser), kSuperuser),
            fmt::format("system {} {}", OwnUser(kSystemUser), kReplicationUser)}},
          {"authentication",
           {{"superuser", {{"username", kSuperuser}}},
            {"replication", Login(kReplicationUser, secrets.at(kReplicationPassword))},
            {"rewind", Login(kRewindUser, secrets.at(kRewindPassword))}}}};
}

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
  Yaml yaml = {
      {"scope", Scope(record)},
      {"namespace", "/dbaas/"},
      {"name", member.name},
      {"etcd3", {{"hosts", At(AddressOfInstance(EtcdName()), kEtcdPort)}}},
      {"restapi",
       {{"listen", At(ListenAddress(), kRestPort)},
        {"connect_address", At(AddressOfInstance(member.name), kRestPort)},
        {"authentication",
         {{"username", kRestUser}, {"password", record.secrets.at(kRestPassword).Reveal()}}}}},
      {"postgresql", PostgresOf(record, member)},
      {"watchdog", {{"mode", "off"}}}};
  if (member.is_replica) yaml["tags"] = {{"nofailover", true}, {"nosync", true}};
  return Secret(ToYaml(yaml));
}

}  // namespace dbaas::postgresql
