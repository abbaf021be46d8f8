// SPDX-License-Identifier: MPL-2.0
//
// The verbs of backups and of restoring them, by pgBackRest (pgbackrest.h), and how its list of
// them is read. Source: https://pgbackrest.org/command.html#command-info (the JSON of 2.45
// to 2.55).
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <sstream>

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

// What a backup is annotated with, and read back from the list.
constexpr char kMarkNote[] = "dbaas-mark";
constexpr char kAloneNote[] = "dbaas-alone";

/// What every script needs that calls pgBackRest for this cluster.
Json OfRepository(const ClusterRecord& record) {
  Json arguments = OfDataFolder(record);
  arguments.update({{"config", OwnPath(kBackupPath)}, {"stanza", Stanza(record)}});
  return arguments;
}

/// Both ends of a connection between members show one, and know the other by it.
Json OfCertificates() {
  return {{"certificate", OwnPath(kCertificatePath)},
          {"key", OwnPath(kKeyPath)},
          {"authority", OwnPath(kAuthorityPath)}};
}

Command RunBackupScript(const ClusterRecord& record, const char* task, const std::string& member,
                        const Json& more = Json::object()) {
  Json arguments = OfRepository(record);
  const BackupPolicySpec* policy = record.backup_policy();
  const bool is_volume = policy != nullptr && !policy->s3;
  arguments.update({{"task", task},
                    {"repository", is_volume ? OwnPath(kRepositoryMount) : std::string()},
                    {"bandwidth_limit", policy != nullptr ? policy->bandwidth_limit_bytes : 0}});
  arguments.update(more);
  return RunScript(Joined(embedded::kPgbackrest, embedded::kBackups), arguments, member);
}

Command RunOnData(std::string_view script, const Json& arguments, const std::string& workbench) {
  return RunScript(Joined(embedded::kServer, script), arguments, workbench);
}

/// What is in a repository: an empty target is the end of the log, and an empty branch the one that
/// is written to now.
Json FromRepository(const std::string& stanza, const Json& target, const std::string& branch) {
  return {{"config", OwnPath(kBackupPath)},
          {"stanza", stanza},
          {"target", target},
          {"name_note", kMarkNote},
          {"timeline", branch}};
}

/// What a cluster at work has now.
Json FromServer(const ClusterRecord& record) {
  Json hosts = Json::array();
  std::istringstream names(OfSource(record, kSourceMembers).Reveal());
  for (std::string name; names >> name;) hosts.push_back(AddressOfInstance(name));
  return {{"target", Json::object()},
          {"source",
           {{"hosts", hosts},
            {"port", kPostgresPort},
            {"user", kReplicationUser},
            {"password", OfSource(record, kSourcePassword).Reveal()},
            {"authority", OfSource(record, kSourceAuthority).Reveal()}}}};
}

Command RunRestore(const ClusterRecord& record, const Json& from, const std::string& workbench) {
  Json arguments = OfDataFolder(record);
  arguments.update(
      {{"version", MajorOf(record.cluster_spec().engine_version)},
       {"mark", OwnPath(std::string(kDataMount) + "/restored.json")},
       {"configuration", DynamicConfiguration(DynamicSettings(record.cluster_spec()))}});
  arguments.update(from);
  const std::string script = Joined(embedded::kClone, embedded::kRestore);
  return RunOnData(Joined(embedded::kPgbackrest, script), arguments, workbench);
}

/// The members that may lead, by name.
std::string CandidatesOf(const ClusterRecord& record) {
  std::string names;
  for (const auto& member : Members(record)) {
    if (!member.is_replica) names += (names.empty() ? "" : " ") + member.name;
  }
  return names;
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

/// The timeline of a piece of log, "00000002000000000000000A"; empty for none.
std::string BranchOf(const std::string& wal) {
  constexpr std::size_t kDigits = 8;
  if (wal.size() < kDigits) return {};
  return std::to_string(std::strtoul(wal.substr(0, kDigits).c_str(), nullptr, 16));
}

Backup ReadBackup(const Json& json) {
  const Json& info = GetMember(json, "info");
  const Json& position = GetMember(json, "lsn");
  const Json& time = GetMember(json, "timestamp");
  const Json& notes = GetMember(json, "annotation");
  const std::string label = GetString(json, "label");
  return {.id = label,
          .chain = label.substr(0, label.find('_')),
          .kind = KindOf(GetString(json, "type")),
          .began = FromSeconds(time, "start"),
          .ended = FromSeconds(time, "stop"),
          .database_bytes = GetInt(info, "size"),
          .repository_bytes = GetInt(GetMember(info, "repository"), "delta"),
          .first_position = GetString(position, "start"),
          .last_position = GetString(position, "stop"),
          .damaged = GetBool(json, "error"),
          .is_alone = !GetString(notes, kAloneNote).empty(),
          .mark = GetString(notes, kMarkNote)};
}

}  // namespace

Command PostgreSql::ProveRepository(const ClusterRecord& record, const std::string& primary) const {
  return RunBackupScript(record, "prove", primary);
}

Command PostgreSql::ServeBackup(const ClusterRecord& record, const std::string& follower,
                                const std::string& primary) const {
  Json arguments = OfRepository(record);
  arguments.update(OfCertificates());
  arguments.update({{"follower", follower},
                    {"member", primary},
                    {"reach", AddressOfInstance(primary)},
                    {"listen", ListenAddress()}});
  return RunScript(Joined(embedded::kPgbackrest, embedded::kServeBackup), arguments, primary);
}

Command PostgreSql::TakeBackup(const ClusterRecord& record, BackupKind kind,
                               const std::string& mark, const BackupSource& source,
                               const std::string& primary) const {
  Json more = Json::object();
  if (!mark.empty()) more["annotation"] = fmt::format("{}={}", kMarkNote, mark);
  if (!source.service.empty()) {
    more["through"] = OfCertificates();
    more["through"].update({{"primary", primary}, {"port", source.service}});
  }
  return RunBackupScript(record, Word(kind), source.member, more);
}

Command PostgreSql::RemoveBackups(const ClusterRecord& record, const Retention& retention,
                                  const std::string& primary) const {
  return RunBackupScript(record, "remove", primary,
                         {{"removed", retention.removed},
                          {"left_alone", retention.left_alone},
                          {"annotation", fmt::format("{}=y", kAloneNote)},
                          {"with_log", retention.with_log}});
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
  for (const auto& log : GetMember(stanza, "archive")) {
    catalogue.branch = BranchOf(GetString(log, "max"));
  }
  for (const auto& backup : GetMember(stanza, "backup")) {
    catalogue.backups.push_back(ReadBackup(backup));
  }
  const auto oldest = std::find_if(catalogue.backups.begin(), catalogue.backups.end(),
                                   [](const Backup& backup) { return !backup.is_alone; });
  if (oldest == catalogue.backups.end()) return catalogue;
  catalogue.earliest = oldest->ended;
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
  // All of them, each time: what an attempt before this one was given counts no more.
  std::map<std::string, Secret<std::string>> secrets;
  for (const char* name : kOfSource) secrets[name] = Secret<std::string>();
  if (source.backup_policy() == nullptr) {
    secrets[kSourceMembers] = Secret(CandidatesOf(source));
    secrets[kSourcePassword] = source.secrets.at(kReplicationPassword);
    secrets[kSourceAuthority] = source.secrets.at(std::string(kAuthority) + ".crt");
    return secrets;
  }
  secrets[kSourceConfiguration] = BackupConfiguration(source);
  secrets[kSourceAuthority] = StorageAuthority(source);
  secrets[kSourceStanza] = Secret(Stanza(source));
  if (restore.time) secrets[kSourceBranch] = Secret(source.BranchAt(*restore.time));
  return secrets;
}

Command PostgreSql::Restore(const ClusterRecord& record, const std::string& workbench) const {
  if (IsClone(record)) return RunRestore(record, FromServer(record), workbench);
  const RestoreSpec& restore = *record.restoring();
  Json target = Json::object();
  if (restore.time) target = {{"type", "time"}, {"target", ForPostgres(*restore.time)}};
  if (!restore.backup_id.empty()) target = {{"type", "immediate"}, {"set", restore.backup_id}};
  if (!restore.position.empty()) target = {{"type", "lsn"}, {"target", restore.position}};
  // One that was begun by an earlier version has no branch.
  return RunRestore(record,
                    FromRepository(OfSource(record, kSourceStanza).Reveal(), target,
                                   OfSource(record, kSourceBranch).Reveal()),
                    workbench);
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
       RunRestore(record, FromRepository(Stanza(record), Json::object(), ""), workbench)},
      {"comparing every page with its checksum", check("pages")},
      {"reading all tables and B-trees", check("tables")}};
  if (!query.empty()) checks.push_back({"asking the policy's query", check("query")});
  return checks;
}

}  // namespace dbaas::postgresql
