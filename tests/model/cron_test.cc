// SPDX-License-Identifier: MPL-2.0
#include "engine/model/cron.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dbaas {
namespace {

using testing::HasSubstr;

/// After 2026-11-21, a Saturday, at 10:30:20.
std::string Next(const char* schedule, const char* after = "2026-11-21T10:30:20.000Z") {
  const auto parsed = CronSchedule::Parse(schedule);
  if (!parsed) return parsed.error().ToLine();
  const auto next = parsed->NextAfter(ToTimePoint(after));
  return next ? ToText(*next).substr(0, 16) : "never";
}

TEST(CronTest, EveryFieldIsKept) {
  EXPECT_EQ(Next("* * * * *"), "2026-11-21T10:31");
  EXPECT_EQ(Next("30 10 * * *"), "2026-11-22T10:30");
  EXPECT_EQ(Next("0 2 * * *"), "2026-11-22T02:00");
  EXPECT_EQ(Next("*/15 * * * *"), "2026-11-21T10:45");
  EXPECT_EQ(Next("0 8-18/5 * * *"), "2026-11-21T13:00");
  EXPECT_EQ(Next("50/5 10 * * *"), "2026-11-21T10:50");
  EXPECT_EQ(Next("0 0 1 jan *"), "2027-01-01T00:00");
  EXPECT_EQ(Next("15,45 11 * * *"), "2026-11-21T11:15");
  EXPECT_EQ(Next("0 3 * * mon-FRI"), "2026-11-23T03:00");
  EXPECT_EQ(Next("0 3 * * 7"), Next("0 3 * * sun"));
  EXPECT_EQ(Next("0 0 29 2 *"), "2028-02-29T00:00");
}

TEST(CronTest, EitherDayIsEnoughWhenBothAreRestricted) {
  EXPECT_EQ(Next("0 0 1 * mon"), "2026-11-23T00:00");
  EXPECT_EQ(Next("0 0 22 * mon"), "2026-11-22T00:00");
  EXPECT_EQ(Next("0 0 */2 * mon"), "2026-11-23T00:00") << "a step is no restriction of its own";
}

TEST(CronTest, WordsStandForSchedules) {
  EXPECT_EQ(Next("@daily"), "2026-11-22T00:00");
  EXPECT_EQ(Next("@Hourly"), "2026-11-21T11:00");
  EXPECT_EQ(Next("@weekly"), "2026-11-22T00:00");
  EXPECT_EQ(Next("@monthly"), "2026-12-01T00:00");
  EXPECT_EQ(Next("@yearly"), "2027-01-01T00:00");
}

TEST(CronTest, ADateThatNeverComes) { EXPECT_EQ(Next("0 0 30 2 *"), "never"); }

TEST(CronTest, TheRareDateAcrossACenturyIsFound) {
  // 2100 is no leap year, and the 29th of February is a Monday next in 2112.
  EXPECT_EQ(Next("0 0 29 2 *", "2096-03-01T00:00:00.000Z"), "2104-02-29T00:00");
}

TEST(CronTest, WhatIsWrongIsNamed) {
  EXPECT_THAT(Next(""), HasSubstr("five fields"));
  EXPECT_THAT(Next("0 2 * *"), HasSubstr("five fields, and this has 4"));
  EXPECT_THAT(Next("60 2 * * *"), HasSubstr("minute is \"60\""));
  EXPECT_THAT(Next("0 24 * * *"), HasSubstr("hour"));
  EXPECT_THAT(Next("0 0 0 * *"), HasSubstr("day of the month"));
  EXPECT_THAT(Next("0 0 * 13 *"), HasSubstr("month"));
  EXPECT_THAT(Next("0 0 * * 8"), HasSubstr("day of the week"));
  for (const char* text : {"*/0 * * * *", "*/ * * * *", "5-1 * * * *", "1, * * * *", ", * * * *",
                           "-1 * * * *", "x * * * *", "1-x * * * *", "@reboot"}) {
    EXPECT_FALSE(CronSchedule::Parse(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace dbaas
