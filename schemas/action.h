// SPDX-License-Identifier: MPL-2.0
//
// Actions: `action "dbaas_restart" "x" { config { … } }`, work that leaves no object behind. A file
// says what an action takes, in one table of member pointers (kit.h), and what work that asks for:
//
//   struct Nap { std::string cluster_id; };
//
//   ActionType NapAction() {
//     return ActionOf<Nap>(Rows(), [](const Nap& config) -> Result<ActionRequest> {
//       return ActionRequest{.cluster = config.cluster_id, .work = {.kind =
//       Maintenance::Kind::kNap}};
//     });
//   }
//
// Used by schemas/ while the list of types is built; immutable afterwards.
#pragma once

#include <functional>
#include <utility>

#include "schemas/kit.h"

namespace dbaas {

/// Where the table of an action begins.
template <typename C>
Table<C> Action(const char* name, const char* description) {
  return Table<C>(name, description);
}

template <typename C>
ActionType ActionOf(Table<C> table, std::function<Result<ActionRequest>(const C&)> request) {
  ActionType type{.name = table.name(), .schema = table.schema()};
  type.request = [table, request = std::move(request)](const Value& config) {
    const auto decoded = table.Decode(config);
    return decoded ? request(*decoded) : Result<ActionRequest>(decoded.error());
  };
  return type;
}

}  // namespace dbaas
