// SPDX-License-Identifier: MPL-2.0
//
// The verbs of backups, by pgBackRest (pgbackrest.h), and how its list of them is read.
// Source: https://pgbackrest.org/command.html#command-info (the JSON of 2.45 to 2.55).
#include <fmt/format.h>

#include "engine/dbms/postgresql/embedded.h"
#include "engine/dbms/postgresql/pgbackrest.h"
#include "engine/dbms/postgresql/postgresql.h"
#include "engine/dbms/postgresql/script.h"
#include "engine/dbms/postgresql/topology.h"

namespace dbaas::postgresql {
namespace {

Command RunBackupScript(const ClusterRecord& record, const char* task, const std::string& primary) {
  return RunScript(embedded::kBackups,
                   {{"task", task},
                    {"config", OwnPath(kBackupPath)},
                    {"stanza", Stanza(record)},
                    {"address", LocalAddress()},
                    {"socket_folder", OwnPath(kSocketFolder)}},
                   primary);
}

/// pgBackRest's own words.
const char* Word(BackupKind kind) {
  switch (kind) {
    case BackupKind::kFull: return "full";
    case BackupKind::kDifferential: return "diff";
    case BackupKind::kIncremental: return "incr";
  }
  return "";
}

BackupKind KindOf(const std::string& word) {
  if (word == Word(BackupKind::kDifferential)) return BackupKind::kDifferential;
  return word == Word(BackupKind::kIncremental) ? BackupKind::kIncremental : BackupKind::kFull;
}

TimePoint FromSeconds(const Json& json, std::string_view key) {
  return TimePoint(std::chrono::seconds(GetInt(json, key)));
}

Backup ReadBackup(const Json& json) {
  const Json& info = GetMember(json, "info");
  const Json& position = GetMember(json, "lsn");
  const Json& time = GetMember(json, "timestamp");
  return {.id = GetString(json, "label"),
          .kind = KindOf(GetString(json, "type")),
          .began = FromSeconds(time, "start"),
          .ended = FromSeconds(time, "stop"),
          .database_bytes = GetInt(info, "size"),
          .repository_bytes = GetInt(GetMember(info, "repository"), "delta"),
          .first_position = GetString(position, "start"),
          .last_position = GetString(position, "stop"),
          .damaged = GetBool(json, "error")};
}

}  // namespace

Command PostgreSql::ProveRepository(const ClusterRecord& record, const std::string& primary) const {
  return RunBackupScript(record, "prove", primary);
}

Command PostgreSql::TakeBackup(const ClusterRecord& record, BackupKind kind,
                               const std::string& primary) const {
  return RunBackupScript(record, Word(kind), primary);
}

Command PostgreSql::ListBackups(const ClusterRecord& record, const std::string& primary) const {
  return RunBackupScript(record, "list", primary);
}

Result<BackupCatalogue> PostgreSql::ReadBackups(const std::string& output) const {
  const Json answer = TRY(ParseJson(output, "the list of backups"));
  BackupCatalogue catalogue;
  catalogue.archiving_problem = GetString(answer, "archiving_problem");
  const Json& stanzas = GetMember(answer, "info");
  if (!stanzas.is_array() || stanzas.empty()) {
    catalogue.repository_problem = "the repository does not know this cluster";
    return catalogue;
  }
  const Json& stanza = stanzas.front();
  const Json& status = GetMember(stanza, "status");
  // 2 is "no valid backups", which the list says by itself.
  if (const auto code = GetInt(status, "code"); code != 0 && code != 2) {
    catalogue.repository_problem = GetString(status, "message");
  }
  for (const auto& backup : GetMember(stanza, "backup")) {
    catalogue.backups.push_back(ReadBackup(backup));
  }
  if (catalogue.backups.empty()) return catalogue;
  catalogue.earliest = catalogue.backups.front().ended;
  // A backup is consistent from its own end on, whatever the archive has done since.
  catalogue.latest =
      std::max(catalogue.backups.back().ended, ToTimePoint(GetString(answer, "archived_at")));
  return catalogue;
}

}  // namespace dbaas::postgresql
