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
  using C = Reload;
  return Action<C>("dbaas_reload",
                   "Has every running member of a cluster read its configuration files again, its "
                   "certificate included. No connection is dropped. Changed `parameters` need no "
                   "such action: an apply sees to that.")
      .Add("cluster_id", &C::cluster_id, Required,
           "`id` of the cluster, or its name on the provider's first host.", NotEmpty(),
           SpecFields({"host_name"}));
}

}  // namespace

ActionType ReloadAction() {
  return ActionOf<Reload>(Rows(), [](const Reload& config) -> Result<ActionRequest> {
    return ActionRequest{.cluster = config.cluster_id,
                         .work = {.kind = Maintenance::Kind::kReload}};
  });
}

}  // namespace dbaas
