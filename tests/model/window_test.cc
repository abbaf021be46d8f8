// SPDX-License-Identifier: MPL-2.0
#include "engine/model/window.h"

#include <gtest/gtest.h>

namespace dbaas {
namespace {

/// After 2026-11-21, a Saturday, at 10:30.
std::string Next(const char* text, const char* after = "2026-11-21T10:30:00.000Z") {
  const auto window = ParseWindow(text);
  if (!window) return window.error().ToLine();
  const TimeSpan span = window->Next(ToTimePoint(after));
  return ToText(span.begin).substr(0, 16) + " " + ToText(span.end).substr(0, 16);
}

TEST(WindowTest, OpensOnceAWeekOrEveryDay) {
  EXPECT_EQ(Next("sun:03:00-sun:05:00"), "2026-11-22T03:00 2026-11-22T05:00");
  EXPECT_EQ(Next("SAT:10:30-sat:11:00"), "2026-11-21T10:30 2026-11-21T11:00");
  EXPECT_EQ(Next("sat:10:29-sat:11:00"), "2026-11-28T10:29 2026-11-28T11:00");
  EXPECT_EQ(Next("03:00-05:00"), "2026-11-22T03:00 2026-11-22T05:00");
  EXPECT_EQ(Next("23:00-01:30"), "2026-11-21T23:00 2026-11-22T01:30");
  EXPECT_EQ(Next("sat:23:00-sun:01:00"), "2026-11-21T23:00 2026-11-22T01:00");
}

TEST(WindowTest, AnythingElseIsRefused) {
  for (const char* text : {"", "sun", "sun:03:00", "sun:03:00-05:00", "03:00-sun:05:00",
                           "xyz:03:00-xyz:05:00", "24:00-01:00", "03:60-05:00", "3:00-5:00",
                           "03:00-03:00", "sun:03:00-sun:03:00", "03:00-05:00-07:00"}) {
    EXPECT_FALSE(ParseWindow(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace dbaas
