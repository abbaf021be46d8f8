// SPDX-License-Identifier: MPL-2.0
//
// Records of other versions: what docs/compatibility.md says of them.
#include "engine/model/record.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace dbaas {
namespace {

/// A record of format 1, which is read for ever: never changed.
Json Stored() {
  std::ostringstream text;
  text << std::ifstream(DBAAS_SOURCE_DIR "/tests/model/records/1-two-parts.json").rdbuf();
  return ParseJson(text.str(), "the stored record").value();
}

TEST(RecordTest, AStoredRecordIsReadWithNothingLost) {
  const Json stored = Stored();
  const auto record = RecordFromJson(stored);
  ASSERT_TRUE(record.has_value()) << record.error().ToLine();
  const Json again = ToJson(*record);
  for (const auto& [key, value] : stored.items()) {
    if (key == "parts") continue;
    EXPECT_EQ(GetMember(again, key), value) << key;
  }
  for (const auto& [part, fields] : GetMember(stored, "parts").items()) {
    for (const auto& [key, value] : fields.items()) {
      EXPECT_EQ(GetMember(GetMember(GetMember(again, "parts"), part), key), value) << part << key;
    }
  }
}

TEST(RecordTest, FieldsOfALaterVersionAreIgnored) {
  Json stored = Stored();
  stored["invented_later"] = {1, 2, 3};
  EXPECT_TRUE(RecordFromJson(stored).has_value());
}

TEST(RecordTest, WhatWasRestoredInPlaceIsNotForOlderVersions) {
  ClusterRecord record = RecordFromJson(Stored()).value();
  EXPECT_EQ(GetInt(ToJson(record), "format"), 1);
  record.data_set = 2;
  record.left_branches = {{.name = "1", .until = ToTimePoint("2026-11-21T10:00:00.000Z")}};
  RestoreSpec to{.source = {"local", "orders"}, .backup_id = "20261121-020000F"};
  record.in_place = {.to = to, .left_data_set = 1};
  const Json stored = ToJson(record);
  EXPECT_EQ(GetInt(stored, "format"), 2);
  const ClusterRecord again = RecordFromJson(stored).value();
  EXPECT_EQ(again.data_set, 2);
  ASSERT_TRUE(again.in_place.has_value());
  EXPECT_EQ(again.in_place->to, to);
  EXPECT_EQ(again.in_place->left_data_set, 1);
  EXPECT_EQ(again.BranchAt(ToTimePoint("2026-11-21T09:00:00.000Z")), "1");
  EXPECT_EQ(ToJson(again), stored);
}

TEST(RecordTest, AnotherFormatIsRefused) {
  Json stored = Stored();
  stored["format"] = 3;
  const auto refused = RecordFromJson(stored);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().summary, "the cluster record has an unknown format");
}

}  // namespace
}  // namespace dbaas
