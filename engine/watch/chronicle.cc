// SPDX-License-Identifier: MPL-2.0
#include "engine/watch/chronicle.h"

#include <fmt/format.h>

namespace dbaas {
namespace {

// Reading and writing one record takes a fraction of it.
constexpr Milliseconds kTtl = std::chrono::seconds(30);

}  // namespace

Result<void> WriteDown(Driver& driver, const Holder& holder, const WatchReport& report) {
  const auto lease = TRY(driver.AcquireLease(report.cluster, holder, kTtl));
  auto record = TRY(driver.ReadRecord(report.cluster));
  if (!record || !record->has_cluster_part() || record->deleting) {
    return NotFound("there is no cluster " + report.cluster + " any more");
  }
  // An apply lets go of its lease before it settles, and one that was cut left no word.
  if (!record->history.empty() && record->history.back().outcome.empty()) {
    return Conflict("the last apply of " + report.cluster + " has not ended");
  }
  const std::int64_t expected = record->generation++;
  if (record->settled == expected) record->settled = record->generation;
  Append(record->history, {.generation = record->generation,
                           .at = ToText(report.at),
                           .who = holder.name,
                           .what = fmt::format("{}: {}", ToString(report.kind), report.text),
                           .outcome = "ok",
                           .actions = {{.action = "take away the claim of " + report.member,
                                        .outcome = "ok",
                                        .milliseconds = report.took.count()}}});
  return driver.WriteRecord(*record, expected);
}

}  // namespace dbaas
