// SPDX-License-Identifier: MPL-2.0
//
// History: who did what to a cluster, when, and how it ended, kept in its record. The entries form
// a chain: each carries a hash over itself and the hash of the one before, so an entry that was
// changed, removed or put in afterwards shows. Whoever can write the record can also compute a new
// chain; the last hash, written down elsewhere (the log has it), tells even then.
// Plain data and pure functions. Format: docs/record_format.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"

namespace dbaas {

struct ActionOutcome {
  std::string action;   ///< "+ instance orders-1"
  std::string outcome;  ///< "ok", "failed", "cancelled", "skipped"
  std::int64_t milliseconds = 0;
  friend bool operator==(const ActionOutcome&, const ActionOutcome&) = default;
};

struct HistoryEntry {
  std::int64_t generation = 0;
  std::string at;                      ///< RFC 3339, UTC.
  std::string who;                     ///< Lease holder: "alice@build-7 pid 4242 (terraform)".
  std::string what;                    ///< "node_count 1 → 3"; secrets as "(sensitive)".
  std::string outcome;                 ///< Empty while running, then "ok" or the error in one line.
  std::vector<ActionOutcome> actions;  ///< Without those that only wait.
  std::string previous;                ///< Hash of the entry before; empty for a cluster's first.
  std::string hash;
};

/// The oldest entries go when there are more.
inline constexpr std::size_t kHistoryLimit = 50;

/// Adds an entry at the end of the chain.
void Append(std::vector<HistoryEntry>& history, HistoryEntry entry);
/// Says how the last entry ended. REQUIRES: there is one.
void Close(std::vector<HistoryEntry>& history, std::string outcome,
           std::vector<ActionOutcome> actions);
/// kConflict, naming the first entry that is not as it was written.
Result<void> Verify(const std::vector<HistoryEntry>& history);

Json ToJson(const HistoryEntry& entry);
HistoryEntry HistoryEntryFromJson(const Json& json);

}  // namespace dbaas
