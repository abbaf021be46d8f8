// SPDX-License-Identifier: MPL-2.0
#include "schemas/upgrade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "schemas/identity.h"
#include "schemas/kit.h"
#include "tests/schemas/core_values.h"

namespace dbaas {
namespace {

using testing::HasSubstr;

// Version 0 had "title" and a size with a unit; version 1 a number of bytes; version 2 a name.
struct Crate {
  std::string name;
  std::int64_t bytes = 0;
};

Result<void> BytesFromSize(Value::Map& stored) {
  auto size = stored.extract("size");
  if (size.empty() || size.mapped().is_null()) return Ok();
  stored["bytes"] = Value::Int(TRY(ParseMemory(size.mapped().as_string())));
  return Ok();
}

Schema CrateSchema() {
  return Resource<Crate>("test_crate", "A crate.")
      .Add("name", &Crate::name, Required, Identity, RequiresReplace, "Its name.")
      .Add("bytes", &Crate::bytes, Required, "How much fits in.")
      .UpgradeFrom(0, BytesFromSize)
      .UpgradeFrom(1, Renamed("title", "name"))
      .schema();
}

TEST(UpgradeTest, TheVersionIsTheNumberOfUpgrades) {
  EXPECT_EQ(CrateSchema().version(), 2);
  EXPECT_EQ(Schema().version(), 0);
}

TEST(UpgradeTest, OneLeadsToTheNext) {
  const Value today = Value::Object({{"name", Text("a")}, {"bytes", Value::Int(1024)}});
  const Value first = Value::Object({{"title", Text("a")}, {"size", Text("1KiB")}});
  const Value second = Value::Object({{"title", Text("a")}, {"bytes", Value::Int(1024)}});
  EXPECT_EQ(*Upgraded(CrateSchema(), 0, first), today);
  EXPECT_EQ(*Upgraded(CrateSchema(), 1, second), today);
  EXPECT_EQ(*Upgraded(CrateSchema(), 2, today), today);
}

TEST(UpgradeTest, WhatWasNeverStoredStaysMissing) {
  EXPECT_EQ(*Upgraded(CrateSchema(), 0, Value::Object({})), Value::Object({}));
  EXPECT_TRUE(Upgraded(CrateSchema(), 0, Value::Null())->is_null());
}

TEST(UpgradeTest, AnErrorSaysOnWhichWay) {
  const auto broken =
      Upgraded(CrateSchema(), 0, Value::Object({{"title", Text("a")}, {"size", Text("lots")}}));
  ASSERT_FALSE(broken.has_value());
  EXPECT_THAT(broken.error().ToLine(),
              HasSubstr("upgrading a stored state from version 0 to 1: must be an amount"));
}

TEST(UpgradeTest, ANewerVersionIsOneClearError) {
  for (const std::int64_t version : {std::int64_t{3}, std::int64_t{1} << 40, std::int64_t{-1}}) {
    const auto refused = Upgraded(CrateSchema(), version, Value::Object({{"name", Text("a")}}));
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::kInvalid);
    EXPECT_THAT(refused.error().summary,
                HasSubstr("version " + std::to_string(version) + " of its schema"));
    EXPECT_THAT(refused.error().summary, HasSubstr("no later one than 2"));
  }
}

TEST(UpgradeTest, TheIdentityGoesTheSameWay) {
  const Schema identity = IdentitySchema(CrateSchema());
  EXPECT_EQ(identity.version(), 2);
  EXPECT_EQ(*Upgraded(identity, 0, Value::Object({{"title", Text("a")}})),
            Value::Object({{"name", Text("a")}}));
}

TEST(UpgradeTest, UpgradesAreSaidInOrder) {
  EXPECT_DEATH(Resource<Crate>("test_crate", "").UpgradeFrom(1, Renamed("a", "b")), "");
}

}  // namespace
}  // namespace dbaas
