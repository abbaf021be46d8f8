// SPDX-License-Identifier: MPL-2.0
//
// The verbs of backups and of restoring them, by pgBackRest (pgbackrest.h), and how its list of
// them is read. Source: https://pgbackrest.org/command.html#command-info (the JSON of 2.45
// to 2.55).
#include <fmt/format.h>

#include "engine/dbms/postgresql/dynamic_configuration.h"
#include "engine/dbms/postgresql/embedded.h"
#include "engine/dbms/postgresql/pgbackrest.h"
#include "engine/dbms/postgresql/postgresql.h"
#include "engine/dbms/postgresql/script.h"
#include "engine/dbms/postgresql/topology.h"

namespace dbaas::postgresql {
namespace {

// Of a stanza's status. The first is said by the list itself, which is empty then; with the second
// there is no list.
constexpr int kNoBackups = 2;
constexpr int kRepositoryUnreadable = 99;

std::string Joined(std::string_view first, std::string_view second) {
  return std::string(first) + "\n\n" + std::string(second);
}

/// What every script needs that looks at a data folder itself.
Json OfDataFolder(const ClusterRecord& record) {
  const std::string folder = DataFolder(MajorOf(record.cluster_spec().engine_version));
  return {{"address", LocalAddress()},
          {"socket_folder", OwnPath(kSocketFolder)},
          {"data_folder", OwnPath(folder)}};
}

Command RunBackupScript(const ClusterRecord& record, const char* task, const std::string& primary) {
  Json arguments = OfDataFolder(record);
  arguments.update({{"task", task}, {"config", OwnPath(kBackupPath)}, {"stanza", Stanza(record)}});
  return RunScript(Joined(embedded::kPgbackrest, embedded::kBackups), arguments, primary);
}

Command RunOnData(std::string_view script, const Json& arguments, const std::string& workbench) {
  return RunScript(Joined(embedded::kServer, script), arguments, workbench);
}

/// An empty target is the end of the log, and an empty branch the one that is written to now.
Command RunRestore(const ClusterRecord& record, const std::string& stanza, const Json& target,
                   const std::string& branch, const std::string& workbench) {
  Json arguments = OfDataFolder(record);
  arguments.update(
      {{"config", OwnPath(kBackupPath)},
       {"stanza", stanza},
       {"version", MajorOf(record.cluster_spec().engine_version)},
       {"mark", OwnPath(std::string(kDataMount) + "/restored.json")},
       {"target", target},
       {"timeline", branch},
       {"configuration", DynamicConfiguration(DynamicSettings(record.cluster_spec()))}});
  return RunOnData(Joined(embedded::kPgbackrest, embedded::kRestore), arguments, workbench);
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

/// "2026-11-21 10:30:00.000+00"
std::string ForPostgres(TimePoint time) {
  std::string text = ToText(time);
  text[text.find('T')] = ' ';
  text.replace(text.find('Z'), 1, "+00");
  return text;
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
  const auto code = GetInt(status, "code");
  if (code != 0 && code != kNoBackups) catalogue.repository_problem = GetString(status, "message");
  catalogue.is_known = code != kRepositoryUnreadable;
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

Command PostgreSql::LookAtArchiving(const ClusterRecord& record, const std::string& primary) const {
  return RunBackupScript(record, "archiving", primary);
}

Result<Archiving> PostgreSql::ReadArchiving(const std::string& output) const {
  const Json answer = TRY(ParseJson(output, "how the log is archived"));
  return Archiving{.problem = GetString(answer, "problem"),
                   .room_bytes = GetInt(answer, "room_bytes")};
}

Command PostgreSql::CompleteLog(const ClusterRecord& record, const std::string& primary) const {
  return RunBackupScript(record, "complete", primary);
}

Result<std::map<std::string, Secret<std::string>>> PostgreSql::RestoreSecrets(
    const RestoreSpec& restore, const ClusterRecord& source, const ClusterSpec& next) const {
  const std::string& version = source.cluster_spec().engine_version;
  if (MajorOf(version) != MajorOf(next.engine_version)) {
    return Invalid("engine_version",
                   fmt::format("a backup of PostgreSQL {} cannot be restored into PostgreSQL {}",
                               MajorOf(version), MajorOf(next.engine_version)),
                   "A physical backup fits its own major version only.");
  }
  return std::map<std::string, Secret<std::string>>{
      {kSourceConfiguration, BackupConfiguration(source)},
      {kSourceAuthority, StorageAuthority(source)},
      {kSourceStanza, Secret(Stanza(source))},
      {kSourceBranch, Secret(restore.time ? source.BranchAt(*restore.time) : std::string())}};
}

Command PostgreSql::Restore(const ClusterRecord& record, const std::string& workbench) const {
  const RestoreSpec& restore = *record.restoring();
  Json target = Json::object();
  if (restore.time) target = {{"type", "time"}, {"target", ForPostgres(*restore.time)}};
  if (!restore.backup_id.empty()) target = {{"type", "immediate"}, {"set", restore.backup_id}};
  if (!restore.position.empty()) target = {{"type", "lsn"}, {"target", restore.position}};
  // One that was begun by an earlier version has no branch.
  return RunRestore(record, OfSource(record, kSourceStanza).Reveal(), target,
                    OfSource(record, kSourceBranch).Reveal(), workbench);
}

std::vector<Verification::Check> VerificationChecks(const ClusterRecord& record,
                                                    const std::string& workbench) {
  const ClusterSpec& spec = record.cluster_spec();
  const std::string& query = record.backup_policy()->verify_query;
  const auto check = [&](const char* task) {
    Json arguments = OfDataFolder(record);
    arguments.update({{"task", task},
                      {"username", spec.username},
                      {"database", spec.db_name},
                      {"query", query}});
    return RunOnData(embedded::kVerify, arguments, workbench);
  };
  std::vector<Verification::Check> checks = {
      {"restoring the newest backup and all of the log since",
       RunRestore(record, Stanza(record), Json::object(), "", workbench)},
      {"comparing every page with its checksum", check("pages")},
      {"reading all tables and B-trees", check("tables")}};
  if (!query.empty()) checks.push_back({"asking the policy's query", check("query")});
  return checks;
}

}  // namespace dbaas::postgresql
