// SPDX-License-Identifier: MPL-2.0
#include "schemas/upgrade.h"

#include <fmt/format.h>

#include <utility>

namespace dbaas {

Upgrade Renamed(std::string before, std::string after) {
  return [before = std::move(before), after = std::move(after)](Value::Map& stored) {
    auto member = stored.extract(before);
    if (!member.empty()) {
      member.key() = after;
      stored.insert(std::move(member));
    }
    return Ok();
  };
}

Result<Value> Upgraded(const Schema& schema, std::int64_t version, Value stored) {
  if (version < 0 || version > schema.version()) {
    return Invalid("",
                   fmt::format("The stored state has version {} of its schema, and this version of "
                               "the provider knows no later one than {}",
                               version, schema.version()),
                   "A newer version of the provider wrote it. Use that one, or a later one: a "
                   "state is never made older again.");
  }
  if (stored.kind() != Value::Kind::kMap) return stored;
  for (auto from = static_cast<std::size_t>(version); from < schema.upgrades.size(); ++from) {
    TRY_IN(schema.upgrades[from](stored.as_map()),
           fmt::format("upgrading a stored state from version {} to {}", from, from + 1));
  }
  return stored;
}

}  // namespace dbaas
