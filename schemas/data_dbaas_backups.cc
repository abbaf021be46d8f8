// SPDX-License-Identifier: MPL-2.0
//
// data.dbaas_backups: what there is to restore from.
#include "schemas/ids.h"
#include "schemas/kit.h"
#include "schemas/s3_storage.h"
#include "schemas/timestamp.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct BackupAnswer {
  std::string id;
  std::string type;
  std::string began;
  std::string ended;
  std::int64_t database_bytes = 0;
  std::int64_t repository_bytes = 0;
  std::string first_position;
  std::string last_position;
  bool damaged = false;
  bool only_its_end = false;
  std::optional<std::string> kept_by;
  std::optional<std::string> kept_until;
  std::optional<std::string> final_backup_identifier;
  std::optional<std::string> verified_at;
  static Table<BackupAnswer> Attributes();
};

struct BackupsAnswer {
  std::string cluster_id;
  std::vector<BackupAnswer> backups;
  std::optional<std::string> earliest_restorable_time;
  std::optional<std::string> latest_restorable_time;
  std::optional<std::string> last_success_at;
  std::optional<std::string> last_failure_at;
  std::string last_failure;
  std::optional<std::string> last_verified_at;
  std::string verification_problem;
  std::string archiving_problem;
  std::string repository_problem;
};

Table<BackupAnswer> BackupAnswer::Attributes() {
  using B = BackupAnswer;
  return Nested<B>()
      .Add("id", &B::id, Computed, "Name of the backup, such as `20261121-020000F`.")
      .Add("type", &B::type, Computed, "`full`, `differential` or `incremental`.")
      .Add("began", &B::began, Computed, "When it was begun.")
      .Add("ended", &B::ended, Computed, "When it was complete: it restores no earlier moment.")
      .Add("database_bytes", &B::database_bytes, Computed, "Size of the database at that time.")
      .Add("repository_bytes", &B::repository_bytes, Computed, "What it added to the repository.")
      .Add("first_position", &B::first_position, Computed, "Position in the log where it begins.")
      .Add("last_position", &B::last_position, Computed, "Position in the log where it ends.")
      .Add("damaged", &B::damaged, Computed,
           "Whether a page that was copied did not match its checksum.")
      .Add("only_its_end", &B::only_its_end, Computed,
           "Whether the log that follows it is no longer kept: it brings back the moment at which "
           "it ended, and no later one.")
      .Add("kept_by", &B::kept_by, Computed,
           "`name` of the `dbaas_backup` that has it kept. Null: the policy decides.")
      .Add("kept_until", &B::kept_until, Computed, "`keep_until` of that one.")
      .Add("final_backup_identifier", &B::final_backup_identifier, Computed,
           "What its policy calls the last backup of all, of one that was taken as that. Null: it "
           "was not.")
      .Add("verified_at", &B::verified_at, Computed,
           "When it was last restored and found sound. Null: it never was.");
}

Table<BackupsAnswer> Rows() {
  using C = BackupsAnswer;
  return DataSource<C>("dbaas_backups",
                       "The backups of a cluster that has a `dbaas_backup_policy`, as the "
                       "repository lists them, and the times between which any moment can be gone "
                       "back to.")
      .Add("cluster_id", &C::cluster_id, Required,
           "`id` of the cluster, or its name on the provider's first host.", NotEmpty(),
           SpecFields({"host_name"}))
      .Add("backups", &C::backups, Computed, "All of them, oldest first.")
      .Add("earliest_restorable_time", &C::earliest_restorable_time, Computed,
           "Null while there is no backup.")
      .Add("latest_restorable_time", &C::latest_restorable_time, Computed,
           "How far the log has reached the repository. Null while there is no backup.")
      .Add("last_success_at", &C::last_success_at, Computed,
           "When the newest backup was complete. Null while there is no backup.")
      .Add("last_failure_at", &C::last_failure_at, Computed,
           "When the last backup that failed was begun, as far as the cluster's history goes back. "
           "Null: none did.")
      .Add("last_failure", &C::last_failure, Computed, "Why it failed. Empty: none did.")
      .Add("last_verified_at", &C::last_verified_at, Computed,
           "When a verification last went well. Null: none ever did.")
      .Add("verification_problem", &C::verification_problem, Computed,
           "What the last verification found. Empty when all was well, or there was none.")
      .Add("archiving_problem", &C::archiving_problem, Computed,
           "Why the log does not reach the repository just now. Empty when it does.")
      .Add("repository_problem", &C::repository_problem, Computed,
           "Why the repository is not what it should be. Empty when it is.");
}

std::optional<std::string> TextOf(const std::optional<TimePoint>& time) {
  return time ? std::optional(TimestampText(*time)) : std::nullopt;
}

BackupAnswer Describe(const Backup& backup) {
  return {.id = backup.id,
          .type = ToString(backup.kind),
          .began = TimestampText(backup.began),
          .ended = TimestampText(backup.ended),
          .database_bytes = backup.database_bytes,
          .repository_bytes = backup.repository_bytes,
          .first_position = backup.first_position,
          .last_position = backup.last_position,
          .damaged = backup.damaged,
          .only_its_end = backup.is_alone,
          .kept_by = UnlessEmpty(backup.kept_by),
          .kept_until = TextOf(backup.kept_until),
          .final_backup_identifier = UnlessEmpty(backup.final_name()),
          .verified_at = TextOf(backup.verified)};
}

Result<DataQuery> Query(const BackupsAnswer& config) {
  return DataQuery{.backups_of = config.cluster_id};
}

Result<void> Fill(const DataAnswer& found, BackupsAnswer& answer) {
  const BackupCatalogue& catalogue = found.backups;
  for (const Backup& backup : catalogue.backups) answer.backups.push_back(Describe(backup));
  answer.earliest_restorable_time = TextOf(catalogue.earliest);
  answer.latest_restorable_time = TextOf(catalogue.latest);
  if (!catalogue.backups.empty()) {
    answer.last_success_at = TimestampText(catalogue.backups.back().ended);
  }
  answer.last_failure_at = TextOf(catalogue.last_failure_at);
  answer.last_failure = catalogue.last_failure;
  answer.last_verified_at = TextOf(catalogue.last_verified);
  answer.verification_problem = catalogue.verification_problem;
  answer.archiving_problem = catalogue.archiving_problem;
  answer.repository_problem = catalogue.repository_problem;
  return Ok();
}

}  // namespace

DataSourceType BackupsDataSource() {
  return ReadOnly<BackupsAnswer>(Rows(),
                                 {.query = Query, .fill = Fill, .cluster_attribute = "cluster_id"});
}

}  // namespace dbaas
