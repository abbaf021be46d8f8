// SPDX-License-Identifier: MPL-2.0
//
// When a verification is due, and what is told of it.
#include "engine/watch/verification_scheduler.h"

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

TEST(FindDueVerificationTest, TheFirstAtOnceAndThenWhenTheScheduleSaysSo) {
  const BackupPolicySpec policy{.verify_schedule = "0 4 * * *"};
  EXPECT_EQ(FindDueVerification(policy, {}, At("01:30")), At("01:30"));
  Verifications known{.last = At("03:59")};
  EXPECT_EQ(FindDueVerification(policy, known, At("12:00")), At("04:00")) << "one was missed";
  known.last = At("04:20");
  EXPECT_EQ(FindDueVerification(policy, known, At("12:00")), At("04:00") + std::chrono::hours(24));
  known.last = At("12:06");
  EXPECT_EQ(FindDueVerification(policy, known, At("12:00")), At("12:00")) << "the clock was ahead";
  EXPECT_EQ(FindDueVerification({.full = "0 4 * * *"}, known, At("12:00")), std::nullopt);
}

class VerificationSchedulerTest : public testing::Test {
 protected:
  VerificationSchedulerTest() {
    world_.host.SetControlSocket(true);
    EXPECT_TRUE(world_.Apply(Change(Verb::kCreate, Spec(1))).has_value());
    EXPECT_TRUE(world_
                    .Apply(Change(Verb::kCreate,
                                  BackupPolicySpec{.keep_full = 1, .verify_schedule = "0 4 * * *"},
                                  std::string(kBackupPolicyPart)))
                    .has_value());
  }

  void TakeBackup() { ASSERT_TRUE(world_.BackUp().has_value()); }
  /// What was told since the last time.
  std::vector<std::string> Told() {
    std::vector<std::string> texts;
    for (const auto& report : std::exchange(reports_, {})) {
      texts.push_back(ToString(report.kind) + (": " + report.text));
    }
    return texts;
  }

  World world_;
  std::vector<WatchReport> reports_;
  VerificationScheduler scheduler_{
      {.converge = world_.Context(), .clusters = {}, .report = [this](const auto& report) {
         reports_.push_back(report);
       }}};
};

TEST_F(VerificationSchedulerTest, BeforeTheFirstBackupThereIsNothingToTell) {
  scheduler_.Look();
  EXPECT_THAT(Told(), IsEmpty());
  TakeBackup();
  scheduler_.Look();
  EXPECT_THAT(Told(), IsEmpty()) << "not every ten seconds";
  world_.clock.Tick(std::chrono::minutes(2));
  scheduler_.Look();
  EXPECT_THAT(Told(), ElementsAre(HasSubstr("verified: backup backup-1, due at 2026-01-01T")));
  scheduler_.Look();
  EXPECT_THAT(Told(), IsEmpty()) << "until the schedule says so again";
}

TEST_F(VerificationSchedulerTest, AClockThatGoesBackIsNotWaitedFor) {
  world_.clock.Tick(std::chrono::hours(24));
  TakeBackup();
  scheduler_.Look();
  EXPECT_THAT(Told(), ElementsAre(HasSubstr("verified")));
  world_.clock.Tick(std::chrono::hours(-24));
  scheduler_.Look();
  EXPECT_THAT(Told(), ElementsAre(HasSubstr("verified")));
  scheduler_.Look();
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(VerificationSchedulerTest, WhatIsNotSoundIsToldEachTime) {
  TakeBackup();
  for (int i = 0; i < 2; ++i) {
    world_.patroni.FailNextRestore("checksum mismatch in block 7");
    scheduler_.Look();
    EXPECT_THAT(Told(), ElementsAre(HasSubstr("not verified: restoring the newest backup")));
    world_.clock.Tick(std::chrono::hours(24));
  }
}

TEST_F(VerificationSchedulerTest, WhatCouldNotBeCarriedOutIsToldOnceAndTriedAgain) {
  TakeBackup();
  world_.host.FailNext("Ensure", Internal("no room"));
  world_.host.FailNext("Ensure", Internal("no room"));
  scheduler_.Look();
  EXPECT_THAT(Told(), ElementsAre(HasSubstr("no room")));
  scheduler_.Look();
  world_.clock.Tick(std::chrono::hours(2));
  scheduler_.Look();
  EXPECT_THAT(Told(), IsEmpty());
  world_.clock.Tick(std::chrono::hours(2));
  scheduler_.Look();
  EXPECT_THAT(Told(), ElementsAre(HasSubstr("verified: backup backup-1")));
}

}  // namespace
}  // namespace dbaas
