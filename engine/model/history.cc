// SPDX-License-Identifier: MPL-2.0
#include "engine/model/history.h"

#include <fmt/format.h>

#include "engine/base/hash.h"

namespace dbaas {
namespace {

std::string HashOf(const HistoryEntry& entry) {
  Json json = ToJson(entry);
  json.erase("hash");
  return Sha256Hex(Dump(json));
}

}  // namespace

void Append(std::vector<HistoryEntry>& history, HistoryEntry entry) {
  entry.previous = history.empty() ? "" : history.back().hash;
  entry.hash = HashOf(entry);
  history.push_back(std::move(entry));
  if (history.size() > kHistoryLimit) history.erase(history.begin());
}

void Close(std::vector<HistoryEntry>& history, std::string outcome,
           std::vector<ActionOutcome> actions) {
  HistoryEntry& entry = history.back();
  entry.outcome = std::move(outcome);
  entry.actions = std::move(actions);
  entry.hash = HashOf(entry);
}

Result<void> Verify(const std::vector<HistoryEntry>& history) {
  for (std::size_t i = 0; i < history.size(); ++i) {
    const HistoryEntry& entry = history[i];
    const auto broken = [&](const char* how) {
      return Conflict(
          fmt::format("the history is broken at generation {} ({})", entry.generation, entry.at),
          how);
    };
    if (entry.hash != HashOf(entry)) return broken("The entry is not as it was written.");
    if (i > 0 && entry.previous != history[i - 1].hash) {
      return broken("What stands before it is not what stood there when it was written.");
    }
  }
  return Ok();
}

Json ToJson(const HistoryEntry& entry) {
  Json actions = Json::array();
  for (const auto& action : entry.actions) {
    actions.push_back(
        {{"action", action.action}, {"outcome", action.outcome}, {"ms", action.milliseconds}});
  }
  return {{"generation", entry.generation},
          {"at", entry.at},
          {"who", entry.who},
          {"what", entry.what},
          {"outcome", entry.outcome},
          {"actions", std::move(actions)},
          {"previous", entry.previous},
          {"hash", entry.hash}};
}

HistoryEntry HistoryEntryFromJson(const Json& json) {
  HistoryEntry entry{.generation = GetInt(json, "generation"),
                     .at = GetString(json, "at"),
                     .who = GetString(json, "who"),
                     .what = GetString(json, "what"),
                     .outcome = GetString(json, "outcome"),
                     .actions = {},
                     .previous = GetString(json, "previous"),
                     .hash = GetString(json, "hash")};
  for (const auto& action : GetMember(json, "actions")) {
    entry.actions.push_back({.action = GetString(action, "action"),
                             .outcome = GetString(action, "outcome"),
                             .milliseconds = GetInt(action, "ms")});
  }
  return entry;
}

}  // namespace dbaas
