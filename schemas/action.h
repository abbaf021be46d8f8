// SPDX-License-Identifier: MPL-2.0
//
// Actions: `action "dbaas_restart" "x" { config { … } }`, work that leaves no object behind. A file
// says what an action takes, in one table of member pointers (kit.h), and what work that asks for:
//
//   struct Nap { std::string cluster_id; };
//
//   ActionType NapAction() {
//     return ActionOf<Nap>(Action<Nap>("dbaas_nap", "Lets a cluster sleep."), [](const Nap&) {
//       return Maintenance{.kind = Maintenance::Kind::kNap};
//     });
//   }
//
// Used by schemas/ while the list of types is built; immutable afterwards.
#pragma once

#include <functional>
#include <utility>

#include "schemas/kit.h"

namespace dbaas {

/// Where the table of an action begins. Each one is about a cluster, `cluster_id` of C.
template <typename C>
Table<C> Action(const char* name, const char* description) {
  return Table<C>(name, description)
      .Add("cluster_id", &C::cluster_id, Required,
           "`id` of the cluster, or its name on the provider's first host.", NotEmpty(),
           SpecFields({"host_name"}));
}

template <typename C>
ActionType ActionOf(Table<C> table, std::function<Result<Maintenance>(const C&)> work) {
  ActionType type{.name = table.name(), .schema = table.schema()};
  type.request = [table, work = std::move(work)](const Value& config) -> Result<ActionRequest> {
    const C decoded = TRY(table.Decode(config));
    return ActionRequest{.cluster = decoded.cluster_id, .work = TRY(work(decoded))};
  };
  return type;
}

}  // namespace dbaas
