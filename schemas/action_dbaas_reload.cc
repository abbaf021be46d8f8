// SPDX-License-Identifier: MPL-2.0
//
// action.dbaas_reload: members read their configuration files again.
#include "schemas/action.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct Reload {
  std::string cluster_id;
};

Table<Reload> Rows() {
  return Action<Reload>(
      "dbaas_reload",
      "Has every running member of a cluster read its configuration files again, its "
      "certificate included. No connection is dropped. Changed `parameters` need no "
      "such action: an apply sees to that.");
}

}  // namespace

ActionType ReloadAction() {
  return ActionOf<Reload>(
      Rows(), [](const Reload&) { return Maintenance{.kind = Maintenance::Kind::kReload}; });
}

}  // namespace dbaas
