// SPDX-License-Identifier: MPL-2.0
#include "engine/watch/reconciler.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <utility>

#include "engine/apply/retry.h"

namespace dbaas {
namespace {

constexpr RetryPolicy kAfterFailure{.first_delay = std::chrono::minutes(1),
                                    .longest_delay = std::chrono::hours(1)};

/// Somebody at work, and a host that is away, are no news.
bool Passes(const Error& error) {
  return error.kind == ErrorKind::kConflict || error.kind == ErrorKind::kUnavailable ||
         error.kind == ErrorKind::kCancelled;
}

}  // namespace

void Reconciler::Look() {
  const auto records = context_.converge.driver.ReadRecords();
  if (!records) {
    spdlog::debug("cannot look for what is to be repaired: {}", records.error().ToLine());
    return;
  }
  for (const auto& record : *records) {
    if (context_.converge.stop.stop_requested()) return;
    if (!context_.clusters.empty() && !context_.clusters.contains(record.cluster)) continue;
    if (!record.has_cluster_part() || record.deleting || !record.cluster_spec().repair) continue;
    LookAt(record.cluster);
  }
}

void Reconciler::LookAt(const std::string& cluster) {
  const ConvergeContext& converge = context_.converge;
  const ClusterId id{converge.driver.Host(), cluster};
  const auto wrong = LookForRepair(converge, id);
  Case& at_hand = cases_[cluster];
  const bool was_wrong = std::exchange(at_hand.was_wrong, wrong && !wrong->empty());
  if (!wrong) return LeaveAlone(cluster, wrong.error());
  if (wrong->empty()) {
    cases_.erase(cluster);
    return;
  }
  const TimePoint now = converge.clock.Now();
  if (!was_wrong || now < at_hand.due) return;
  const auto repaired = Repair(converge, id, "dbaas watch");
  if (!repaired) {
    if (repaired.error().kind != ErrorKind::kConflict) {
      at_hand.due = now + RetryDelay(kAfterFailure, at_hand.failures++, converge.random);
    }
    return LeaveAlone(cluster, repaired.error());
  }
  cases_.erase(cluster);
  if (repaired->empty()) return;
  Report(WatchReport::Kind::kRepaired, cluster, fmt::format("{}", fmt::join(*repaired, ", ")),
         converge.clock.Now() - now);
}

void Reconciler::LeaveAlone(const std::string& cluster, const Error& error) {
  spdlog::debug("cluster {} is not repaired: {}", cluster, error.ToLine());
  if (Passes(error)) return;
  std::string text = "not repaired: " + error.ToLine();
  std::string& told = cases_[cluster].told;
  if (told == text) return;
  told = text;
  Report(WatchReport::Kind::kLeftAlone, cluster, std::move(text));
}

void Reconciler::Report(WatchReport::Kind kind, const std::string& cluster, std::string text,
                        Milliseconds took) {
  context_.report({.kind = kind,
                   .at = context_.converge.clock.Now(),
                   .host = context_.converge.driver.Host(),
                   .cluster = cluster,
                   .member = "",
                   .text = std::move(text),
                   .took = took});
}

}  // namespace dbaas
