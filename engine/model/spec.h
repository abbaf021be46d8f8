// SPDX-License-Identifier: MPL-2.0
//
// Specs: what a user asked for, wholly known and with defaults filled in. One struct per part of a
// cluster. Made by schemas/, stored in the cluster record, expanded by a Dbms. Plain data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/secret.h"
#include "engine/model/backup.h"
#include "engine/model/disruption.h"

namespace dbaas {

/// What one member may use. CPU in cores, memory in bytes.
struct Resources {
  double cpu = 0;
  std::int64_t memory_bytes = 0;
  friend bool operator==(const Resources&, const Resources&) = default;
};

/// A cluster on a host. As text, and as Terraform's id: "local/orders".
struct ClusterId {
  std::string host;
  std::string cluster;
  std::string ToText() const { return host + "/" + cluster; }
  friend auto operator<=>(const ClusterId&, const ClusterId&) = default;
};

/// A bucket of an S3 service.
struct S3Storage {
  std::string endpoint;  ///< "https://minio.example:9000"; https always.
  std::string bucket;
  std::string region;
  std::string prefix;  ///< "/orders"
  bool path_style = false;
  std::string ca_certificate_pem;  ///< Whom to trust; empty: the system's authorities.
  friend bool operator==(const S3Storage&, const S3Storage&) = default;
};

/// What a new cluster begins with: another one's backups, up to one of three ends. None of them:
/// all that was archived.
struct RestoreSpec {
  ClusterId source = {};               ///< Without a host where only the bucket is left of it.
  std::optional<S3Storage> s3 = {};    ///< Where its backups are then. Absent: the source tells.
  std::string backup_id = {};          ///< As that backup ended.
  std::optional<TimePoint> time = {};  ///< Up to the last commit before it, or at it.
  std::string position = {};           ///< In the log, in the database's own words: "0/3000060".
  bool names_moment() const { return time || !position.empty() || !backup_id.empty(); }
  std::string ToText() const;        ///< "local/orders, as of 2026-11-21T10:30:00.000Z"
  std::string MomentToText() const;  ///< "2026-11-21T10:30:00.000Z", "backup 20261121-020000F"
  /// Of the bucket. Never in the spec's JSON, as ClusterSpec::password.
  std::optional<Secret<std::string>> access_key = {};
  std::optional<Secret<std::string>> secret_key = {};
  std::optional<Secret<std::string>> encryption_key = {};
  std::int64_t keys_version = 0;
  friend bool operator==(const RestoreSpec&, const RestoreSpec&) = default;
};

Json ToJson(const RestoreSpec& spec);
RestoreSpec RestoreFromJson(const Json& json);

/// The part that owns the cluster: `dbaas_cluster`.
struct ClusterSpec {
  std::string name;
  std::string engine;          ///< Name of the Dbms: "postgresql".
  std::string engine_version;  ///< A prefix: "17".
  int node_count = 1;          ///< Members that can become primary.
  std::string instance_class;  ///< "db.small", or empty when `resources` were given.
  Resources resources;         ///< Already resolved from the class.
  std::map<std::string, std::string> parameters;
  bool synchronous_replication = false;
  bool publicly_accessible = false;  ///< False: ports are published on 127.0.0.1 only.
  std::optional<int> port;           ///< Write port asked for; allocated when absent.
  std::optional<int> reader_port;
  std::string username = "admin";
  std::string db_name = "app";
  /// The user's own password; generated and kept in the record when absent. Never in the spec's
  /// JSON: the record keeps it among its secrets.
  std::optional<Secret<std::string>> password;
  std::int64_t password_version = 0;
  std::string image;  ///< Overrides the members' image when not empty.
  /// Of the host, absolute: what is backed up to the host goes there. Empty: into a volume.
  std::string backup_directory;
  bool deletion_protection = true;
  DisruptionLevel max_disruption = DisruptionLevel::kFailover;  ///< A worse plan is refused.
  /// Whether a watcher is to fail over at once. Absent: with several members, where one can run.
  std::optional<bool> watch;
  /// Where the watchers of its host tell what happens to it; may hold a token. Empty: nowhere.
  Secret<std::string> webhook_url;
  /// What they sign it with. Never in the spec's JSON, as the password.
  std::optional<Secret<std::string>> webhook_secret;
  std::int64_t webhook_secret_version = 0;  ///< 0: there is none.
  bool repair = false;  ///< A watcher brings the cluster in line by itself (`reconcile`).
  std::optional<RestoreSpec> restore;  ///< Counts while the cluster is created, and never again.
  friend bool operator==(const ClusterSpec&, const ClusterSpec&) = default;
};

/// A member that only ever follows: `dbaas_replica`.
struct ReplicaSpec {
  std::string name;  ///< Unique in its cluster; the member is called <cluster>-<name>.
  std::string instance_class;
  std::optional<Resources> resources;  ///< The cluster's when absent.
  friend bool operator==(const ReplicaSpec&, const ReplicaSpec&) = default;
};

/// When a cluster is backed up, where to, and for how long: `dbaas_backup_policy`. The log is
/// archived for as long as there is one.
struct BackupPolicySpec {
  // Cron schedules (model/cron.h); empty: never.
  std::string full;
  std::string differential;
  std::string incremental;
  // One of them at most: full backups, or days that can be gone back. Neither: all are kept.
  std::optional<int> keep_full;
  std::optional<int> keep_days;
  std::int64_t recovery_window_seconds = 0;  ///< Whatever else goes, so much can be gone back.
  int archive_timeout_seconds = 60;          ///< A log that is not full is archived after so long.
  int processes = 1;                         ///< That read, compress and write at once.
  /// That all of them read of the database in a second at most; 0: as much as they can.
  std::int64_t bandwidth_limit_bytes = 0;
  std::optional<S3Storage> s3;          ///< Absent: a volume of the cluster's own on its host.
  bool skip_final_backup = false;       ///< Else one is taken before the bucket is let go of.
  std::string final_backup_identifier;  ///< What that one is called there. May be empty.
  std::string verify_schedule;          ///< When the backups are verified; as the schedules above.
  std::string verify_query;  ///< Has to give true in what was restored; empty: nothing is asked.
  /// As ClusterSpec::password: into the record's secrets, when their version changes.
  std::optional<Secret<std::string>> access_key;
  std::optional<Secret<std::string>> secret_key;
  std::int64_t keys_version = 0;
  /// What everything is encrypted with, once and for all; generated when absent. As the keys.
  std::optional<Secret<std::string>> encryption_key;
  std::int64_t encryption_key_version = 0;
  friend bool operator==(const BackupPolicySpec&, const BackupPolicySpec&) = default;

  /// Of backups.
  bool has_schedule() const {
    return !full.empty() || !differential.empty() || !incremental.empty();
  }
  bool has_retention() const { return keep_full || keep_days; }
  /// Whether there is something that a watcher has to see to.
  bool needs_watcher() const { return has_schedule() || !verify_schedule.empty(); }
};

/// A backup that is kept whatever the policy says: `dbaas_backup`. Taken once, when it is asked
/// for.
struct BackupSpec {
  std::string name;  ///< Unique in its cluster.
  BackupKind kind = BackupKind::kFull;
  std::string description;              ///< For people. May be empty.
  std::optional<TimePoint> keep_until;  ///< From then on the policy decides. Absent: never.
  friend bool operator==(const BackupSpec&, const BackupSpec&) = default;
};

/// Where its backups are: "volume", "https://minio.example:9000/backups/orders".
std::string PlaceOf(const BackupPolicySpec& policy);

/// Whether watchers, where there are some, answer the death of its primary.
bool IsWatched(const ClusterSpec& spec);

using PartSpec = std::variant<ClusterSpec, ReplicaSpec, BackupPolicySpec, BackupSpec>;

/// "cluster", "replica/reports", "backup_policy", "backup/before-upgrade": the key of a part in its
/// cluster's record.
std::string PartKey(const PartSpec& part);
inline constexpr std::string_view kClusterPart = "cluster";
inline constexpr std::string_view kBackupPolicyPart = "backup_policy";
/// Of no resource: objects of a verification that is under way (apply/verify.h), or was cut.
inline constexpr std::string_view kVerificationPart = "verification";
std::string ReplicaPartKey(const std::string& replica_name);
std::string BackupPartKey(const std::string& backup_name);

Json ToJson(const PartSpec& part);  ///< Holds the webhook's URL: for the driver's store only.
/// The same for people and their programs, with "(sensitive)" for what may be a secret.
Json ToPublicJson(const PartSpec& part);
Result<PartSpec> PartFromJson(const std::string& key, const Json& json);

/// db.micro, db.small ... in ascending order. Source of the names: the classes of Amazon RDS.
struct InstanceClass {
  std::string name;
  Resources resources;
};
const std::vector<InstanceClass>& InstanceClasses();
/// Null when there is no such class.
const InstanceClass* FindInstanceClass(const std::string& name);

}  // namespace dbaas
