// SPDX-License-Identifier: MPL-2.0
//
// Backups as every Dbms tells of them, whatever tool it takes them with: what there is, and what a
// cluster can be brought back to. Asked for by Engine::Backups; made by Dbms::ReadBackups. Plain
// data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/json.h"

namespace dbaas {

/// In falling order of what they hold by themselves.
enum class BackupKind {
  kFull,          ///< Everything.
  kDifferential,  ///< What changed since the last full one.
  kIncremental,   ///< What changed since the last one of any kind.
};
const char* ToString(BackupKind kind);  ///< "full", "differential", "incremental"
/// Nothing for any other word.
std::optional<BackupKind> BackupKindFrom(const std::string& text);

struct Backup {
  std::string id;     ///< The tool's own name for it: "20261121-020000F".
  std::string chain;  ///< Id of the full one that it builds on; of a full one, its own.
  BackupKind kind = BackupKind::kFull;
  TimePoint began{};
  TimePoint ended{};
  std::int64_t database_bytes = 0;    ///< Of the database when it was taken.
  std::int64_t repository_bytes = 0;  ///< What it added to the repository.
  std::string first_position;         ///< In the log, in the database's own words: "0/2000028".
  std::string last_position;
  bool damaged = false;  ///< The tool found something wrong in what it copied.
  /// The log that follows it is no longer kept: it brings back its own end and nothing later.
  bool is_alone = false;
  /// What the backup bears in the repository, so that it is found again whatever happens to who
  /// asked for it: name and generation of a BackupSpec, or BackupPolicySpec's name of the last one
  /// of all. Empty: nobody named it.
  std::string mark;
  std::string place;    ///< Of one that a record remembers: PlaceOf its policy at that time.
  std::string kept_by;  ///< BackupSpec::name of who has it kept; empty: nobody.
  std::optional<TimePoint> kept_until;  ///< Absent: for as long as there is that one.
  std::optional<TimePoint> verified;    ///< When it was last restored and found sound.

  /// BackupPolicySpec::final_backup_identifier, of one that was taken by it; else empty. A name has
  /// no dot, and the mark of a BackupSpec has one.
  std::string final_name() const {
    return mark.find('.') == std::string::npos ? mark : std::string();
  }
};
/// Without its mark: for people and their programs.
Json ToJson(const Backup& backup);
Backup BackupFromJson(const Json& json);

/// What restoring a cluster's backups, to see whether that can be done, has shown. Kept in its
/// record.
struct Verifications {
  std::map<std::string, TimePoint> backups;  ///< Found sound, by id, when last. Those still there.
  std::optional<TimePoint> sound;            ///< When the last one that went well ended.
  std::optional<TimePoint> last;             ///< When the last one of all ended.
  std::string problem;                       ///< What it found, in a sentence; empty: all is well.
};

/// How the log gets to the repository.
struct Archiving {
  std::string problem;          ///< Why it does not just now, in a sentence. Empty when it does.
  std::int64_t room_bytes = 0;  ///< For what waits meanwhile, beside the data.
};

struct BackupCatalogue {
  bool is_known = true;         ///< False: nobody could look, and repository_problem says why.
  std::vector<Backup> backups;  ///< Oldest first.
  /// Between these two any moment can be brought back. Nothing without a backup that is followed
  /// by its log.
  std::optional<TimePoint> earliest;
  std::optional<TimePoint> latest;
  std::string branch;  ///< Of the log, that its youngest piece is on (LeftBranch). May be empty.
  /// Why the log does not reach the repository just now, in a sentence. Empty when it does.
  std::string archiving_problem;
  /// Why the repository is not what it should be, in a sentence. Empty when it is.
  std::string repository_problem;
  // And what the cluster's record tells of them.
  std::optional<TimePoint> last_failure_at;  ///< When the last one that failed was begun.
  std::string last_failure;                  ///< Why it did, in a sentence.
  std::optional<TimePoint> last_verified;    ///< Verifications::sound.
  std::string verification_problem;          ///< Verifications::problem.

  /// The youngest that alone or with others before it holds as much as `kind`. Null: none.
  const Backup* Last(BackupKind kind) const;
  const Backup* Find(const std::string& id) const;  ///< Null: there is none.
  const Backup* FindMarked(const std::string& mark) const;
};

/// Documented in docs/backups.md.
Json ToJson(const BackupCatalogue& catalogue);

}  // namespace dbaas
