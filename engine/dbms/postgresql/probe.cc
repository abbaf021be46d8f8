// SPDX-License-Identifier: MPL-2.0
//
// The probe and how its answer is read. The answer (scripts/probe.py):
//   {"self": GET /patroni, "cluster": GET /cluster, "members": {name: GET /patroni of each},
//    "config": GET /config, "database": {"roles": {...}, "databases": {...}}, "error": "..."}
// Everything but "self" may be missing or null. Source of the words: Patroni's REST API, 3.0
// to 4.0, https://patroni.readthedocs.io/en/latest/rest_api.html#monitoring-endpoint
#include <fmt/format.h>

#include <algorithm>

#include "engine/dbms/postgresql/dynamic_configuration.h"
#include "engine/dbms/postgresql/embedded.h"
#include "engine/dbms/postgresql/postgresql.h"
#include "engine/dbms/postgresql/script.h"
#include "engine/dbms/postgresql/sql.h"
#include "engine/dbms/postgresql/topology.h"

namespace dbaas::postgresql {
namespace {

bool IsLeader(const Json& entry) { return GetString(entry, "role") == "leader"; }

/// Patroni 3 says "master".
bool IsPrimary(const Json& status) {
  const std::string role = GetString(status, "role");
  return role == "primary" || role == "master";
}

bool IsReplica(const ClusterRecord& record, const Json& entry, const std::string& name) {
  const auto members = Members(record);
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const Member& member) { return member.name == name; });
  if (found != members.end()) return found->is_replica;
  return GetBool(GetMember(entry, "tags"), "nofailover");
}

Role RoleOf(const ClusterRecord& record, const Json& entry, const std::string& name) {
  if (IsLeader(entry)) return Role::kPrimary;
  return IsReplica(record, entry, name) ? Role::kReplica : Role::kStandby;
}

/// Whether the primary sends to this member just now.
bool IsSentTo(const Json& leader_status, const std::string& name) {
  for (const auto& follower : GetMember(leader_status, "replication")) {
    if (GetString(follower, "application_name") == name &&
        GetString(follower, "state") == "streaming") {
      return true;
    }
  }
  return false;
}

std::optional<std::int64_t> LagOf(const Json& entry, const Json& status,
                                  const Json& leader_status) {
  const Json& written = GetMember(GetMember(leader_status, "xlog"), "location");
  const Json& replayed = GetMember(GetMember(status, "xlog"), "replayed_location");
  if (written.is_number() && replayed.is_number()) {
    return std::max<std::int64_t>(0, written.get<std::int64_t>() - replayed.get<std::int64_t>());
  }
  const Json& lag = GetMember(entry, "lag");  // May be "unknown".
  if (lag.is_number()) return lag.get<std::int64_t>();
  return std::nullopt;
}

MemberFacts ReadMember(const ClusterRecord& record, const Json& entry, const Json& status,
                       const Json& leader_status) {
  MemberFacts facts{.name = GetString(entry, "name")};
  facts.role = RoleOf(record, entry, facts.name);
  const std::string role = GetString(entry, "role");
  facts.synchronous = role == "sync_standby" || role == "quorum_standby";
  if (!status.is_object()) {
    // Its entry outlives it by the ttl, so what the entry says of its state is a memory.
    facts.state = "not answering";
    facts.lag_bytes = LagOf(entry, status, Json());
    facts.pending_restart = GetBool(entry, "pending_restart");
    return facts;
  }
  facts.state = GetString(status, "state");
  facts.running = facts.state == "running";
  facts.pending_restart = GetBool(status, "pending_restart");
  if (facts.role == Role::kPrimary) {
    // It holds the key and is not there yet: nobody can write.
    if (facts.running && !IsPrimary(status)) {
      facts.running = false;
      facts.state = "promoting";
    }
    return facts;
  }
  const std::string replication = GetString(status, "replication_state");
  facts.streaming =
      facts.running && (replication == "streaming" || IsSentTo(leader_status, facts.name));
  if (facts.running && facts.streaming) facts.state = "streaming";
  if (facts.running && !facts.streaming && !replication.empty()) facts.state = replication;
  facts.lag_bytes = LagOf(entry, status, leader_status);
  return facts;
}

/// 170012 → "17.12"
std::string VersionText(std::int64_t number) {
  return number == 0 ? "" : fmt::format("{}.{}", number / 10000, number % 10000);
}

void ReadSettings(const ClusterRecord& record, const Json& answer, ClusterFacts& facts) {
  const Json& configuration = GetMember(answer, "config");
  const Json& database = GetMember(answer, "database");
  if (!configuration.is_object() || !database.is_object()) return;
  facts.settings = ReadDynamic(configuration, MajorOf(record.cluster_spec().engine_version));
  const auto add = [&](const char* list, std::string_view prefix) {
    const Json& found = GetMember(database, list);
    if (!found.is_object()) return;  // json_object_agg of nothing is null.
    for (const auto& [name, value] : found.items()) {
      if (!value.is_string()) continue;
      facts.settings.emplace(std::string(prefix) + name, Secret(value.get<std::string>()));
    }
  };
  add("roles", kSecretSettingPrefix);
  add("databases", kDatabasePrefix);
  facts.settings_known = true;
}

}  // namespace

Command PostgreSql::Probe(const ClusterRecord& record, const std::string& member) const {
  return RunScript(embedded::kProbe,
                   {{"address", LocalAddress()},
                    {"socket_folder", OwnPath(kSocketFolder)},
                    {"sql", ObserveSql(record)},
                    {"replay_sql", ReplaySql()}},
                   member);
}

Result<ClusterFacts> PostgreSql::ReadProbe(const ClusterRecord& record,
                                           const std::string& output) const {
  const Json answer = TRY(ParseJson(output, "the answer of a member's probe"));
  const Json& self = GetMember(answer, "self");
  if (!self.is_object()) return Unavailable("Patroni has not started yet");
  const Json& entries = GetMember(GetMember(answer, "cluster"), "members");
  // Whoever cannot see the cluster must not report that nobody is in it.
  if (!entries.is_array()) return Unavailable("the member cannot reach etcd");

  const Json& statuses = GetMember(answer, "members");
  const Json* leader_status = &GetMember(Json(), "");
  for (const auto& entry : entries) {
    if (IsLeader(entry)) leader_status = &GetMember(statuses, GetString(entry, "name"));
  }
  ClusterFacts facts;
  for (const auto& entry : entries) {
    const Json& status = GetMember(statuses, GetString(entry, "name"));
    facts.members.push_back(ReadMember(record, entry, status, *leader_status));
  }
  facts.version = VersionText(GetInt(*leader_status, "server_version"));
  if (facts.version.empty()) facts.version = VersionText(GetInt(self, "server_version"));
  ReadSettings(record, answer, facts);
  return facts;
}

}  // namespace dbaas::postgresql
