// SPDX-License-Identifier: MPL-2.0
#include "engine/drivers/docker/record_format.h"

#include <gtest/gtest.h>

namespace dbaas::docker {
namespace {

TarEntry Slot(const std::string& cluster, std::int64_t sequence, const Json& body) {
  return {.path = "records/" + SlotPath(cluster, sequence),
          .content = EncodeSlot({.sequence = sequence, .body = body})};
}

TEST(RecordFormatTest, TheBytesAreAsDocumented) {
  // docs/record_format.md shows this very slot. A change of the bytes is a new format.
  EXPECT_EQ(EncodeSlot({.sequence = 5, .body = {{"cluster", "orders"}, {"generation", 2}}}),
            "dbaas-record 1 5 "
            "8eb9f3b027b6b4bb9c8e8a45a7d409408a5e96fd8c309b0a70f27fcbba08e260\n"
            "{\"cluster\":\"orders\",\"generation\":2}\n");
  EXPECT_EQ(SlotPath("orders", 5), "orders/slot-2");
}

TEST(RecordFormatTest, ASlotIsReadAsItWasWritten) {
  const StoredRecord record{.sequence = 12, .body = {{"cluster", "orders"}, {"text", "ä\n\"x"}}};
  const auto read = DecodeSlot(EncodeSlot(record));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->sequence, 12);
  EXPECT_EQ(read->body, record.body);
  const auto tombstone = DecodeSlot(EncodeSlot({.sequence = 13}));
  ASSERT_TRUE(tombstone.has_value());
  EXPECT_FALSE(tombstone->exists());
}

TEST(RecordFormatTest, AnyTornOrChangedSlotIsNoSlot) {
  const std::string whole = EncodeSlot({.sequence = 12, .body = {{"cluster", "orders"}}});
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_FALSE(DecodeSlot(whole.substr(0, cut)).has_value()) << cut;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(DecodeSlot(changed).has_value()) << at;
  }
  EXPECT_FALSE(DecodeSlot(std::string(whole.size(), '\0')).has_value());
}

TEST(RecordFormatTest, TheNewestWholeSlotCounts) {
  std::vector<TarEntry> entries = {
      Slot("orders", 4, {{"generation", 2}}), Slot("orders", 5, {{"generation", 3}}),
      Slot("orders", 3, {{"generation", 1}}), Slot("users", 1, {{"generation", 9}})};
  auto newest = NewestSlots(entries);
  ASSERT_TRUE(newest.has_value());
  EXPECT_EQ((*newest)["orders"].sequence, 5);
  EXPECT_EQ((*newest)["users"].body["generation"], 9);

  entries[1].content.resize(20);
  newest = NewestSlots(entries);
  ASSERT_TRUE(newest.has_value());
  EXPECT_EQ((*newest)["orders"].sequence, 4);
}

TEST(RecordFormatTest, AFirstWriteThatNeverEndedIsNoRecord) {
  TarEntry torn = Slot("orders", 1, {{"generation", 1}});
  torn.content.clear();
  const auto newest = NewestSlots({torn});
  ASSERT_TRUE(newest.has_value());
  EXPECT_FALSE(newest->contains("orders"));
}

TEST(RecordFormatTest, ARecordWithoutAnyWholeSlotIsAnErrorAndNotAbsent) {
  std::vector<TarEntry> entries = {Slot("orders", 4, {{"generation", 2}}),
                                   Slot("orders", 5, {{"generation", 3}})};
  for (TarEntry& entry : entries) entry.content.resize(30);
  const auto newest = NewestSlots(entries);
  ASSERT_FALSE(newest.has_value());
  EXPECT_EQ(newest.error().kind, ErrorKind::kInternal);
  EXPECT_NE(newest.error().summary.find("orders"), std::string::npos);
}

TEST(RecordFormatTest, ATombstoneHidesWhatWasBefore) {
  const auto newest =
      NewestSlots({Slot("orders", 4, {{"generation", 2}}), Slot("orders", 5, nullptr)});
  ASSERT_TRUE(newest.has_value());
  EXPECT_FALSE(newest->at("orders").exists());
  EXPECT_EQ(newest->at("orders").sequence, 5);
}

TEST(RecordFormatTest, OtherFilesAreNotLookedAt) {
  const auto newest = NewestSlots({{.path = "records", .is_folder = true},
                                   {.path = "records/README", .content = "x"},
                                   {.path = "records/orders/slot-1", .is_folder = true},
                                   {.path = "records/orders/notes", .content = "y"}});
  ASSERT_TRUE(newest.has_value());
  EXPECT_TRUE(newest->empty());
}

TEST(RecordFormatTest, WritesGoAroundTheSlots) {
  EXPECT_NE(SlotPath("a", 1), SlotPath("a", 2));
  EXPECT_NE(SlotPath("a", 1), SlotPath("a", 3));
  EXPECT_NE(SlotPath("a", 2), SlotPath("a", 3));
  EXPECT_EQ(SlotPath("a", 1), SlotPath("a", 4));
}

}  // namespace
}  // namespace dbaas::docker
