// SPDX-License-Identifier: MPL-2.0
//
// dbaas_backup: a backup that is taken once, and kept until told otherwise.
#include "schemas/ids.h"
#include "schemas/kit.h"
#include "schemas/s3_storage.h"
#include "schemas/spellings.h"
#include "schemas/timestamp.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct BackupConfig {
  // What users say.
  std::string cluster_id;
  std::string name;
  std::string type = "full";
  std::optional<std::string> description;
  std::optional<std::string> keep_until;
  // What they get.
  std::string id;
  std::optional<std::string> backup_id;
  std::optional<std::string> began;
  std::optional<std::string> ended;
  std::int64_t database_bytes = 0;
  std::int64_t repository_bytes = 0;
  std::string last_position;
  std::string storage;
  std::vector<std::string> drift;
};

Table<BackupConfig> Rows() {
  using C = BackupConfig;
  const auto when_taken = ChangesWith({"cluster_id", "name", "type"});
  return Resource<C>(
             "dbaas_backup",
             "A backup of a cluster that has a `dbaas_backup_policy`, taken when this is created "
             "and "
             "kept for as long as this is there, whatever the policy's `retention` says. "
             "Destroyed, "
             "it is a backup like the others: `retention` decides, with the next backup. To take "
             "another one under the same name, replace it: `terraform apply -replace=…`.")
      .Add("cluster_id", &C::cluster_id, Required, RequiresReplace, Identity,
           "`id` of the cluster. That of its `dbaas_backup_policy` is the same and says that the "
           "policy has to be there first.",
           ClusterIdText(), SpecFields({"host_name"}))
      .Add("name", &C::name, Required, RequiresReplace, Identity,
           "What it is kept for, unique in its cluster, such as `before-upgrade`.", Dns1123(40))
      .Add(
          "type", &C::type, Default("full"), RequiresReplace,
          "`full`, `differential` or `incremental`. What the other two build on is kept with them. "
          "Without a full one before it, it is full.",
          OneOf({"full", "differential", "incremental"}))
      .Add("description", &C::description, Optional, "For people.", NotEmpty())
      .Add("keep_until", &C::keep_until, Optional,
           "From this moment on `retention` decides, such as `2027-01-31T00:00:00Z`. Left out, it "
           "is "
           "kept for as long as this is there.",
           PointInTime)
      .Add("id", &C::id, Computed, ChangesWith({"cluster_id", "name"}),
           "`host/cluster/name`, such as `local/orders/before-upgrade`.")
      .Add("backup_id", &C::backup_id, Computed, when_taken,
           "Name of the backup in its repository, such as `20261121-020000F`, for `restore`.")
      .Add("began", &C::began, Computed, when_taken, "When it was begun.")
      .Add("ended", &C::ended, Computed, when_taken,
           "When it was complete: what it brings back is the cluster of this moment. Later moments "
           "can be gone back to, too, until `retention` removes the log that follows it.")
      .Add("database_bytes", &C::database_bytes, Computed, when_taken,
           "Size of the database at that time.")
      .Add("repository_bytes", &C::repository_bytes, Computed, when_taken,
           "What it added to the repository.")
      .Add("last_position", &C::last_position, Computed, when_taken,
           "Position in the log where it ends.")
      .Add("storage", &C::storage, Computed, when_taken,
           "Where it is: `volume`, or the URL of bucket and prefix.")
      .Add("drift", &C::drift, Computed, PlannedAs(Value::ListOf({})),
           "Why the host does not match this resource, one reason each.")
      .Timeouts();
}

Result<PartAddress> AddressOf(const BackupConfig& object) {
  PartAddress address = TRY(ParseClusterAddress(object.cluster_id));
  address.key = BackupPartKey(object.name);
  return address;
}

Result<PartSpec> ToSpec(const BackupConfig& planned, const BackupConfig&) {
  BackupSpec spec{.name = planned.name,
                  .kind = BackupKindFrom(planned.type).value_or(BackupKind::kFull),
                  .description = planned.description.value_or("")};
  if (planned.keep_until) spec.keep_until = TRY(ParseTimestamp(*planned.keep_until));
  return PartSpec(std::move(spec));
}

void FromView(const ClusterView& view, const PartAddress& address, BackupConfig& object) {
  const auto& spec = std::get<BackupSpec>(view.parts.at(address.key));
  object.cluster_id = view.id.ToText();
  object.name = spec.name;
  object.type = ToString(spec.kind);
  object.description = UnlessEmpty(spec.description);
  object.keep_until.reset();
  if (spec.keep_until) object.keep_until = TimestampText(*spec.keep_until);
  object.id = PartId(view.id, spec.name);
  const auto kept = view.kept_backups.find(address.key);
  if (kept != view.kept_backups.end() && !kept->second.id.empty()) {
    const Backup& backup = kept->second;
    object.backup_id = backup.id;
    object.began = TimestampText(backup.began);
    object.ended = TimestampText(backup.ended);
    object.database_bytes = backup.database_bytes;
    object.repository_bytes = backup.repository_bytes;
    object.last_position = backup.last_position;
    object.storage = backup.place;
  }
  object.drift = view.DriftOf(address.key);
}

}  // namespace

ResourceType BackupResource() {
  return ManagedResource<BackupConfig>(Rows(), {.address = AddressOf,
                                                .to_spec = ToSpec,
                                                .from_view = FromView,
                                                .parse_id = ParseBackupAddress});
}

}  // namespace dbaas
