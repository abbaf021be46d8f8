// SPDX-License-Identifier: MPL-2.0
//
// Which backup is due, and what is done about it.
#include "engine/watch/backup_scheduler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apply/fixture.h"

namespace dbaas {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TimePoint At(const char* time) {
  return ToTimePoint(std::string("2026-11-21T") + time + ":00.000Z");
}

BackupCatalogue With(std::vector<std::pair<BackupKind, const char*>> backups) {
  BackupCatalogue catalogue;
  for (const auto& [kind, began] : backups) {
    catalogue.backups.push_back(
        {.id = began, .kind = kind, .began = At(began), .ended = At(began)});
  }
  return catalogue;
}

constexpr auto kFull = BackupKind::kFull;
constexpr auto kDifferential = BackupKind::kDifferential;
constexpr auto kIncremental = BackupKind::kIncremental;

BackupPolicySpec Policy() {
  return {.full = "0 2 * * *", .differential = "0 */6 * * *", .incremental = "0 * * * *"};
}

TEST(FindDueTest, TheFirstFullBackupIsDueAtOnce) {
  const DueBackup due = FindDue(Policy(), {}, At("01:30"));
  EXPECT_EQ(due.kind, kFull);
  EXPECT_EQ(due.at, At("01:30"));
  BackupPolicySpec increments{.incremental = "0 * * * *"};
  EXPECT_EQ(FindDue(increments, {}, At("01:30")).kind, kFull);
}

TEST(FindDueTest, NothingIsDueBeforeTheNextTime) {
  const DueBackup due = FindDue(Policy(), With({{kFull, "02:00"}}), At("02:59"));
  EXPECT_EQ(due.kind, std::nullopt);
  EXPECT_EQ(due.at, At("03:00"));
}

TEST(FindDueTest, AStrongerBackupCountsForAWeakerOne) {
  const auto catalogue =
      With({{kFull, "02:00"}, {kIncremental, "03:00"}, {kDifferential, "06:00"}});
  EXPECT_EQ(FindDue(Policy(), catalogue, At("06:30")).at, At("07:00"));
}

TEST(FindDueTest, OfSeveralTheStrongestAndEachMissedOneOnce) {
  // Away from four to thirteen: two differential and nine incremental ones were missed.
  const auto before = With({{kFull, "02:00"}, {kIncremental, "03:00"}});
  const DueBackup due = FindDue(Policy(), before, At("13:10"));
  EXPECT_EQ(due.kind, kDifferential);
  EXPECT_EQ(due.at, At("06:00"));
  auto after = before;
  after.backups.push_back({.id = "made up", .kind = kDifferential, .began = At("13:10")});
  EXPECT_EQ(FindDue(Policy(), after, At("13:11")).kind, std::nullopt);
}

TEST(FindDueTest, AClockThatIsAnHourAheadMakesUpOneOfEachKindAtMost) {
  auto catalogue = With({{kFull, "02:00"}, {kIncremental, "10:00"}});
  const BackupPolicySpec policy{.full = "0 2 * * *", .incremental = "*/5 * * * *"};
  EXPECT_EQ(FindDue(policy, catalogue, At("11:02")).kind, kIncremental)
      << "twelve times were missed";
  catalogue.backups.push_back({.id = "made up", .kind = kIncremental, .began = At("11:02")});
  EXPECT_EQ(FindDue(policy, catalogue, At("11:03")).kind, std::nullopt);
}

TEST(FindDueTest, AClockThatIsCorrectedALittleIsOfNoInterest) {
  EXPECT_EQ(FindDue(Policy(), With({{kFull, "02:05"}}), At("02:00")).kind, std::nullopt);
}

// An incremental one that was taken by a clock that was ahead: no other is taken on the same full
// one before that time, but a full one is.
TEST(FindDueTest, AfterAnIncrementalBackupThatLiesAheadAFullOneIsDue) {
  auto catalogue = With({{kFull, "02:00"}, {kIncremental, "23:00"}});
  EXPECT_EQ(FindDue(Policy(), catalogue, At("04:30")).kind, kFull);
  EXPECT_EQ(FindDue(Policy(), catalogue, At("04:30")).at, At("04:30"));
  catalogue.backups.push_back({.id = "anew", .kind = kFull, .began = At("04:30")});
  EXPECT_EQ(FindDue(Policy(), catalogue, At("04:31")).at, At("05:00"));
}

// A full one that was taken by a clock that was ahead: no other is taken before that time, but
// those that build on it are.
TEST(FindDueTest, BesideAFullBackupThatLiesAheadOthersAreTakenAndItIsTriedLast) {
  auto catalogue = With({{kFull, "02:00"}, {kFull, "23:00"}});
  EXPECT_EQ(FindDue(Policy(), catalogue, At("04:30")).kind, kIncremental) << "at once";
  catalogue.backups.push_back({.id = "on it", .kind = kIncremental, .began = At("04:30")});
  EXPECT_EQ(FindDue(Policy(), catalogue, At("04:31")).kind, kDifferential);
  catalogue.backups.push_back({.id = "on it, too", .kind = kDifferential, .began = At("04:31")});
  EXPECT_EQ(FindDue(Policy(), catalogue, At("04:32")).kind, kFull) << "it is not kept quiet";
  EXPECT_EQ(FindDue(Policy(), catalogue, At("05:00")).kind, kIncremental);
  EXPECT_EQ(FindDue({.incremental = "0 * * * *"}, catalogue, At("04:32")).at, At("05:00"));
}

TEST(FindDueTest, NoScheduleIsNeverDue) {
  EXPECT_EQ(FindDue({.keep_full = 1}, {}, At("02:00")).kind, std::nullopt);
}

class BackupSchedulerTest : public testing::Test {
 protected:
  BackupSchedulerTest() {
    EXPECT_TRUE(world_.Apply(Change(Verb::kCreate, Spec(1))).has_value());
    Have({.full = "0 2 * * *", .keep_full = 1});
  }

  void Have(const BackupPolicySpec& policy) {
    world_.host.SetControlSocket(true);
    const auto verb = is_there_ ? Verb::kUpdate : Verb::kCreate;
    const auto applied = world_.Apply(Change(verb, policy, std::string(kBackupPolicyPart)));
    ASSERT_TRUE(applied.has_value()) << applied.error().ToLine();
    is_there_ = true;
  }
  ClusterRecord Record() { return world_.host.ReadRecord("orders")->value(); }
  /// What was told since the last time.
  std::vector<std::string> Told() {
    auto texts = Texts();
    reports_.clear();
    return texts;
  }
  std::vector<std::string> Texts() const {
    std::vector<std::string> texts;
    for (const auto& report : reports_)
      texts.push_back(ToString(report.kind) + (": " + report.text));
    return texts;
  }

  World world_;
  bool is_there_ = false;
  std::vector<WatchReport> reports_;
  BackupScheduler scheduler_{
      {.converge = world_.Context(), .clusters = {}, .report = [this](const auto& report) {
         reports_.push_back(report);
       }}};
};

TEST_F(BackupSchedulerTest, TakesWhatIsDueUnderTheClustersLease) {
  scheduler_.Look();
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_THAT(Texts()[0], HasSubstr("backed up: full backup, due at "));
  EXPECT_EQ(Record().history.back().what, "full backup");
  EXPECT_EQ(Record().history.back().outcome, "ok");
}

TEST_F(BackupSchedulerTest, SaysOnceWhyOneFailedAndLeavesTheClusterSettled) {
  world_.host.OnFault([](const FakeCall& call) {
    return call.method == "Exec" ? FakeFault::kBefore : FakeFault::kNone;
  });
  for (int i = 0; i < 5; ++i) {
    scheduler_.Look();
    world_.clock.Tick(std::chrono::hours(2));
  }
  ASSERT_EQ(reports_.size(), 1U);
  EXPECT_EQ(reports_[0].kind, WatchReport::Kind::kNoBackup);
  EXPECT_EQ(Record().settled, Record().generation);
  world_.host.OnFault({});
  scheduler_.Look();
  EXPECT_EQ(reports_.back().kind, WatchReport::Kind::kBackedUp);
}

TEST_F(BackupSchedulerTest, NothingIsDueToARepositoryThatCannotBeSeen) {
  scheduler_.Look();
  world_.clock.Tick(std::chrono::seconds(60));
  world_.patroni.HideBackups(true);
  Have({.full = "0 3 * * *", .keep_full = 1});  // Of another policy the scheduler knows nothing.
  scheduler_.Look();
  EXPECT_THAT(Texts(), ElementsAre(HasSubstr("backed up"), HasSubstr("the bucket is away")));
}

TEST_F(BackupSchedulerTest, AClockThatGoesBackIsNotWaitedFor) {
  world_.clock.Tick(std::chrono::hours(24 * 365));
  world_.patroni.SetServerClock(world_.clock.Now());
  scheduler_.Look();
  scheduler_.Look();  // The next one is due in a year and a day.
  EXPECT_THAT(Told(), ElementsAre(HasSubstr("backed up: full backup")));
  world_.clock.Tick(std::chrono::hours(-24 * 365));
  world_.patroni.SetServerClock(world_.clock.Now());
  scheduler_.Look();
  EXPECT_THAT(Told(), ElementsAre(HasSubstr("backed up: incremental backup")));
  for (int i = 0; i < 10; ++i) {
    scheduler_.Look();
    world_.clock.Tick(std::chrono::hours(2));
  }
  EXPECT_THAT(Told(), ElementsAre(HasSubstr("while the clock was ahead")));
}

TEST_F(BackupSchedulerTest, WhatKeepsFullOnesAwayIsToldOnceThoughOthersAreTaken) {
  Have({.full = "0 2 * * *", .incremental = "0 * * * *", .keep_full = 1});
  world_.patroni.SetServerClock(world_.clock.Now() + std::chrono::hours(24 * 365));
  scheduler_.Look();
  (void)Told();
  int taken = 0;
  int refused = 0;
  for (int look = 0; look < 24 * 60; ++look) {
    world_.patroni.SetServerClock(world_.clock.Now());
    scheduler_.Look();
    world_.clock.Tick(std::chrono::minutes(1));
    for (const auto& text : Told()) {
      taken += text.starts_with("backed up: incremental") ? 1 : 0;
      refused += text.starts_with("no backup") ? 1 : 0;
    }
  }
  EXPECT_GE(taken, 23);
  EXPECT_EQ(refused, 1);
}

TEST_F(BackupSchedulerTest, LeavesAloneWhoHasNoSchedule) {
  Have({.keep_full = 1});
  scheduler_.Look();
  EXPECT_THAT(Texts(), IsEmpty());
}

}  // namespace
}  // namespace dbaas
