// SPDX-License-Identifier: MPL-2.0
//
// How cluster records lie in the volume `dbaas-records`: docs/record_format.md. Pure. Called by
// records.cc.
//
// A record has three slots, written in turn and each carrying a sequence number and a checksum. The
// newest slot that is whole is the record; a write that was torn leaves the one before it in force.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/drivers/docker/tar.h"

namespace dbaas::docker {

/// One more than an apply writes (its intent and its outcome), so that what was there before it is
/// still there after a power failure that lost all its writes.
inline constexpr std::int64_t kRecordSlots = 3;

struct StoredRecord {  // NOLINT(bugprone-exception-escape): an allocation that fails ends us anyway
  std::int64_t sequence = 0;  ///< Of all writes of this cluster; 0: nothing was ever written.
  Json body;                  ///< Null when the record was removed.
  bool exists() const { return !body.is_null(); }
};

/// Text of one slot. A null body is a tombstone.
std::string EncodeSlot(const StoredRecord& record);
/// Nothing when it is torn, or not a slot at all.
std::optional<StoredRecord> DecodeSlot(std::string_view text);

/// "orders/slot-1": the place of the write with this sequence number.
std::string SlotPath(const std::string& cluster, std::int64_t sequence);

/// By cluster, from an archive of the volume or of one cluster's folder; removed ones too.
/// kInternal when a cluster has several slots and none of them is whole.
Result<std::map<std::string, StoredRecord>> NewestSlots(const std::vector<TarEntry>& entries);

}  // namespace dbaas::docker
