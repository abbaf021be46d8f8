// SPDX-License-Identifier: MPL-2.0
#include "engine/model/retention.h"

#include <algorithm>
#include <set>

namespace dbaas {
namespace {

using Backups = std::vector<const Backup*>;

/// Index of the youngest that `window` can be gone back with; of the oldest where none is that old.
std::size_t Reaching(std::chrono::seconds window, const Backups& fulls, TimePoint now) {
  std::size_t index = fulls.size() - 1;
  while (index > 0 && fulls[index]->ended > now - window) --index;
  return index;
}

/// Index of the one with which `count` are left. One that is damaged is none of them.
std::size_t Counting(int count, const Backups& fulls) {
  std::size_t index = fulls.size();
  while (index > 0 && count > 0) {
    --index;
    if (!fulls[index]->damaged) --count;
  }
  return index;
}

std::size_t OldestWithLog(const BackupPolicySpec& policy, const Backups& fulls, TimePoint now) {
  const std::size_t wanted = policy.keep_days
                                 ? Reaching(std::chrono::days(*policy.keep_days), fulls, now)
                                 : Counting(*policy.keep_full, fulls);
  const std::chrono::seconds window(policy.recovery_window_seconds);
  return std::min(wanted, Reaching(window, fulls, now));
}

}  // namespace

Retention ApplyRetention(const BackupPolicySpec& policy, const BackupCatalogue& catalogue,
                         TimePoint now) {
  Backups fulls;
  std::set<std::string> kept;  // Chains that hold one which somebody has kept.
  for (const Backup& backup : catalogue.backups) {
    if (backup.kind == BackupKind::kFull && !backup.is_alone) fulls.push_back(&backup);
    const bool is_kept =
        !backup.kept_by.empty() && (!backup.kept_until || now < *backup.kept_until);
    if (is_kept) kept.insert(backup.chain);
  }
  if (fulls.empty() || !policy.has_retention()) return {};
  const std::size_t oldest = OldestWithLog(policy, fulls, now);
  std::set<std::string> followed;
  for (std::size_t i = oldest; i < fulls.size(); ++i) followed.insert(fulls[i]->id);
  Retention retention{.with_log = static_cast<int>(followed.size())};
  for (const Backup& backup : catalogue.backups) {
    if (followed.contains(backup.chain)) continue;
    if (kept.contains(backup.chain)) {
      if (!backup.is_alone) retention.left_alone.push_back(backup.id);
    } else if (backup.kind == BackupKind::kFull) {
      retention.removed.push_back(backup.id);
    }
  }
  return retention;
}

}  // namespace dbaas
