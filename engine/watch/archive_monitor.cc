// SPDX-License-Identifier: MPL-2.0
#include "engine/watch/archive_monitor.h"

#include <spdlog/spdlog.h>

#include "engine/apply/backups.h"

namespace dbaas {
namespace {

// What fills a disk takes longer, and a look costs the host two programs per cluster.
constexpr Milliseconds kInterval = std::chrono::minutes(5);

}  // namespace

void ArchiveMonitor::Look() {
  const TimePoint now = rounds_.converge.clock.Now();
  if (pause_.Lasts(now)) return;
  pause_ = {now, now + kInterval};
  std::map<std::string, std::int64_t> still_there;
  const auto look = [&](const ClusterRecord& record) {
    if (record.backup_policy() == nullptr) return;
    LookAt(record);
    if (auto told = room_when_told_.extract(record.cluster)) still_there.insert(std::move(told));
  };
  const bool is_all = rounds_.Each("how the log is archived", look);
  // What is gone is forgotten: made anew under the same name, it is another cluster.
  if (!is_all) still_there.merge(room_when_told_);
  room_when_told_ = std::move(still_there);
}

void ArchiveMonitor::LookAt(const ClusterRecord& record) {
  const ConvergeContext& converge = rounds_.converge;
  const auto archiving = LookAtArchiving(converge.driver, converge.clock, record);
  if (!archiving) {
    spdlog::debug("cannot look: {}", archiving.error().ToLine());
    return;
  }
  const auto told = room_when_told_.find(record.cluster);
  const bool was_told = told != room_when_told_.end();
  if (archiving->problem.empty()) {
    if (!was_told) return;
    room_when_told_.erase(told);
    rounds_.Tell(WatchReport::Kind::kArchived, record.cluster, "its log arrives again");
    return;
  }
  if (was_told && archiving->room_bytes > told->second / 2) return;
  room_when_told_[record.cluster] = archiving->room_bytes;
  rounds_.Tell(WatchReport::Kind::kNotArchived, record.cluster, archiving->problem);
}

}  // namespace dbaas
