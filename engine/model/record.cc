// SPDX-License-Identifier: MPL-2.0
#include "engine/model/record.h"

namespace dbaas {
namespace {

// An older version could not act safely on what a newer one wrote: it would take the members' data
// for missing once that was restored in place. Records that say nothing of it stay as they were.
constexpr std::int64_t kFormat = 1;
constexpr std::int64_t kFormatOfDataSets = 2;

void ReadDataSet(const Json& json, ClusterRecord& record) {
  record.data_set = static_cast<int>(GetInt(json, "data_set"));
  if (const Json& in_place = GetMember(json, "restore_in_place"); in_place.is_object()) {
    record.in_place = {.to = RestoreFromJson(GetMember(in_place, "to")),
                       .left_data_set = static_cast<int>(GetInt(in_place, "left_data_set")),
                       .is_made = GetBool(in_place, "is_made")};
  }
  for (const auto& branch : GetMember(json, "left_branches")) {
    record.left_branches.push_back(
        {.name = GetString(branch, "name"), .until = ToTimePoint(GetString(branch, "until"))});
  }
}

void WriteDataSet(const ClusterRecord& record, Json& json) {
  if (record.data_set == 0 && !record.in_place && record.left_branches.empty()) return;
  json["format"] = kFormatOfDataSets;
  json["data_set"] = record.data_set;
  json["left_branches"] = Json::array();
  for (const auto& branch : record.left_branches) {
    json["left_branches"].push_back({{"name", branch.name}, {"until", ToText(branch.until)}});
  }
  if (!record.in_place) return;
  json["restore_in_place"] = {{"to", ToJson(record.in_place->to)},
                              {"left_data_set", record.in_place->left_data_set},
                              {"is_made", record.in_place->is_made}};
}

void ReadVerifications(const Json& json, Verifications& verifications) {
  for (const auto& [id, at] : GetMember(json, "backups").items()) {
    if (at.is_string()) verifications.backups[id] = ToTimePoint(at.get<std::string>());
  }
  const auto time = [&](const char* key) {
    const std::string text = GetString(json, key);
    return text.empty() ? std::nullopt : std::optional(ToTimePoint(text));
  };
  verifications.sound = time("sound");
  verifications.last = time("last");
  verifications.problem = GetString(json, "problem");
}

/// Only where there was one: a record of before stays as it was.
void WriteVerifications(const Verifications& verifications, Json& record) {
  if (!verifications.last) return;
  Json json = {{"backups", Json::object()},
               {"last", ToText(*verifications.last)},
               {"problem", verifications.problem}};
  for (const auto& [id, at] : verifications.backups) json["backups"][id] = ToText(at);
  if (verifications.sound) json["sound"] = ToText(*verifications.sound);
  record["verifications"] = std::move(json);
}

}  // namespace

std::vector<ReplicaSpec> ClusterRecord::replicas() const {
  std::vector<ReplicaSpec> replicas;
  for (const auto& [key, part] : parts) {
    if (const auto* replica = std::get_if<ReplicaSpec>(&part)) replicas.push_back(*replica);
  }
  return replicas;
}

std::vector<BackupSpec> ClusterRecord::backups_to_take() const {
  std::vector<BackupSpec> wanted;
  for (const auto& [key, part] : parts) {
    const auto* backup = std::get_if<BackupSpec>(&part);
    if (backup == nullptr) continue;
    const auto kept = kept_backups.find(key);
    if (kept == kept_backups.end() || kept->second.id.empty()) wanted.push_back(*backup);
  }
  return wanted;
}

const BackupPolicySpec* ClusterRecord::backup_policy() const {
  const auto part = parts.find(std::string(kBackupPolicyPart));
  return part == parts.end() ? nullptr : std::get_if<BackupPolicySpec>(&part->second);
}

const RestoreSpec* ClusterRecord::restoring() const {
  if (in_place) return &in_place->to;
  if (settled != 0 || !has_cluster_part() || !cluster_spec().restore) return nullptr;
  return &*cluster_spec().restore;
}

std::string ClusterRecord::BranchAt(TimePoint time) const {
  for (const auto& branch : left_branches) {
    if (time < branch.until) return branch.name;
  }
  return {};
}

Json ToJson(const ClusterRecord& record) {
  Json json = {{"format", kFormat},         {"cluster", record.cluster},
               {"uid", record.uid},         {"generation", record.generation},
               {"settled", record.settled}, {"deleting", record.deleting},
               {"parts", Json::object()},   {"secrets", Json::object()},
               {"ports", record.ports},     {"version_actual", record.version_actual},
               {"watcher", record.watcher}, {"expansion", record.expansion},
               {"history", Json::array()}};
  for (const auto& [key, part] : record.parts) json["parts"][key] = ToJson(part);
  for (const auto& [name, secret] : record.secrets) json["secrets"][name] = secret.Reveal();
  for (const auto& entry : record.history) json["history"].push_back(ToJson(entry));
  if (!record.shared_volumes) json["shared_volumes"] = false;
  WriteDataSet(record, json);
  WriteVerifications(record.verifications, json);
  for (const auto& [key, backup] : record.kept_backups) {
    Json& kept = json["kept_backups"][key];
    kept = ToJson(backup);
    kept["mark"] = backup.mark;
    kept["place"] = backup.place;
  }
  return json;
}

Result<ClusterRecord> RecordFromJson(const Json& json) {
  const std::int64_t format = GetInt(json, "format");
  if (format != kFormat && format != kFormatOfDataSets) {
    return Internal("the cluster record has an unknown format",
                    "It was written by another version of dbaas. Use that version.");
  }
  ClusterRecord record;
  record.cluster = GetString(json, "cluster");
  record.uid = GetString(json, "uid");
  record.generation = GetInt(json, "generation");
  record.settled = GetInt(json, "settled");
  record.deleting = GetBool(json, "deleting");
  for (const auto& [key, part] : GetMember(json, "parts").items()) {
    record.parts.emplace(key, TRY(PartFromJson(key, part)));
  }
  for (const auto& [name, secret] : GetMember(json, "secrets").items()) {
    if (secret.is_string()) record.secrets.emplace(name, Secret(secret.get<std::string>()));
  }
  for (const auto& [name, port] : GetMember(json, "ports").items()) {
    if (port.is_number_integer()) record.ports[name] = port.get<int>();
  }
  record.version_actual = GetString(json, "version_actual");
  record.watcher = GetBool(json, "watcher");
  record.shared_volumes = GetBool(json, "shared_volumes", true);
  record.expansion = GetString(json, "expansion");
  for (const auto& entry : GetMember(json, "history")) {
    record.history.push_back(HistoryEntryFromJson(entry));
  }
  ReadDataSet(json, record);
  ReadVerifications(GetMember(json, "verifications"), record.verifications);
  for (const auto& [key, backup] : GetMember(json, "kept_backups").items()) {
    record.kept_backups.emplace(key, BackupFromJson(backup));
  }
  return record;
}

}  // namespace dbaas
