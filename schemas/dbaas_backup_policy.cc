// SPDX-License-Identifier: MPL-2.0
//
// dbaas_backup_policy: when a cluster is backed up, where to, and for how long.
#include "schemas/ids.h"
#include "schemas/kit.h"
#include "schemas/s3_storage.h"
#include "schemas/spellings.h"
#include "schemas/timeouts.h"
#include "schemas/timestamp.h"
#include "schemas/types.h"
#include "schemas/validators.h"

namespace dbaas {
namespace {

/// A process is held for as long as what it read in a moment would take: with less, so long that
/// whoever waits for it gives up.
void AtLeastOneMebibyte(Attribute& attribute) {
  attribute.validators.push_back(
      {.rule = "at least `1MiB`", .check = [](const Value& value) -> std::optional<std::string> {
         const auto bytes = ParseMemory(value.as_string());
         if (!bytes || *bytes >= std::int64_t{1} << 20) return std::nullopt;
         return "must be at least \"1MiB\", not \"" + value.as_string() + "\"";
       }});
}

struct ScheduleConfig {
  std::optional<std::string> full;
  std::optional<std::string> differential;
  std::optional<std::string> incremental;
  static Table<ScheduleConfig> Attributes() {
    using C = ScheduleConfig;
    return Nested<C>()
        .Add("full", &C::full, Optional, RequiredUnless({"differential", "incremental"}),
             "When everything is copied, such as `0 2 * * sun`.", CronTimes)
        .Add("differential", &C::differential, Optional,
             "When what changed since the last full backup is copied.", CronTimes)
        .Add("incremental", &C::incremental, Optional,
             "When what changed since the last backup of any kind is copied.", CronTimes);
  }
};

struct RetentionConfig {
  std::optional<int> full;
  std::optional<int> days;
  std::optional<std::string> min_recovery_window;
  static Table<RetentionConfig> Attributes() {
    using C = RetentionConfig;
    return Nested<C>()
        .Add("full", &C::full, Optional, RequiredUnless({"days"}), "So many full backups are kept.",
             Range(1, 9999))
        .Add("days", &C::days, Optional, ConflictsWith({"full"}),
             "Every moment of so many days can be gone back to: a full backup is removed only once "
             "a younger one is that old.",
             Range(1, 9999))
        .Add("min_recovery_window", &C::min_recovery_window, Optional,
             "So far back any moment can be gone back to, such as `72h`, also where `full` would "
             "keep less: with many full backups in a short time, for one.",
             Duration);
  }
};

struct VerifyConfig {
  std::optional<std::string> schedule;
  std::optional<std::string> query;
  static Table<VerifyConfig> Attributes() {
    using C = VerifyConfig;
    return Nested<C>()
        .Add("schedule", &C::schedule, Optional,
             "When the backups are verified, as a cron schedule in UTC, such as `0 4 * * *`; for "
             "the "
             "first time as soon as there is one. Left out, when `dbaas verify` or the action "
             "`dbaas_verify` asks for it.",
             CronTimes)
        .Add("query", &C::query, Optional,
             "SQL that has to give one row with `true` in what was restored, such as `SELECT "
             "count(*) > 1000 FROM orders`. It is asked in `db_name`, as `username`, and can only "
             "read.",
             NotEmpty());
  }
};

struct PolicyConfig {
  // What users say.
  std::string cluster_id;
  std::optional<ScheduleConfig> schedule;
  std::optional<RetentionConfig> retention;
  int archive_timeout = 60;
  int processes = 1;
  std::optional<std::string> bandwidth_limit;
  std::optional<S3Config> s3;
  std::optional<VerifyConfig> verify;
  std::optional<Secret<std::string>> encryption_key_wo;
  std::optional<std::int64_t> encryption_key_wo_version;
  bool skip_final_backup = false;
  std::optional<std::string> final_backup_identifier;
  // What they get.
  std::string id;
  std::optional<std::string> last_verified_at;
  std::string verification_problem;
  std::vector<std::string> drift;
};

Table<PolicyConfig> Rows() {
  using C = PolicyConfig;
  return Resource<C>(
             "dbaas_backup_policy",
             "Backups of a cluster: base backups by a schedule, and its log (WAL) without a gap, "
             "so "
             "that any moment in between can be gone back to. Everything is encrypted before it is "
             "written. Adding, changing and removing a policy restarts nothing, and none is "
             "applied "
             "before it has been proven that the log reaches the repository.")
      .Add("cluster_id", &C::cluster_id, Required, RequiresReplace, Identity,
           "`id` of the cluster. A cluster has one policy.", ClusterIdText(),
           SpecFields({"host_name"}))
      .Add("schedule", &C::schedule, Optional,
           "When backups are taken, as cron schedules in UTC. The host's watcher, one small "
           "container or process for all clusters of the host, takes them; one that was missed is "
           "made up, and two never overlap. The first full backup is taken at once. Left out, "
           "backups are taken when `dbaas backup` or the action `dbaas_backup` asks for them.")
      .Add("retention", &C::retention, Optional,
           "How long backups are kept: either `full` or `days`. What a kept backup needs, and the "
           "log since it was taken, is kept with it. It takes effect with the next backup. Left "
           "out, everything is kept. A `dbaas_backup` is kept on its own.")
      .Add("archive_timeout", &C::archive_timeout, Default(60),
           "After so many seconds a piece of the log is archived though it is not full: the most "
           "that is lost when the host is lost with all members.",
           Range(1, 86400))
      .Add("processes", &C::processes, Default(1),
           "Processes that read, compress and write at once during a backup.", Range(1, 99))
      .Add("bandwidth_limit", &C::bandwidth_limit, Optional,
           "How much of the database a backup reads in a second at most, all its processes "
           "together, "
           "such as `50MiB`. Left out, as much as it can.",
           MemoryAmount, AtLeastOneMebibyte)
      .Add("s3", &C::s3, Optional, SpecFields({"storage", "keys_version"}),
           "A bucket of an S3 service to keep everything in. Left out, it is the "
           "`backup_directory` of the cluster, or a volume of its own on its host, "
           "`<cluster>-backups`, which is destroyed with the cluster.")
      .Add("verify", &C::verify, Optional,
           "How backups are proven. The newest one and all of the log since are restored into an "
           "instance of its own, which goes afterwards; every page is compared with its checksum, "
           "all tables and B-trees are read, and `query` is asked. It takes the room of the "
           "database, and its time, on the same host.")
      .Add("encryption_key_wo", &C::encryption_key_wo, Optional, WriteOnly, Sensitive,
           Needs({"encryption_key_wo_version"}), SpecFields({"encryption_key"}),
           "What everything is encrypted with. Never stored in a plan or state. Keep it: with it, "
           "and the bucket of `s3`, a cluster can be restored when its host is gone. Left out, one "
           "is generated with the first policy of the cluster. It cannot be changed afterwards.",
           PrintableSecret(16, 256))
      .Add("encryption_key_wo_version", &C::encryption_key_wo_version, Optional,
           Needs({"encryption_key_wo"}), SpecFields({"encryption_key_version"}), "Any number.",
           Range(1, 1'000'000'000))
      .Add("skip_final_backup", &C::skip_final_backup, Default(false),
           "Whether the cluster, or its policy, goes without a last backup. Otherwise an "
           "incremental one is taken before either is destroyed, where backups are kept in a "
           "bucket; one that fails leaves everything in place. It has to be applied before the "
           "destroy.")
      .Add("final_backup_identifier", &C::final_backup_identifier, Optional, Needs({"s3"}),
           "What that last backup is called in the bucket, such as `orders-last`, so that "
           "`restore.backup_id` of a `dbaas_cluster` finds it there. It may be used again: the "
           "newest one of a cluster counts, and one of another cluster is beside it. It has to be "
           "applied before the destroy, and costs nothing.",
           Dns1123(40))
      .Add("id", &C::id, Computed, ChangesWith({"cluster_id"}),
           "That of the cluster, such as `local/orders`.")
      .Add("last_verified_at", &C::last_verified_at, Computed,
           "When a verification last went well. Null: none ever did.")
      .Add("verification_problem", &C::verification_problem, Computed,
           "What the last verification found. Empty when all was well, or there was none.")
      .Add("drift", &C::drift, Computed, PlannedAs(Value::ListOf({})),
           "Why the host does not match this resource, one reason each. A member whose files "
           "differ is drift of the cluster.")
      .Timeouts();
}

Result<PartAddress> AddressOfPolicy(const std::string& cluster_id) {
  PartAddress address = TRY(ParseClusterAddress(cluster_id));
  address.key = std::string(kBackupPolicyPart);
  return address;
}

Result<PartAddress> AddressOf(const PolicyConfig& object) {
  return AddressOfPolicy(object.cluster_id);
}

Result<PartSpec> ToSpec(const PolicyConfig& planned, const PolicyConfig& config) {
  BackupPolicySpec spec{.archive_timeout_seconds = planned.archive_timeout,
                        .processes = planned.processes};
  if (planned.bandwidth_limit) {
    spec.bandwidth_limit_bytes = TRY(ParseMemory(*planned.bandwidth_limit));
  }
  if (planned.schedule) {
    spec.full = planned.schedule->full.value_or("");
    spec.differential = planned.schedule->differential.value_or("");
    spec.incremental = planned.schedule->incremental.value_or("");
  }
  if (planned.retention) {
    spec.keep_full = planned.retention->full;
    spec.keep_days = planned.retention->days;
    if (const auto& window = planned.retention->min_recovery_window) {
      const Milliseconds wanted = TRY(ParseDuration(*window));
      spec.recovery_window_seconds = wanted.count() / 1000;
    }
  }
  if (planned.verify) {
    spec.verify_schedule = planned.verify->schedule.value_or("");
    spec.verify_query = planned.verify->query.value_or("");
  }
  if (planned.s3) {
    spec.s3 = ToS3Storage(*planned.s3);
    spec.keys_version = planned.s3->keys_wo_version.value_or(0);
  }
  spec.skip_final_backup = planned.skip_final_backup;
  spec.final_backup_identifier = planned.final_backup_identifier.value_or("");
  spec.encryption_key = config.encryption_key_wo;
  spec.encryption_key_version = planned.encryption_key_wo_version.value_or(0);
  if (config.s3) {
    spec.access_key = config.s3->access_key_wo;
    spec.secret_key = config.s3->secret_key_wo;
  }
  return PartSpec(std::move(spec));
}

void FromView(const ClusterView& view, const PartAddress& address, PolicyConfig& object) {
  const auto& spec = std::get<BackupPolicySpec>(view.parts.at(address.key));
  object.cluster_id = view.id.ToText();
  object.id = object.cluster_id;
  object.schedule.reset();
  if (spec.has_schedule()) {
    object.schedule = ScheduleConfig{.full = UnlessEmpty(spec.full),
                                     .differential = UnlessEmpty(spec.differential),
                                     .incremental = UnlessEmpty(spec.incremental)};
  }
  object.retention.reset();
  if (spec.has_retention()) {
    object.retention = RetentionConfig{.full = spec.keep_full, .days = spec.keep_days};
    if (const auto seconds = spec.recovery_window_seconds; seconds != 0) {
      object.retention->min_recovery_window = std::to_string(seconds) + "s";
    }
  }
  object.archive_timeout = spec.archive_timeout_seconds;
  object.processes = spec.processes;
  object.bandwidth_limit.reset();
  if (spec.bandwidth_limit_bytes != 0) {
    object.bandwidth_limit = MemoryText(spec.bandwidth_limit_bytes);
  }
  object.s3.reset();
  if (spec.s3) {
    object.s3 = FromS3Storage(*spec.s3);
    if (spec.keys_version != 0) object.s3->keys_wo_version = spec.keys_version;
  }
  object.verify.reset();
  if (!spec.verify_schedule.empty() || !spec.verify_query.empty()) {
    object.verify = VerifyConfig{.schedule = UnlessEmpty(spec.verify_schedule),
                                 .query = UnlessEmpty(spec.verify_query)};
  }
  object.last_verified_at.reset();
  if (const auto& sound = view.verifications.sound) object.last_verified_at = TimestampText(*sound);
  object.verification_problem = view.verifications.problem;
  object.skip_final_backup = spec.skip_final_backup;
  object.final_backup_identifier = UnlessEmpty(spec.final_backup_identifier);
  object.encryption_key_wo_version.reset();
  if (spec.encryption_key_version != 0) {
    object.encryption_key_wo_version = spec.encryption_key_version;
  }
  object.drift = view.DriftOf(address.key);
}

Diagnostics Check(const Value& config) {
  Diagnostics found;
  if (config.at("skip_final_backup") == Value::Bool(true) &&
      config.at("final_backup_identifier").is_known()) {
    found.push_back(ErrorAt(Attr({}, "final_backup_identifier"), "No last backup to name",
                            "With skip_final_backup = true there is no last backup, so "
                            "final_backup_identifier names none. Keep one of the two."));
  }
  return found;
}

}  // namespace

ResourceType BackupPolicyResource() {
  return ManagedResource<PolicyConfig>(Rows(), {.address = AddressOf,
                                                .to_spec = ToSpec,
                                                .from_view = FromView,
                                                .parse_id = AddressOfPolicy,
                                                .check = Check});
}

}  // namespace dbaas
