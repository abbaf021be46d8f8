// SPDX-License-Identifier: MPL-2.0
//
// What a journal tells (journal.h, docs/journal_format.md): the last applies of one cluster that
// this machine began, what each of them did, and what was cut. For people, by Engine::ReadJournal;
// nothing recovers from it. Needs no host. Any threads: plain functions that share nothing.
//
// The file may hold whatever a crash, a full disk or somebody's editor left there. A line that
// makes no sense is passed over and counted. However large the file, its end alone is read
// (kJournalTail), and a line longer than kJournalLine is taken for none of ours.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace dbaas {

inline constexpr std::size_t kJournalTail = 4 << 20;    ///< Bytes; some hundred applies.
inline constexpr std::size_t kJournalLine = 256 << 10;  ///< Bytes.
/// As many as a record's history has.
inline constexpr std::size_t kJournaledApplies = 50;

/// How something ended: "ok", "failed", "cancelled" as written; "cut" when it began and has no end;
/// "running" when its process has the journal still in hand.
struct JournaledEnd {
  std::string outcome;
  std::string error;                 ///< In one line, when it failed.
  std::optional<std::int64_t> took;  ///< Milliseconds; nothing when it was cut.
};

struct JournaledAction {
  std::string at;      ///< When it began: RFC 3339, UTC.
  std::string action;  ///< "+ instance orders-1"
  JournaledEnd end;
};

struct JournaledApply {
  std::int64_t generation = 0;
  std::string at;
  std::string who;   ///< As in the history (model/history.h).
  std::string what;  ///< As in the history.
  JournaledEnd end;
  std::vector<JournaledAction> actions;  ///< In the order in which they began.
};

struct JournalExcerpt {
  std::vector<JournaledApply> applies;  ///< Oldest first; kJournaledApplies at most.
  std::size_t strange_lines = 0;        ///< Torn, or none of ours.
};

/// What is known of a journal beside its text.
struct JournalText {
  std::string_view text;
  bool cut_off = false;  ///< There is more before it: it may begin within a line or an apply.
  bool at_work = false;  ///< A process is in the middle of the last apply.
};

JournalExcerpt ReadJournal(const JournalText& journal);

/// kNotFound when this machine has no journal of that cluster; the detail names the other hosts
/// of whose cluster of that name it has one.
Result<JournalExcerpt> ReadJournal(const std::string& folder, const std::string& host,
                                   const std::string& cluster);

}  // namespace dbaas
