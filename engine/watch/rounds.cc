// SPDX-License-Identifier: MPL-2.0
#include "engine/watch/rounds.h"

#include <spdlog/spdlog.h>

#include <utility>

namespace dbaas {
namespace {

constexpr Milliseconds kAheadTolerance = std::chrono::minutes(5);

}  // namespace

bool IsAhead(TimePoint began, TimePoint now) { return began > now + kAheadTolerance; }

bool Rounds::Each(const char* purpose,
                  const std::function<void(const ClusterRecord&)>& look) const {
  const auto records = converge.driver.ReadRecords();
  if (!records) {
    spdlog::debug("cannot look {}: {}", purpose, records.error().ToLine());
    return false;
  }
  for (const auto& record : *records) {
    if (converge.stop.stop_requested()) break;
    if (!clusters.empty() && !clusters.contains(record.cluster)) continue;
    if (record.has_cluster_part() && !record.deleting) look(record);
  }
  return true;
}

void Rounds::Tell(WatchReport::Kind kind, const std::string& cluster, std::string text,
                  Milliseconds took) const {
  report({.kind = kind,
          .at = converge.clock.Now(),
          .host = converge.driver.Host(),
          .cluster = cluster,
          .member = "",
          .text = std::move(text),
          .took = took});
}

void Rounds::PutOff(WatchReport::Kind kind, const std::string& cluster, const Error& error,
                    Setback& setback) const {
  if (error.kind == ErrorKind::kCancelled) return;
  const TimePoint now = converge.clock.Now();
  setback.pause = {now, now + RetryDelay(kAfterFailure, setback.failures++, converge.random)};
  std::string text = error.ToLine();
  if (std::exchange(setback.told, text) == text) return;
  Tell(kind, cluster, std::move(text));
}

}  // namespace dbaas
