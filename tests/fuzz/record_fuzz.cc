// SPDX-License-Identifier: MPL-2.0
//
// A cluster record as someone else may have left it. What is accepted must survive being stored.
#include <cstdlib>
#include <string_view>

#include "engine/model/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace dbaas;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto json = ParseJson(text, "a record");
  if (!json) return 0;
  const auto record = RecordFromJson(*json);
  if (!record) return 0;
  const Json stored = ToJson(*record);
  const auto again = RecordFromJson(stored);
  if (!again || Dump(ToJson(*again)) != Dump(stored)) std::abort();
  static_cast<void>(Verify(record->history).has_value());
  return 0;
}
