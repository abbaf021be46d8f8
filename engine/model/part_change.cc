// SPDX-License-Identifier: MPL-2.0
#include "engine/model/part_change.h"

#include <fmt/format.h>

namespace dbaas {
namespace {

std::string Shown(const Json& value) {
  if (value.is_null()) return "unset";
  return value.is_string() ? value.get<std::string>() : Dump(value);
}

/// Goes through both at once. What is shown of a difference is `before_shown` and `after_shown`.
struct Sides {
  const Json& before;
  const Json& after;
  const Json& before_shown;
  const Json& after_shown;
};

void Compare(const std::string& path, const Sides& sides, std::vector<std::string>& changes) {
  const auto& [before, after, before_shown, after_shown] = sides;
  if (before == after) return;
  if (!before.is_object() || !after.is_object()) {
    changes.push_back(fmt::format("{} {} → {}", path, Shown(before_shown), Shown(after_shown)));
    return;
  }
  Json keys = before;
  keys.update(after);
  for (const auto& [key, value] : keys.items()) {
    Compare(path.empty() ? key : fmt::format("{}.{}", path, key),
            {GetMember(before, key), GetMember(after, key), GetMember(before_shown, key),
             GetMember(after_shown, key)},
            changes);
  }
}

}  // namespace

std::vector<std::string> SpecChanges(const PartSpec& before, const PartSpec& after) {
  const Json from = ToJson(before);
  const Json to = ToJson(after);
  if (from == to) return {};
  std::vector<std::string> changes;
  Compare("", {from, to, ToPublicJson(before), ToPublicJson(after)}, changes);
  return changes;
}

}  // namespace dbaas
