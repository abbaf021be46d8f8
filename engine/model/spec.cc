// SPDX-License-Identifier: MPL-2.0
#include "engine/model/spec.h"

namespace dbaas {
namespace {

constexpr std::string_view kReplicaPrefix = "replica/";
constexpr std::string_view kBackupPrefix = "backup/";
constexpr char kRepair[] = "repair";
constexpr char kOff[] = "off";
constexpr char kWebhookUrl[] = "webhook_url";

Json ResourcesToJson(const Resources& resources) {
  return {{"cpu", resources.cpu}, {"memory_bytes", resources.memory_bytes}};
}

Resources ResourcesFromJson(const Json& json) {
  return {.cpu = GetDouble(json, "cpu"), .memory_bytes = GetInt(json, "memory_bytes")};
}

Json OptionalText(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json OptionalNumber(const std::optional<int>& number) { return number ? Json(*number) : Json(); }

std::optional<int> OptionalNumber(const Json& json, std::string_view key) {
  const Json& number = GetMember(json, key);
  if (!number.is_number_integer()) return std::nullopt;
  return number.get<int>();
}

Json S3ToJson(const S3Storage& s3) {
  return {{"endpoint", s3.endpoint},     {"bucket", s3.bucket},
          {"region", s3.region},         {"prefix", s3.prefix},
          {"path_style", s3.path_style}, {"ca_certificate", s3.ca_certificate_pem}};
}

std::optional<S3Storage> S3FromJson(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  return S3Storage{.endpoint = GetString(json, "endpoint"),
                   .bucket = GetString(json, "bucket"),
                   .region = GetString(json, "region"),
                   .prefix = GetString(json, "prefix"),
                   .path_style = GetBool(json, "path_style"),
                   .ca_certificate_pem = GetString(json, "ca_certificate")};
}

// The password and the webhook's secret are absent on purpose: the record has them among its own.
Json ClusterToJson(const ClusterSpec& spec) {
  return {{"name", spec.name},
          {"engine", spec.engine},
          {"engine_version", spec.engine_version},
          {"node_count", spec.node_count},
          {"instance_class", spec.instance_class},
          {"resources", ResourcesToJson(spec.resources)},
          {"parameters", spec.parameters},
          {"synchronous_replication", spec.synchronous_replication},
          {"publicly_accessible", spec.publicly_accessible},
          {"port", OptionalNumber(spec.port)},
          {"reader_port", OptionalNumber(spec.reader_port)},
          {"username", spec.username},
          {"db_name", spec.db_name},
          {"password_version", spec.password_version},
          {"image", spec.image},
          {"backup_directory", spec.backup_directory},
          {"deletion_protection", spec.deletion_protection},
          {"max_disruption", ToString(spec.max_disruption)},
          {"failover",
           {{"watch", spec.watch ? Json(*spec.watch) : Json()},
            {kWebhookUrl, OptionalText(spec.webhook_url.Reveal())},
            {"webhook_secret_version", spec.webhook_secret_version}}},
          {"reconcile", spec.repair ? kRepair : kOff},
          {"restore", spec.restore ? ToJson(*spec.restore) : Json()}};
}

ClusterSpec ClusterFromJson(const Json& json) {
  ClusterSpec spec;
  spec.name = GetString(json, "name");
  spec.engine = GetString(json, "engine");
  spec.engine_version = GetString(json, "engine_version");
  spec.node_count = static_cast<int>(GetInt(json, "node_count", 1));
  spec.instance_class = GetString(json, "instance_class");
  spec.resources = ResourcesFromJson(GetMember(json, "resources"));
  for (const auto& [name, value] : GetMember(json, "parameters").items()) {
    if (value.is_string()) spec.parameters[name] = value.get<std::string>();
  }
  spec.synchronous_replication = GetBool(json, "synchronous_replication");
  spec.publicly_accessible = GetBool(json, "publicly_accessible");
  spec.port = OptionalNumber(json, "port");
  spec.reader_port = OptionalNumber(json, "reader_port");
  spec.username = GetString(json, "username", spec.username);
  spec.db_name = GetString(json, "db_name", spec.db_name);
  spec.password_version = GetInt(json, "password_version");
  spec.image = GetString(json, "image");
  spec.backup_directory = GetString(json, "backup_directory");
  spec.deletion_protection = GetBool(json, "deletion_protection", true);
  spec.max_disruption =
      DisruptionLevelFrom(GetString(json, "max_disruption")).value_or(spec.max_disruption);
  const Json& failover = GetMember(json, "failover");
  const Json& watch = GetMember(failover, "watch");
  if (watch.is_boolean()) spec.watch = watch.get<bool>();
  spec.webhook_url = Secret(GetString(failover, kWebhookUrl));
  spec.webhook_secret_version = GetInt(failover, "webhook_secret_version");
  spec.repair = GetString(json, "reconcile") == kRepair;
  const Json& restore = GetMember(json, "restore");
  if (restore.is_object()) spec.restore = RestoreFromJson(restore);
  return spec;
}

Json ReplicaToJson(const ReplicaSpec& spec) {
  return {{"name", spec.name},
          {"instance_class", spec.instance_class},
          {"resources", spec.resources ? ResourcesToJson(*spec.resources) : Json()}};
}

ReplicaSpec ReplicaFromJson(const Json& json) {
  ReplicaSpec spec;
  spec.name = GetString(json, "name");
  spec.instance_class = GetString(json, "instance_class");
  const Json& resources = GetMember(json, "resources");
  if (resources.is_object()) spec.resources = ResourcesFromJson(resources);
  return spec;
}

// The keys are absent on purpose, as the password above is.
Json BackupPolicyToJson(const BackupPolicySpec& spec) {
  return {{"schedule",
           {{"full", spec.full},
            {"differential", spec.differential},
            {"incremental", spec.incremental}}},
          {"retention",
           {{"full", OptionalNumber(spec.keep_full)},
            {"days", OptionalNumber(spec.keep_days)},
            {"min_recovery_seconds", spec.recovery_window_seconds}}},
          {"archive_timeout", spec.archive_timeout_seconds},
          {"processes", spec.processes},
          {"bandwidth_limit_bytes", spec.bandwidth_limit_bytes},
          {"s3", spec.s3 ? S3ToJson(*spec.s3) : Json()},
          {"verify", {{"schedule", spec.verify_schedule}, {"query", spec.verify_query}}},
          {"skip_final_backup", spec.skip_final_backup},
          {"final_backup_identifier", OptionalText(spec.final_backup_identifier)},
          {"keys_version", spec.keys_version},
          {"encryption_key_version", spec.encryption_key_version}};
}

BackupPolicySpec BackupPolicyFromJson(const Json& json) {
  BackupPolicySpec spec;
  const Json& schedule = GetMember(json, "schedule");
  spec.full = GetString(schedule, "full");
  spec.differential = GetString(schedule, "differential");
  spec.incremental = GetString(schedule, "incremental");
  const Json& retention = GetMember(json, "retention");
  spec.keep_full = OptionalNumber(retention, "full");
  spec.keep_days = OptionalNumber(retention, "days");
  spec.recovery_window_seconds = GetInt(retention, "min_recovery_seconds");
  spec.archive_timeout_seconds =
      static_cast<int>(GetInt(json, "archive_timeout", spec.archive_timeout_seconds));
  spec.processes = static_cast<int>(GetInt(json, "processes", spec.processes));
  spec.bandwidth_limit_bytes = GetInt(json, "bandwidth_limit_bytes");
  spec.s3 = S3FromJson(GetMember(json, "s3"));
  spec.skip_final_backup = GetBool(json, "skip_final_backup");
  spec.final_backup_identifier = GetString(json, "final_backup_identifier");
  spec.verify_schedule = GetString(GetMember(json, "verify"), "schedule");
  spec.verify_query = GetString(GetMember(json, "verify"), "query");
  spec.keys_version = GetInt(json, "keys_version");
  spec.encryption_key_version = GetInt(json, "encryption_key_version");
  return spec;
}

Json KeptBackupToJson(const BackupSpec& spec) {
  return {{"name", spec.name},
          {"type", ToString(spec.kind)},
          {"description", spec.description},
          {"keep_until", spec.keep_until ? Json(ToText(*spec.keep_until)) : Json()}};
}

BackupSpec KeptBackupFromJson(const Json& json) {
  BackupSpec spec;
  spec.name = GetString(json, "name");
  spec.kind = BackupKindFrom(GetString(json, "type")).value_or(spec.kind);
  spec.description = GetString(json, "description");
  if (const std::string until = GetString(json, "keep_until"); !until.empty()) {
    spec.keep_until = ToTimePoint(until);
  }
  return spec;
}

constexpr std::int64_t kGibibyte = std::int64_t{1} << 30;

}  // namespace

std::string RestoreSpec::ToText() const {
  const std::string from = s3 ? source.cluster + " in bucket " + s3->bucket : source.ToText();
  return from + ", as of " + MomentToText();
}

std::string RestoreSpec::MomentToText() const {
  if (time) return dbaas::ToText(*time);
  if (!backup_id.empty()) return "backup " + backup_id;
  return position.empty() ? "the end of its log" : position;
}

Json ToJson(const RestoreSpec& spec) {
  return {{"source_cluster_id", spec.s3 ? Json() : Json(spec.source.ToText())},
          {"source_cluster_name", spec.s3 ? Json(spec.source.cluster) : Json()},
          {"s3", spec.s3 ? S3ToJson(*spec.s3) : Json()},
          {"keys_version", spec.keys_version},
          {"backup_id", OptionalText(spec.backup_id)},
          {"time", spec.time ? Json(ToText(*spec.time)) : Json()},
          {"lsn", OptionalText(spec.position)}};
}

RestoreSpec RestoreFromJson(const Json& json) {
  RestoreSpec spec{.backup_id = GetString(json, "backup_id"), .position = GetString(json, "lsn")};
  const std::string source = GetString(json, "source_cluster_id");
  const auto slash = source.find('/');
  spec.source = {source.substr(0, slash),
                 slash == std::string::npos ? "" : source.substr(slash + 1)};
  spec.s3 = S3FromJson(GetMember(json, "s3"));
  if (spec.s3) spec.source = {"", GetString(json, "source_cluster_name")};
  spec.keys_version = GetInt(json, "keys_version");
  if (const std::string time = GetString(json, "time"); !time.empty()) {
    spec.time = ToTimePoint(time);
  }
  return spec;
}

std::string PlaceOf(const BackupPolicySpec& policy) {
  if (!policy.s3) return "volume";
  return policy.s3->endpoint + "/" + policy.s3->bucket + policy.s3->prefix;
}

bool IsWatched(const ClusterSpec& spec) { return spec.watch.value_or(spec.node_count > 1); }

std::string ReplicaPartKey(const std::string& replica_name) {
  return std::string(kReplicaPrefix) + replica_name;
}

std::string BackupPartKey(const std::string& backup_name) {
  return std::string(kBackupPrefix) + backup_name;
}

std::string PartKey(const PartSpec& part) {
  if (const auto* replica = std::get_if<ReplicaSpec>(&part)) return ReplicaPartKey(replica->name);
  if (const auto* backup = std::get_if<BackupSpec>(&part)) return BackupPartKey(backup->name);
  if (std::holds_alternative<BackupPolicySpec>(part)) return std::string(kBackupPolicyPart);
  return std::string(kClusterPart);
}

Json ToJson(const PartSpec& part) {
  if (const auto* replica = std::get_if<ReplicaSpec>(&part)) return ReplicaToJson(*replica);
  if (const auto* policy = std::get_if<BackupPolicySpec>(&part)) return BackupPolicyToJson(*policy);
  if (const auto* backup = std::get_if<BackupSpec>(&part)) return KeptBackupToJson(*backup);
  return ClusterToJson(std::get<ClusterSpec>(part));
}

Json ToPublicJson(const PartSpec& part) {
  Json json = ToJson(part);
  if (!std::holds_alternative<ClusterSpec>(part)) return json;
  Json& url = json["failover"][kWebhookUrl];
  if (!url.is_null()) url = kSensitiveText;
  return json;
}

Result<PartSpec> PartFromJson(const std::string& key, const Json& json) {
  if (!json.is_object()) return Internal("part " + key + " of a cluster record is not an object");
  if (key == kClusterPart) return PartSpec(ClusterFromJson(json));
  if (key == kBackupPolicyPart) return PartSpec(BackupPolicyFromJson(json));
  if (key.starts_with(kReplicaPrefix)) return PartSpec(ReplicaFromJson(json));
  if (key.starts_with(kBackupPrefix)) return PartSpec(KeptBackupFromJson(json));
  // Acting on a record that we only half understand could remove what a newer version made.
  return Internal("the cluster record has a part that this version does not know: " + key,
                  "It was written by a newer version of dbaas. Use that version.");
}

const std::vector<InstanceClass>& InstanceClasses() {
  static const std::vector<InstanceClass> kClasses = {
      {"db.micro", {.cpu = 0.5, .memory_bytes = kGibibyte / 2}},
      {"db.small", {.cpu = 1, .memory_bytes = 2 * kGibibyte}},
      {"db.medium", {.cpu = 2, .memory_bytes = 4 * kGibibyte}},
      {"db.large", {.cpu = 2, .memory_bytes = 8 * kGibibyte}},
      {"db.xlarge", {.cpu = 4, .memory_bytes = 16 * kGibibyte}},
      {"db.2xlarge", {.cpu = 8, .memory_bytes = 32 * kGibibyte}},
      {"db.4xlarge", {.cpu = 16, .memory_bytes = 64 * kGibibyte}},
  };
  return kClasses;
}

const InstanceClass* FindInstanceClass(const std::string& name) {
  for (const auto& instance_class : InstanceClasses()) {
    if (instance_class.name == name) return &instance_class;
  }
  return nullptr;
}

}  // namespace dbaas
