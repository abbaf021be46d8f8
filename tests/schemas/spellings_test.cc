// SPDX-License-Identifier: MPL-2.0
#include "schemas/spellings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/kit.h"
#include "schemas/planned_value.h"
#include "tests/schemas/core_values.h"

namespace dbaas {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

bool Same(void (*word)(Attribute&), const Value& a, const Value& b) {
  Attribute attribute;
  word(attribute);
  return attribute.canonical(a) == attribute.canonical(b);
}

bool SameParameter(const std::string& a, const std::string& b) {
  return Same(ParameterAmounts, Value::Object({{"p", Text(a)}}), Value::Object({{"p", Text(b)}}));
}

TEST(SpellingsTest, Memory) {
  EXPECT_TRUE(Same(MemoryAmount, Text("1GiB"), Text("1024MiB")));
  EXPECT_TRUE(Same(MemoryAmount, Text("1.5GiB"), Text("1536MiB")));
  EXPECT_FALSE(Same(MemoryAmount, Text("1GiB"), Text("1025MiB")));
  EXPECT_TRUE(Same(MemoryAmount, Text("lots"), Text("lots")));
  EXPECT_FALSE(Same(MemoryAmount, Text("lots"), Text("more")));
}

TEST(SpellingsTest, Durations) {
  EXPECT_TRUE(Same(Duration, Text("60s"), Text("1m")));
  EXPECT_TRUE(Same(Duration, Text("90m"), Text("1h30m")));
  EXPECT_FALSE(Same(Duration, Text("60s"), Text("60m")));
}

TEST(SpellingsTest, Schedules) {
  EXPECT_TRUE(Same(CronTimes, Text("@daily"), Text("0 0 * * *")));
  EXPECT_TRUE(Same(CronTimes, Text("0 2 * * sun"), Text("00 2 * * 7")));
  EXPECT_TRUE(Same(CronTimes, Text("*/30 1-3 * * *"), Text("0,30 1,2,3 * * *")));
  EXPECT_FALSE(Same(CronTimes, Text("0 2 * * *"), Text("0 3 * * *")));
  // Both restricted, either day is enough; with a star, the other alone decides.
  EXPECT_FALSE(Same(CronTimes, Text("0 2 1-31 * mon"), Text("0 2 * * mon")));
}

TEST(SpellingsTest, Moments) {
  EXPECT_TRUE(
      Same(PointInTime, Text("2026-11-21T10:30:00Z"), Text("2026-11-21T11:30:00.000+01:00")));
  EXPECT_FALSE(Same(PointInTime, Text("2026-11-21T10:30:00Z"), Text("2026-11-21T10:30:01Z")));
}

TEST(SpellingsTest, ParametersInPostgresqlsUnits) {
  EXPECT_TRUE(SameParameter("256MB", "262144kB"));
  EXPECT_TRUE(SameParameter("1GB", "1024 MB"));
  EXPECT_TRUE(SameParameter("0.5GB", "512MB"));
  EXPECT_TRUE(SameParameter("60s", "1min"));
  EXPECT_TRUE(SameParameter("1d", "24h"));
  EXPECT_TRUE(SameParameter("1ms", "1000us"));
  EXPECT_FALSE(SameParameter("256MB", "256kB"));
  EXPECT_FALSE(SameParameter("1min", "1MB"));
}

// What a number or word means is the parameter's own: 8 may be pages, milliseconds or connections.
TEST(SpellingsTest, AParameterThatIsNoAmountMeansWhatItSays) {
  EXPECT_FALSE(SameParameter("256mb", "256MB"));
  EXPECT_FALSE(SameParameter("32768", "256MB"));
  EXPECT_FALSE(SameParameter("8.0", "8"));
  EXPECT_FALSE(SameParameter("on", "true"));
  EXPECT_FALSE(SameParameter("1.2.3s", "1.20s"));
  EXPECT_TRUE(SameParameter("", ""));
}

TEST(SpellingsTest, ANullParameterIsOneThatIsLeftOut) {
  EXPECT_TRUE(Same(ParameterAmounts, Value::Object({{"p", Value::Null()}}), Value::Object({})));
  EXPECT_FALSE(Same(ParameterAmounts, Value::Object({{"p", Text("1s")}}), Value::Object({})));
}

struct Thing {
  std::string memory;
  std::map<std::string, std::string> parameters;
};

class SpellingsInPlansTest : public testing::Test {
 protected:
  Value Config(const char* memory, const char* work_mem, const char* create) const {
    return Value::Object({{"memory", Text(memory)},
                          {"parameters", Value::Object({{"work_mem", Text(work_mem)}})},
                          {"timeouts", Value::Object({{"create", Text(create)},
                                                      {"update", Value::Null()},
                                                      {"delete", Value::Null()}})}});
  }
  const Schema schema_ =
      Resource<Thing>("test_thing", "A thing.")
          .Add("memory", &Thing::memory, Required, "Memory.", MemoryAmount)
          .Add("parameters", &Thing::parameters, Optional, "Parameters.", ParameterAmounts)
          .Timeouts()
          .schema();
  const Value prior_ = Config("1GiB", "256MB", "60s");
};

TEST_F(SpellingsInPlansTest, AnotherSpellingIsNoChange) {
  const Value config = Config("1024MiB", "262144kB", "1m");
  const PlannedValue plan = PlanValue(schema_, prior_, config);
  EXPECT_THAT(plan.changed, IsEmpty());
  EXPECT_EQ(plan.planned, prior_);
}

TEST_F(SpellingsInPlansTest, BesideAChangeWhatIsTheSameKeepsItsSpelling) {
  const Value config = Config("1024MiB", "262145kB", "1m");
  const PlannedValue plan = PlanValue(schema_, prior_, config);
  EXPECT_THAT(plan.changed, ElementsAre("parameters"));
  EXPECT_EQ(plan.planned, Config("1GiB", "262145kB", "60s"));
}

TEST_F(SpellingsInPlansTest, ARefreshKeepsTheUsersSpelling) {
  const Value found = Config("1024MiB", "262144kB", "60s");
  EXPECT_EQ(StateValue(schema_, prior_, found, true), prior_);
}

TEST_F(SpellingsInPlansTest, ANewOneIsAsItIsWritten) {
  const Value config = Config("1024MiB", "262144kB", "1m");
  EXPECT_EQ(PlanValue(schema_, Value::Null(), config).planned, config);
}

}  // namespace
}  // namespace dbaas
