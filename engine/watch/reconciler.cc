// SPDX-License-Identifier: MPL-2.0
#include "engine/watch/reconciler.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <utility>

namespace dbaas {
namespace {

/// Somebody at work, and a host that is away, are no news.
bool Passes(const Error& error) {
  return error.kind == ErrorKind::kConflict || error.kind == ErrorKind::kUnavailable ||
         error.kind == ErrorKind::kCancelled;
}

}  // namespace

void Reconciler::Look() {
  rounds_.Each("for what is to be repaired", [this](const ClusterRecord& record) {
    if (record.cluster_spec().repair) LookAt(record.cluster);
  });
}

void Reconciler::LookAt(const std::string& cluster) {
  const ConvergeContext& converge = rounds_.converge;
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
  if (!was_wrong || at_hand.pause.Lasts(now)) return;
  const auto repaired = Repair(converge, id, "dbaas watch");
  if (!repaired) {
    if (repaired.error().kind != ErrorKind::kConflict) {
      const Milliseconds delay = RetryDelay(kAfterFailure, at_hand.failures++, converge.random);
      at_hand.pause = {now, now + delay};
    }
    return LeaveAlone(cluster, repaired.error());
  }
  cases_.erase(cluster);
  if (repaired->empty()) return;
  rounds_.Tell(WatchReport::Kind::kRepaired, cluster, fmt::format("{}", fmt::join(*repaired, ", ")),
               converge.clock.Now() - now);
}

void Reconciler::LeaveAlone(const std::string& cluster, const Error& error) {
  spdlog::debug("cluster {} is not repaired: {}", cluster, error.ToLine());
  if (Passes(error)) return;
  std::string text = "not repaired: " + error.ToLine();
  std::string& told = cases_[cluster].told;
  if (told == text) return;
  told = text;
  rounds_.Tell(WatchReport::Kind::kLeftAlone, cluster, std::move(text));
}

}  // namespace dbaas
