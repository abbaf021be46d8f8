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

TEST(RecordTest, AnotherFormatIsRefused) {
  Json stored = Stored();
  stored["format"] = 2;
  const auto refused = RecordFromJson(stored);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().summary, "the cluster record has an unknown format");
}

}  // namespace
}  // namespace dbaas
