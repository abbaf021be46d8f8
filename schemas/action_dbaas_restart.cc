// SPDX-License-Identifier: MPL-2.0
//
// action.dbaas_restart: members start anew, one after the other.
#include "schemas/action.h"
#include "schemas/types.h"

namespace dbaas {
namespace {

struct Restart {
  std::string cluster_id;
  std::vector<std::string> members;
};

Table<Restart> Rows() {
  using C = Restart;
  return Action<C>("dbaas_restart",
                   "Restarts members of a cluster one after the other, each once the one before "
                   "follows again. The primary goes last and hands its role over first, if there "
                   "is anyone to take it.")
      .Add("members", &C::members, Optional,
           "Members that are to restart, such as `[\"orders-2\"]`; all of them when left out.");
}

}  // namespace

ActionType RestartAction() {
  return ActionOf<Restart>(Rows(), [](const Restart& config) {
    return Maintenance{.kind = Maintenance::Kind::kRestart, .members = config.members};
  });
}

}  // namespace dbaas
