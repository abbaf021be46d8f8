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

TEST_F(BackupSchedulerTest, LeavesAloneWhoHasNoSchedule) {
  Have({.keep_full = 1});
  scheduler_.Look();
  EXPECT_THAT(Texts(), IsEmpty());
}

}  // namespace
}  // namespace dbaas
