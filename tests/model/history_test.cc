// SPDX-License-Identifier: MPL-2.0
#include "engine/model/history.h"

#include <gtest/gtest.h>

namespace dbaas {
namespace {

/// Three entries: a good one, a failed one, one that still runs.
std::vector<HistoryEntry> Three() {
  std::vector<HistoryEntry> history;
  Append(history, {.generation = 1, .at = "2026-11-21T08:00:00Z", .who = "alice", .what = "new"});
  Close(history, "ok", {{.action = "+ network orders", .outcome = "ok", .milliseconds = 12}});
  Append(history, {.generation = 2, .at = "2026-11-21T09:00:00Z", .who = "bob", .what = "grow"});
  Close(history, "the disk is full", {});
  Append(history, {.generation = 3, .at = "2026-11-21T10:00:00Z", .who = "bob", .what = "repair"});
  return history;
}

std::string Complaint(const std::vector<HistoryEntry>& history) {
  const auto verified = Verify(history);
  return verified.has_value() ? "" : verified.error().ToLine();
}

TEST(HistoryTest, ChainThatWasNotTouchedHolds) {
  EXPECT_EQ(Complaint(Three()), "");
  EXPECT_EQ(Complaint({}), "");
}

TEST(HistoryTest, ChangedEntryShows) {
  auto history = Three();
  history[1].who = "alice";
  EXPECT_EQ(Complaint(history),
            "the history is broken at generation 2 (2026-11-21T09:00:00Z): The entry is not as it "
            "was written.");
  history = Three();
  history[0].actions[0].outcome = "failed";
  EXPECT_NE(Complaint(history), "");
}

TEST(HistoryTest, RemovedAndRewrittenEntriesShow) {
  auto history = Three();
  history.erase(history.begin() + 1);
  EXPECT_EQ(Complaint(history),
            "the history is broken at generation 3 (2026-11-21T10:00:00Z): What stands before it "
            "is not what stood there when it was written.");
  history = Three();
  std::vector<HistoryEntry> other;  // Computed anew, with its right hash, and put in its place.
  Append(other, history[0]);
  Close(other, "failed", {});
  history[0] = other[0];
  EXPECT_NE(Complaint(history), "");
}

TEST(HistoryTest, OldestGoAndWhatStaysHolds) {
  std::vector<HistoryEntry> history;
  for (int i = 1; i <= static_cast<int>(kHistoryLimit) + 3; ++i) {
    Append(history, {.generation = i});
    Close(history, "ok", {});
  }
  EXPECT_EQ(history.size(), kHistoryLimit);
  EXPECT_EQ(history.front().generation, 4);
  EXPECT_EQ(Complaint(history), "");
}

TEST(HistoryTest, SurvivesBeingStored) {
  for (const auto& entry : Three()) {
    EXPECT_EQ(ToJson(HistoryEntryFromJson(ToJson(entry))), ToJson(entry));
  }
}

}  // namespace
}  // namespace dbaas
