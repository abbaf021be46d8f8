// SPDX-License-Identifier: MPL-2.0
#include "engine/model/part_change.h"

#include <fmt/format.h>

namespace dbaas {
namespace {

std::string Shown(const Json& value) {
  if (value.is_null()) return "unset";
  return value.is_string() ? value.get<std::string>() : Dump(value);
}

void Compare(const std::string& path, const Json& before, const Json& after,
             std::vector<std::string>& changes) {
  if (before == after) return;
  if (!before.is_object() || !after.is_object()) {
    changes.push_back(fmt::format("{} {} → {}", path, Shown(before), Shown(after)));
    return;
  }
  Json keys = before;
  keys.update(after);
  for (const auto& [key, value] : keys.items()) {
    Compare(path.empty() ? key : fmt::format("{}.{}", path, key), GetMember(before, key),
            GetMember(after, key), changes);
  }
}

}  // namespace

std::vector<std::string> SpecChanges(const PartSpec& before, const PartSpec& after) {
  std::vector<std::string> changes;
  Compare("", ToJson(before), ToJson(after), changes);
  return changes;
}

}  // namespace dbaas
