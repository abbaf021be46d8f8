// SPDX-License-Identifier: MPL-2.0
#include "engine/model/backup.h"

#include <array>

namespace dbaas {
namespace {

constexpr std::array kKinds = {BackupKind::kFull, BackupKind::kDifferential,
                               BackupKind::kIncremental};

Json ToJson(const std::optional<TimePoint>& time) { return time ? Json(ToText(*time)) : Json(); }

}  // namespace

const char* ToString(BackupKind kind) {
  switch (kind) {
    case BackupKind::kFull: return "full";
    case BackupKind::kDifferential: return "differential";
    case BackupKind::kIncremental: return "incremental";
  }
  return "";
}

std::optional<BackupKind> BackupKindFrom(const std::string& text) {
  for (const BackupKind kind : kKinds) {
    if (text == ToString(kind)) return kind;
  }
  return std::nullopt;
}

const Backup* BackupCatalogue::Last(BackupKind kind) const {
  for (auto backup = backups.rbegin(); backup != backups.rend(); ++backup) {
    if (backup->kind <= kind) return &*backup;
  }
  return nullptr;
}

const Backup* BackupCatalogue::Find(const std::string& id) const {
  for (const auto& backup : backups) {
    if (backup.id == id) return &backup;
  }
  return nullptr;
}

const Backup* BackupCatalogue::FindMarked(const std::string& mark) const {
  for (const auto& backup : backups) {
    if (backup.mark == mark) return &backup;
  }
  return nullptr;
}

Json ToJson(const Backup& backup) {
  const std::string final_name = backup.final_name();
  return {{"id", backup.id},
          {"type", ToString(backup.kind)},
          {"began", ToText(backup.began)},
          {"ended", ToText(backup.ended)},
          {"database_bytes", backup.database_bytes},
          {"repository_bytes", backup.repository_bytes},
          {"first_position", backup.first_position},
          {"last_position", backup.last_position},
          {"damaged", backup.damaged},
          {"only_its_end", backup.is_alone},
          {"kept_by", backup.kept_by.empty() ? Json() : Json(backup.kept_by)},
          {"kept_until", ToJson(backup.kept_until)},
          {"final_backup_identifier", final_name.empty() ? Json() : Json(final_name)},
          {"verified_at", ToJson(backup.verified)}};
}

Backup BackupFromJson(const Json& json) {
  return {.id = GetString(json, "id"),
          .kind = BackupKindFrom(GetString(json, "type")).value_or(BackupKind::kFull),
          .began = ToTimePoint(GetString(json, "began")),
          .ended = ToTimePoint(GetString(json, "ended")),
          .database_bytes = GetInt(json, "database_bytes"),
          .repository_bytes = GetInt(json, "repository_bytes"),
          .first_position = GetString(json, "first_position"),
          .last_position = GetString(json, "last_position"),
          .damaged = GetBool(json, "damaged"),
          .mark = GetString(json, "mark"),
          .place = GetString(json, "place")};
}

Json ToJson(const BackupCatalogue& catalogue) {
  Json backups = Json::array();
  for (const auto& backup : catalogue.backups) backups.push_back(ToJson(backup));
  return {{"backups", std::move(backups)},
          {"earliest_restorable_time", ToJson(catalogue.earliest)},
          {"latest_restorable_time", ToJson(catalogue.latest)},
          {"last_failure_at", ToJson(catalogue.last_failure_at)},
          {"last_failure", catalogue.last_failure},
          {"last_verified_at", ToJson(catalogue.last_verified)},
          {"verification_problem", catalogue.verification_problem},
          {"archiving_problem", catalogue.archiving_problem},
          {"repository_problem", catalogue.repository_problem}};
}

}  // namespace dbaas
