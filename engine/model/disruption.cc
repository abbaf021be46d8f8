// SPDX-License-Identifier: MPL-2.0
#include "engine/model/disruption.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace dbaas {
namespace {

using Kind = DisruptionStep::Kind;

constexpr DisruptionLevel kLevels[] = {DisruptionLevel::kNone, DisruptionLevel::kReload,
                                       DisruptionLevel::kRestart, DisruptionLevel::kFailover};

/// "1 switchover", "2 restarts", "2 leaves"
std::string Counted(int count, Kind kind) {
  const std::string noun = kind == Kind::kLeave ? "removal" : ToString(kind);
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

const char* ToString(DisruptionLevel level) {
  switch (level) {
    case DisruptionLevel::kNone: return "none";
    case DisruptionLevel::kReload: return "reload";
    case DisruptionLevel::kRestart: return "restart";
    case DisruptionLevel::kFailover: return "failover";
  }
  return "?";
}

std::optional<DisruptionLevel> DisruptionLevelFrom(const std::string& text) {
  for (const DisruptionLevel level : kLevels) {
    if (text == ToString(level)) return level;
  }
  return std::nullopt;
}

const char* ToString(DataAtRisk risk) {
  switch (risk) {
    case DataAtRisk::kNone: return "none";
    case DataAtRisk::kUnsyncedTail: return "unsynced tail";
    case DataAtRisk::kVolume: return "volume";
  }
  return "?";
}

const char* ToString(Kind kind) {
  switch (kind) {
    case Kind::kJoin: return "join";
    case Kind::kStart: return "start";
    case Kind::kRebuild: return "rebuild";
    case Kind::kReload: return "reload";
    case Kind::kRestart: return "restart";
    case Kind::kSwitchover: return "switchover";
    case Kind::kFailover: return "failover";
    case Kind::kLeave: return "leave";
    case Kind::kRestore: return "restore";
  }
  return "?";
}

std::string Disruption::Summary() const {
  std::map<Kind, int> counts;
  for (const auto& step : steps) ++counts[step.kind];
  std::string text;
  for (const auto& [kind, count] : counts) {
    text += (text.empty() ? "" : ", ") + Counted(count, kind);
  }
  if (text.empty()) text = "no disruption";
  if (ends_service) {
    text += "; the cluster ends";
  } else if (restores) {
    text += "; nobody is served until the data is restored";
  } else if (blocked_seconds > 0) {
    text += fmt::format("; writes blocked for up to {} s", blocked_seconds);
  } else {
    text += "; writes go on";
  }
  return text + "; data at risk: " + dbaas::ToString(data_at_risk);
}

std::string Disruption::ToText() const {
  std::size_t width = 0;
  for (const auto& step : steps) width = std::max(width, step.member.size());
  std::string text;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    text += fmt::format("{}. {:{}}  {:10}  {}", i + 1, steps[i].member, width,
                        dbaas::ToString(steps[i].kind), steps[i].reason);
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

Json ToJson(const Disruption& disruption) {
  Json steps = Json::array();
  for (const auto& step : disruption.steps) {
    steps.push_back(
        {{"member", step.member}, {"kind", ToString(step.kind)}, {"reason", step.reason}});
  }
  return {{"level", ToString(disruption.level)},
          {"blocked_seconds", disruption.blocked_seconds},
          {"ends_service", disruption.ends_service},
          {"restores", disruption.restores},
          {"data_at_risk", ToString(disruption.data_at_risk)},
          {"steps", std::move(steps)}};
}

}  // namespace dbaas
