// SPDX-License-Identifier: MPL-2.0
//
// The cluster record: the durable document beside the data, stored by the driver. Every part's
// spec, the generated secrets, the allocated ports, and a history of what was done. An apply writes
// the next generation (its intent) before its first action and settles it after its last, so
// whoever comes after a crash sees what was meant. Format: docs/record_format.md. Plain data.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/hash.h"
#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/secret.h"
#include "engine/model/backup.h"
#include "engine/model/history.h"
#include "engine/model/spec.h"

namespace dbaas {

/// Among the secrets: what the reports to `failover.webhook_url` are signed with.
inline constexpr char kWebhookSecret[] = "webhook";
// And what opens the bucket of a backup policy.
inline constexpr char kStorageAccessKey[] = "storage_access_key";
inline constexpr char kStorageSecretKey[] = "storage_secret_key";
/// What a cluster's backups are encrypted with.
inline constexpr char kRepositoryPassphrase[] = "repository_passphrase";
/// With it begin those that a restoration needs of its source. They go when it has ended.
inline constexpr char kRestorePrefix[] = "restore.";

/// A cluster on its way back to what its own backups hold. Its old data stays until the new one is
/// served.
struct RestoreInPlace {
  RestoreSpec to;         ///< The source is the cluster itself.
  int left_data_set = 0;  ///< What the members ran on before.
  bool is_made = false;   ///< The new data is there, and members may run on it: no way back.
};

/// A branch of the cluster's log that a restoration in place has left. What was committed on it is
/// reached by naming a moment before `until`; what came after that is on another branch.
struct LeftBranch {
  std::string name;  ///< In the database's own words.
  TimePoint until{};
};

struct ClusterRecord {
  std::string cluster;
  std::string uid;              ///< Of this incarnation; a recreated cluster gets another.
  std::int64_t generation = 0;  ///< 0: nothing was ever written.
  std::int64_t settled = 0;     ///< Last generation whose apply ended well.
  bool deleting = false;
  std::map<std::string, PartSpec> parts;
  std::map<std::string, Secret<std::string>> secrets;
  std::map<std::string, int> ports;  ///< "write", "read", "replica/reports" → host port.
  std::string version_actual;        ///< Version of the dbms as last probed: "17.6".
  bool watcher = false;  ///< Needs the host's watcher (apply/desired.h), and the host can run it.
  bool shared_volumes = true;  ///< HostTraits::shared_volumes of its host.
  /// Of all that the settled generation expanded to. Another version of dbaas may expand the same
  /// record to something else, and must not take the difference for drift. Empty: not known.
  Fingerprint expansion;
  std::vector<HistoryEntry> history;  ///< Oldest first.
  /// Which volumes the members run on: each restoration in place makes a set of its own.
  int data_set = 0;
  std::optional<RestoreInPlace> in_place;  ///< Until it has ended.
  std::vector<LeftBranch> left_branches;   ///< Oldest first.
  Verifications verifications;
  /// What each BackupSpec asked for, by the key of its part. Until it is taken, a mark without id.
  std::map<std::string, Backup> kept_backups;

  bool has_cluster_part() const { return parts.contains(std::string(kClusterPart)); }
  /// REQUIRES: has_cluster_part().
  const ClusterSpec& cluster_spec() const {
    return std::get<ClusterSpec>(parts.at(std::string(kClusterPart)));
  }
  std::vector<ReplicaSpec> replicas() const;        ///< By name.
  std::vector<BackupSpec> backups_to_take() const;  ///< By name.
  const BackupPolicySpec* backup_policy() const;    ///< Null: there is none.
  /// What the cluster's data is being made from. Null: from nothing, or that has ended.
  const RestoreSpec* restoring() const;
  /// The branch that was written to at that moment; empty for the one that is written to now.
  std::string BranchAt(TimePoint time) const;
};

Json ToJson(const ClusterRecord& record);  ///< Holds the secrets: for the driver's store only.
Result<ClusterRecord> RecordFromJson(const Json& json);

}  // namespace dbaas
