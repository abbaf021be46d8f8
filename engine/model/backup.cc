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

Json ToJson(const BackupCatalogue& catalogue) {
  Json backups = Json::array();
  for (const auto& backup : catalogue.backups) {
    backups.push_back({{"id", backup.id},
                       {"type", ToString(backup.kind)},
                       {"began", ToText(backup.began)},
                       {"ended", ToText(backup.ended)},
                       {"database_bytes", backup.database_bytes},
                       {"repository_bytes", backup.repository_bytes},
                       {"first_position", backup.first_position},
                       {"last_position", backup.last_position},
                       {"damaged", backup.damaged},
                       {"verified_at", ToJson(backup.verified)}});
  }
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
