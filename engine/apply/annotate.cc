// SPDX-License-Identifier: MPL-2.0
#include "engine/apply/annotate.h"

#include <utility>

namespace dbaas {
namespace {

// Reading and writing one record takes a fraction of it.
constexpr Milliseconds kTtl = std::chrono::seconds(30);

}  // namespace

Result<void> Annotate(Driver& driver, Clock& clock, const Holder& holder,
                      const std::string& cluster, HistoryEntry entry,
                      const std::function<Result<void>(ClusterRecord&)>& change) {
  const TimePoint asked_at = clock.Now();
  const auto lease = TRY(driver.AcquireLease(cluster, holder, kTtl));
  auto record = TRY(driver.ReadRecord(cluster));
  if (!record || !record->has_cluster_part() || record->deleting) {
    return NotFound("there is no cluster " + cluster + " any more");
  }
  // An apply lets go of its lease before it settles, and one that was cut left no word.
  if (!record->history.empty() && record->history.back().outcome.empty()) {
    return Conflict("the last apply of " + cluster + " has not ended");
  }
  TRY(change(*record));
  const std::int64_t expected = record->generation++;
  if (record->settled == expected) record->settled = record->generation;
  entry.generation = record->generation;
  entry.who = holder.name;
  Append(record->history, std::move(entry));
  // A machine that was asleep meanwhile holds nothing any more.
  if (clock.Now() - asked_at >= kTtl) return Conflict("the lease on " + cluster + " has run out");
  return driver.WriteRecord(*record, expected);
}

}  // namespace dbaas
