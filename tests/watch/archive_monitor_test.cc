// SPDX-License-Identifier: MPL-2.0
//
// When it is said that a log does not arrive, and how often.
#include "engine/watch/archive_monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apply/fixture.h"

namespace dbaas {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::int64_t kGibibyte = std::int64_t{1} << 30;

class ArchiveMonitorTest : public testing::Test {
 protected:
  ArchiveMonitorTest() {
    EXPECT_TRUE(world_.Apply(Change(Verb::kCreate, Spec(1))).has_value());
    EXPECT_TRUE(world_.Apply(Policy(Verb::kCreate)).has_value());
  }

  static PartChange Policy(Verb verb) {
    PartChange change =
        Change(verb, BackupPolicySpec{.keep_full = 1}, std::string(kBackupPolicyPart));
    if (verb == Verb::kDelete) change.spec.reset();
    return change;
  }

  /// What a look tells.
  std::vector<std::string> Look(const std::string& problem, std::int64_t room_bytes = 0) {
    world_.clock.Tick(std::chrono::minutes(5));
    world_.patroni.SetArchiving({.problem = problem, .room_bytes = room_bytes});
    monitor_.Look();
    std::vector<std::string> texts;
    for (const auto& report : std::exchange(reports_, {})) {
      texts.push_back(report.cluster + " " + ToString(report.kind) + ": " + report.text);
    }
    return texts;
  }

  World world_;
  std::vector<WatchReport> reports_;
  ArchiveMonitor monitor_{{.converge = world_.Context(),
                           .clusters = {},
                           .report = [this](const auto& report) { reports_.push_back(report); }}};
};

TEST_F(ArchiveMonitorTest, SaysItAgainWheneverHalfOfTheRoomHasGone) {
  EXPECT_THAT(Look(""), IsEmpty());
  EXPECT_THAT(Look("3 files wait", 8 * kGibibyte),
              ElementsAre("orders not archived: 3 files wait"));
  EXPECT_THAT(Look("9 files wait", 5 * kGibibyte), IsEmpty());
  EXPECT_THAT(Look("many wait", 4 * kGibibyte), ElementsAre("orders not archived: many wait"));
  EXPECT_THAT(Look("many wait", 3 * kGibibyte), IsEmpty());
  EXPECT_THAT(Look("all wait", kGibibyte), ElementsAre("orders not archived: all wait"));
  EXPECT_THAT(Look(""), ElementsAre("orders archived: its log arrives again"));
  EXPECT_THAT(Look(""), IsEmpty());
}

TEST_F(ArchiveMonitorTest, LooksOnceInFiveMinutes) {
  world_.host.ForgetCalls();
  EXPECT_THAT(Look(""), IsEmpty());
  EXPECT_THAT(world_.host.CallsOf("Exec"), Not(IsEmpty()));
  world_.host.ForgetCalls();
  world_.clock.Tick(std::chrono::minutes(4));
  monitor_.Look();
  EXPECT_THAT(world_.host.CallsOf("Exec"), IsEmpty());
}

TEST_F(ArchiveMonitorTest, AClockThatGoesBackIsNotWaitedFor) {
  EXPECT_THAT(Look(""), IsEmpty());
  world_.clock.Tick(-std::chrono::hours(24));
  EXPECT_THAT(Look("3 files wait", kGibibyte), ElementsAre("orders not archived: 3 files wait"));
}

TEST_F(ArchiveMonitorTest, WhatCannotBeLookedAtIsNoNews) {
  EXPECT_THAT(Look("3 files wait", kGibibyte), ElementsAre("orders not archived: 3 files wait"));
  ASSERT_TRUE(world_.host.Kill("orders-1").has_value());
  EXPECT_THAT(Look("3 files wait", kGibibyte), IsEmpty());
}

TEST_F(ArchiveMonitorTest, WithoutAPolicyNothingIsArchived) {
  EXPECT_THAT(Look("3 files wait", kGibibyte), ElementsAre("orders not archived: 3 files wait"));
  ASSERT_TRUE(world_.Apply(Policy(Verb::kDelete)).has_value());
  EXPECT_THAT(Look("3 files wait", kGibibyte), IsEmpty());
  ASSERT_TRUE(world_.Apply(Policy(Verb::kCreate)).has_value());
  EXPECT_THAT(Look("3 files wait", kGibibyte), ElementsAre("orders not archived: 3 files wait"));
}

}  // namespace
}  // namespace dbaas
