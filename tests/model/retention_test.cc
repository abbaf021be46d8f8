// SPDX-License-Identifier: MPL-2.0
//
// Which backups go. A line stands for a repository, oldest first: "F1 I1 F2" is a full backup of
// day 1 with an incremental one that builds on it, and a full one of day 2.
#include "engine/model/retention.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace dbaas {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr TimePoint Day(int day) { return TimePoint(std::chrono::days(day)); }

/// "F1" and so on; "+" behind it: kept; "!": damaged; "~": left alone before.
BackupCatalogue Repository(const std::string& line) {
  BackupCatalogue catalogue;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    const TimePoint at = Day(word[1] - '0');
    Backup backup{.id = word.substr(0, 2), .began = at, .ended = at};
    backup.kind = word[0] == 'F' ? BackupKind::kFull : BackupKind::kIncremental;
    backup.chain = backup.kind == BackupKind::kFull ? backup.id : catalogue.backups.back().chain;
    if (word.find('+') != std::string::npos) backup.kept_by = "before-upgrade";
    backup.damaged = word.find('!') != std::string::npos;
    backup.is_alone = word.find('~') != std::string::npos;
    catalogue.backups.push_back(backup);
  }
  return catalogue;
}

Retention KeepFull(int count, const std::string& line, int window_days = 0) {
  return ApplyRetention({.keep_full = count, .recovery_window_seconds = window_days * 86'400},
                        Repository(line), Day(9));
}

Retention KeepDays(int days, const std::string& line) {
  return ApplyRetention({.keep_days = days}, Repository(line), Day(9));
}

TEST(RetentionTest, WithoutOneEverythingIsKept) {
  const Retention retention = ApplyRetention({}, Repository("F1 F2 F3"), Day(9));
  EXPECT_THAT(retention.removed, IsEmpty());
  EXPECT_EQ(retention.with_log, 0);
  EXPECT_EQ(ApplyRetention({.keep_full = 1}, {}, Day(9)).with_log, 0);
}

TEST(RetentionTest, SoManyFullOnesAreKept) {
  const Retention retention = KeepFull(2, "F1 I1 F2 F3 I3 F4");
  EXPECT_THAT(retention.removed, ElementsAre("F1", "F2"));
  EXPECT_EQ(retention.with_log, 2);
  EXPECT_THAT(KeepFull(5, "F1 F2").removed, IsEmpty());
  EXPECT_EQ(KeepFull(5, "F1 F2").with_log, 2);
}

TEST(RetentionTest, OneThatIsDamagedStandsForNone) {
  EXPECT_THAT(KeepFull(1, "F1 F2 F3!").removed, ElementsAre("F1"));
  EXPECT_THAT(KeepFull(1, "F1! F2!").removed, IsEmpty());
}

TEST(RetentionTest, OfSoManyDaysEveryMomentIsKept) {
  // It is day 9: day 6 is reached from a backup of that day, day 7 from one of day 5 only.
  EXPECT_THAT(KeepDays(3, "F1 F5 F6 F7").removed, ElementsAre("F1", "F5"));
  EXPECT_THAT(KeepDays(3, "F1 F5 F7").removed, ElementsAre("F1"));
  EXPECT_THAT(KeepDays(30, "F1 F5 F7").removed, IsEmpty());
}

TEST(RetentionTest, TheRecoveryWindowOutranksTheCount) {
  EXPECT_THAT(KeepFull(1, "F1 F5 F8 F9").removed, ElementsAre("F1", "F5", "F8"));
  EXPECT_THAT(KeepFull(1, "F1 F5 F8 F9", 3).removed, ElementsAre("F1"));
  EXPECT_THAT(KeepFull(1, "F8 F9", 3).removed, IsEmpty()) << "too young, all of them";
  EXPECT_THAT(KeepFull(3, "F1 F5 F8 F9", 1).removed, ElementsAre("F1"))
      << "and the count the window";
}

TEST(RetentionTest, ATimeToComeReachesNothing) {
  const auto retention = ApplyRetention({.keep_days = 1}, Repository("F1 F5"), Day(3));
  EXPECT_THAT(retention.removed, IsEmpty());
}

TEST(RetentionTest, WhatIsKeptStaysWithItsChainAndWithoutTheLog) {
  const Retention retention = KeepFull(1, "F1 I2+ I3 F4 F5");
  EXPECT_THAT(retention.removed, ElementsAre("F4"));
  EXPECT_THAT(retention.left_alone, ElementsAre("F1", "I2", "I3"));
  EXPECT_EQ(retention.with_log, 1);
  EXPECT_THAT(KeepFull(1, "F1~ I2~+ F5").left_alone, IsEmpty()) << "that is so already";
}

TEST(RetentionTest, WhatWasLeftAloneIsNoneOfThoseThatCount) {
  EXPECT_THAT(KeepFull(2, "F1~+ F5 F6").removed, IsEmpty());
  EXPECT_THAT(KeepFull(2, "F1~ F5 F6").removed, ElementsAre("F1")) << "nobody has it kept";
  EXPECT_EQ(KeepFull(2, "F1~+ F5 F6").with_log, 2);
}

TEST(RetentionTest, UntilItsTimeHasCome) {
  BackupCatalogue catalogue = Repository("F1+ F5");
  catalogue.backups.front().kept_until = Day(9);
  EXPECT_THAT(ApplyRetention({.keep_full = 1}, catalogue, Day(8)).left_alone, ElementsAre("F1"));
  EXPECT_THAT(ApplyRetention({.keep_full = 1}, catalogue, Day(9)).removed, ElementsAre("F1"));
}

}  // namespace
}  // namespace dbaas
